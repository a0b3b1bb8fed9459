"""Scans in the background, each in a process of its own, which takes its memory with it."""

import subprocess
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from procrastinate.contrib.django import app

from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.duplicates.services import rhythm, scanning


@app.task(name="duplicates.scan", queue="duplicates")
def scan(**_scan: object) -> None:
    """Where the process dies, the next scan says so."""
    subprocess.run(
        [sys.executable, "-m", "zhike.cli", "duplicates", "scan", "--queued", "--json"],
        check=True,
        stdout=subprocess.DEVNULL,
    )


@app.periodic(cron="4-54/10 * * * *")
@app.task(name="duplicates.scan_by_itself", queue="duplicates", queueing_lock="duplicates.scan_by_itself")
def scan_by_itself(timestamp: int) -> None:
    """Soon after imports, and at night; see `services.rhythm`."""
    at = datetime.now(UTC)
    with acting(SYSTEM, origin="task"):
        if rhythm.is_due(at=at, zone=ZoneInfo(settings.TIME_ZONE)):
            scanning.start_scan(actor=SYSTEM, at=at)
