#!/bin/sh
# Makes sure of Node 20.19 or newer with npm: the machine's, else one in .tools.
set -eu
uv=$1

PATH=".tools/bin:$PATH" node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major * 100 + +minor < 2019)' >/dev/null 2>&1 &&
    PATH=".tools/bin:$PATH" npm --version >/dev/null 2>&1 && exit 0
echo "安装 Node / Installing Node"
"$uv" pip install --quiet --python .tools/bin/python --require-hashes -r requirements/node.txt
