#!/bin/sh
# Puts the libraries of the Spark engine into .tools/spark, for PYTHONPATH; nothing where they are up to date.
set -eu
uv=.tools/bin/uv
lock=requirements/spark.txt
cmp -s "$lock" .tools/spark/installed.txt && exit 0
echo "安装 Spark / Installing Spark"
rm -rf .tools/spark
"$uv" pip install --quiet --no-deps --require-hashes --python .venv/bin/python --target .tools/spark -r "$lock"
cp "$lock" .tools/spark/installed.txt
