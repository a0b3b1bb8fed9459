"""Refreshes in the background. The computing happens in a process of its own, which takes its memory with it."""

import subprocess
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from procrastinate.contrib.django import app

from zhike.scores.models import ScoringRun
from zhike.scores.services import VALUE

LOCK = "insight.refresh"


@app.task(name="insight.refresh", queue="insight", lock=LOCK)
def refresh(**_event: object) -> None:
    """Refresh now: after an import, or because somebody asked. Where nothing changed, it is soon done."""
    subprocess.run([sys.executable, "-m", "zhike.cli", "refresh", "--json"], check=True, stdout=subprocess.DEVNULL)


@app.periodic(cron="10 * * * *")
@app.task(name="insight.refresh_daily", queue="insight", lock=LOCK, queueing_lock="insight.refresh_daily")
def refresh_daily(timestamp: int) -> None:
    """Score once a day, soon after midnight, or as soon as the instance runs again."""
    today = datetime.now(UTC).astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    latest = ScoringRun.objects.filter(measure=VALUE).order_by("-pk").first()
    if latest is None or latest.as_of != today:
        refresh()
