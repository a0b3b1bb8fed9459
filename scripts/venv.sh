#!/bin/sh
# Makes .venv with the Python of .python-version: one of the machine if there is one, else a downloaded one.
set -eu
uv=$1
version=$(cat .python-version)

UV_PYTHON_DOWNLOADS=never "$uv" venv --quiet --clear .venv 2>/dev/null && exit 0
echo "本机没有 Python $version，尝试下载 / Python $version is not on this machine; trying to download it"
UV_PYTHON_DOWNLOADS=automatic "$uv" venv --quiet --clear .venv && exit 0
cat >&2 <<MESSAGE
需要 Python $version：请自行安装（例如 sudo apt install python$version python$version-venv，或 pyenv install $version）后重试。
Python $version is needed: install it (such as sudo apt install python$version python$version-venv, or pyenv install $version), then try again.
MESSAGE
exit 1
