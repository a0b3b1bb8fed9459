"""Refreshes in the background. The computing happens in a process of its own, which takes its memory with it.

No lock of the queue keeps them apart: it would outlive a killed worker. The refresh itself waits for its turn.
"""

import subprocess
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.duplicates.selectors.merges import changed_since
from zhike.insight.selectors import refreshes
from zhike.scores.selectors import get_latest_run


@app.task(name="insight.refresh", queue="insight")
def refresh(**_event: object) -> None:
    """Refresh now: after an import, or because somebody asked. Where nothing changed, it is soon done."""
    subprocess.run([sys.executable, "-m", "zhike.cli", "refresh", "--json"], check=True, stdout=subprocess.DEVNULL)


@app.task(name="insight.refresh_orders", queue="insight")
def refresh_orders(**_event: object) -> None:
    """Refresh because orders were deleted, restored or put back; of many in a row the last one does it for all."""
    if not ProcrastinateJob.objects.filter(task_name="insight.refresh_orders", status="todo").exists():
        refresh()


@app.periodic(cron="10 * * * *")
@app.task(name="insight.refresh_daily", queue="insight", queueing_lock="insight.refresh_daily")
def refresh_daily(timestamp: int) -> None:
    """Score once a day, soon after midnight, or as soon as the instance runs again; make up for what was killed."""
    today = datetime.now(UTC).astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    latest = get_latest_run()
    if latest is None or latest.as_of != today or not refreshes.last_succeeded():
        refresh()


@app.periodic(cron="*/10 * * * *")
@app.task(name="insight.refresh_merged", queue="insight", queueing_lock="insight.refresh_merged")
def refresh_merged(timestamp: int) -> None:
    """Grades and stages of whoever was merged or separated: sums moved at once, the rest within ten minutes, however
    many merges there were."""
    newest = refreshes.succeeded_from()
    with acting(SYSTEM):
        is_stale = newest is not None and changed_since(newest)
    if is_stale:
        refresh()
