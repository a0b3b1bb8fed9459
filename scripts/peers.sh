#!/bin/sh
# Makes .tools/peers with the libraries that benchmarks/science.py measures itself against; nothing where it is up to date.
set -eu
uv=.tools/bin/uv
lock=requirements/peers.txt
cmp -s "$lock" .tools/peers/installed.txt && exit 0
"$uv" venv --quiet --clear --python .venv/bin/python .tools/peers
"$uv" pip sync --quiet --compile-bytecode --require-hashes --python .tools/peers/bin/python "$lock"
cp "$lock" .tools/peers/installed.txt
