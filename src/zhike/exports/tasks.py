"""Exports in the background, each in a process of its own, which takes its memory with it."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

from procrastinate.contrib.django import app

from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.exports.services import keeping, resuming, scheduling, working

# Beyond, it hangs: a million customers with every field take minutes.
LONGEST = timedelta(hours=4)


@app.task(name="exports.make_export", queue="exports")
def make_export(*, export_id: int) -> None:
    """Where the process dies, or another one makes exports, this one is taken up again."""
    try:
        subprocess.run(
            [sys.executable, "-m", "zhike.cli", "export", "--queued"],
            input=str(export_id),
            text=True,
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=LONGEST.total_seconds(),
        )
    except subprocess.SubprocessError:
        with acting(SYSTEM):
            resuming.take_back(export_id=export_id, at=datetime.now(UTC))
        raise


@app.periodic(cron="* * * * *")
@app.task(name="exports.resume_dead", queue="exports", queueing_lock="exports.resume_dead")
def resume_dead(timestamp: int) -> None:
    with acting(SYSTEM):
        resuming.resume_dead(at=datetime.now(UTC))
        working.tell_untold(at=datetime.now(UTC))


@app.periodic(cron="* * * * *")
@app.task(name="exports.run_schedules", queue="exports", queueing_lock="exports.run_schedules")
def run_schedules(timestamp: int) -> None:
    with acting(SYSTEM):
        scheduling.run_due(at=datetime.now(UTC))


@app.periodic(cron="41 * * * *")
@app.task(name="exports.remove_expired", queue="exports", queueing_lock="exports.remove_expired")
def remove_expired(timestamp: int) -> None:
    with acting(SYSTEM):
        keeping.remove_expired(at=datetime.now(UTC))
