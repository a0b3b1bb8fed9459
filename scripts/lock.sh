#!/bin/sh
# Locks every dependency with hashes; the files name no index, so any mirror serves them.
set -eu
uv=$1
compile() { "$uv" pip compile --quiet --generate-hashes --no-emit-index-url --no-annotate --no-header "$@"; }

compile pyproject.toml --python-version 3.13 -o requirements/run.txt
compile pyproject.toml --group dev --constraint requirements/run.txt --python-version 3.13 -o requirements/dev.txt
compile --group pyproject.toml:peers --python-version 3.13 -o requirements/peers.txt
sed -n '/^spark = \[/,/^\]/s/^ *"\([^"]*\)".*/\1/p' pyproject.toml | compile - --python-version 3.13 -o requirements/spark.txt
compile requirements/build.in --constraint requirements/dev.txt --python-version 3.13 -o requirements/build.txt
compile requirements/tools.in --python-version 3.9 -o requirements/tools.txt
compile requirements/node.in --python-version 3.9 -o requirements/node.txt
