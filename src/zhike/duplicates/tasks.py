"""Scans in the background, each in a process of its own, which takes its memory with it."""

import subprocess
import sys

from procrastinate.contrib.django import app


@app.task(name="duplicates.scan", queue="duplicates")
def scan(**_scan: object) -> None:
    """Where the process dies, the next scan says so."""
    subprocess.run(
        [sys.executable, "-m", "zhike.cli", "duplicates", "scan", "--queued", "--json"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
