#!/bin/sh
# Makes .venv with the Python of .python-version if the machine has it, else another that will do, else a downloaded one.
set -eu
uv=$1
version=$(cat .python-version)

make_venv() { UV_PYTHON_DOWNLOADS=$1 "$uv" venv --quiet --clear --python "$2" .venv; }

make_venv never "$version" 2>/dev/null && exit 0
make_venv never '>=3.12,<3.15' 2>/dev/null && exit 0
echo "本机没有 Python $version，尝试下载 / Python $version is not on this machine; trying to download it"
make_venv automatic "$version" && exit 0
cat >&2 <<MESSAGE
需要 Python $version：请自行安装（例如 sudo apt install python$version python$version-venv，或 pyenv install $version）后重试。
Python $version is needed: install it (such as sudo apt install python$version python$version-venv, or pyenv install $version), then try again.
MESSAGE
exit 1
