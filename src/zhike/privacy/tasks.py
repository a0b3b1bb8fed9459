"""What goes on after an erasure was decided."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from procrastinate.contrib.django import app

from zhike.core.actor import SYSTEM
from zhike.privacy import scrubbing as files
from zhike.privacy.models import Erasure
from zhike.privacy.services import erasing, retention, scrubbing


@app.task(name="privacy.sweep", queue="privacy")
def sweep(*, erasure_id: int) -> None:
    if Erasure.objects.filter(pk=erasure_id).exclude(state=Erasure.State.DONE).exists():
        erasing.sweep_open(actor=SYSTEM, at=datetime.now(UTC))


@app.periodic(cron="37 * * * *")
@app.task(name="privacy.sweep_open", queue="privacy", queueing_lock="privacy.sweep_open")
def sweep_open(timestamp: int) -> None:
    """Go on with erasures that were killed or found something left."""
    erasing.sweep_open(actor=SYSTEM, at=datetime.now(UTC))


@app.periodic(cron="23 2 * * *")
@app.task(name="privacy.retain", queue="privacy", queueing_lock="privacy.retain")
def retain(timestamp: int) -> None:
    """Take away what was kept long enough."""
    retention.run_rules(actor=SYSTEM, at=datetime.now(UTC))


@app.periodic(cron="7,27,47 * * * *")
@app.task(name="privacy.scrub", queue="privacy", queueing_lock="privacy.scrub")
def scrub(timestamp: int) -> None:
    """At night, take erased persons out of the files of the database; again for tables that were in use."""
    now = datetime.now(UTC)
    longest = settings.SCRUB_LONGEST
    if longest and now.astimezone(ZoneInfo(settings.TIME_ZONE)).hour in scrubbing.NIGHT and scrubbing.is_due():
        scrubbing.scrub(actor=SYSTEM, at=now, longest=longest, renew_log=files.renew_own_log)
