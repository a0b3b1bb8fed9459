#!/bin/sh
# Makes .tools with a pinned uv from whatever Python (3.9 or newer) the machine has.
set -eu

found=
for python in python3.13 python3.12 python3 python3.14 python3.11 python3.10 python3.9 /usr/bin/python3 python; do
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 9))' >/dev/null 2>&1 || continue
    found=$python
    "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 || continue
    rm -rf .tools
    "$python" -m venv .tools
    .tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/tools.txt
    exit 0
done

if [ -n "$found" ]; then
    cat >&2 <<'MESSAGE'
本机的 Python 缺少 venv 模块，请先安装：    sudo apt install python3-venv
This machine's Python lacks the venv module; install it first:    sudo apt install python3-venv
MESSAGE
else
    cat >&2 <<'MESSAGE'
没有找到 Python 3.9 或更新版本，请先安装（Debian/Ubuntu：sudo apt install python3 python3-venv；macOS：xcode-select --install）。
No Python 3.9 or newer was found; install one first (Debian/Ubuntu: sudo apt install python3 python3-venv; macOS: xcode-select --install).
MESSAGE
fi
exit 1
