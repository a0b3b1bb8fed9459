#!/bin/sh
# Makes sure of a Chromium and Chinese fonts for the browser tests.
set -eu

chromium() { command -v chromium || command -v chromium-browser || command -v google-chrome; }
chinese() { command -v fc-list >/dev/null && [ -n "$(fc-list :lang=zh-cn family)" ]; }
fetch() { apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=500 "$@" >/dev/null; }
command -v chromium-headless-shell >/dev/null && chinese && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    # Where the packages cannot be reached, what is there already will do.
    apt-get update -qq || { chromium >/dev/null && chinese && exit 0; }
    fetch fonts-noto-cjk fontconfig
    # Takes half the time of the other; younger releases of Debian have it.
    fetch chromium-headless-shell 2>/dev/null || chromium >/dev/null || fetch chromium
    exit 0
fi
chromium >/dev/null && chinese && exit 0
cat >&2 <<'MESSAGE'
浏览器测试需要 Chromium 和中文字体：sudo apt install chromium fonts-noto-cjk fontconfig（macOS：brew install --cask chromium）。
The browser tests need Chromium and Chinese fonts: sudo apt install chromium fonts-noto-cjk fontconfig (macOS: brew install --cask chromium).
MESSAGE
exit 1
