"""Runs in the background, each in a process of its own, which takes its memory with it."""

import subprocess
import sys
from datetime import UTC, datetime

from procrastinate.contrib.django import app

from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.quality.models import Run
from zhike.quality.services import running


@app.task(name="quality.run", queue="quality")
def run(**_run: object) -> None:
    """Where the process dies, the next run says so."""
    subprocess.run(
        [sys.executable, "-m", "zhike.cli", "quality", "run", "--queued", "--json"],
        check=True,
        stdout=subprocess.DEVNULL,
    )


@app.periodic(cron="35 3 * * *")
@app.task(name="quality.run_nightly", queue="quality", queueing_lock="quality.run_nightly")
def run_nightly(timestamp: int) -> None:
    """Once a night; one that is under way does it as well."""
    now = datetime.now(UTC)
    with acting(SYSTEM):
        if Run.objects.filter(finished_at=None, heartbeat_at__gt=now - running.SILENCE).exists():
            return
        running.open_run(as_of=running.today(now), at=now)
    run()
