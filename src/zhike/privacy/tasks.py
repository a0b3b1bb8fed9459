"""What goes on after an erasure was decided."""

from datetime import UTC, datetime

from procrastinate.contrib.django import app

from zhike.core.actor import SYSTEM
from zhike.privacy.models import Erasure
from zhike.privacy.services import erasing, retention


@app.task(name="privacy.sweep", queue="privacy")
def sweep(*, erasure_id: int) -> None:
    erasing.sweep_erasure(actor=SYSTEM, erasure_id=erasure_id, at=datetime.now(UTC))


@app.periodic(cron="37 * * * *")
@app.task(name="privacy.sweep_open", queue="privacy", queueing_lock="privacy.sweep_open")
def sweep_open(timestamp: int) -> None:
    """Go on with erasures that were killed or found something left."""
    for erasure in Erasure.objects.exclude(state=Erasure.State.DONE).order_by("pk"):
        erasing.sweep_erasure(actor=SYSTEM, erasure_id=erasure.pk, at=datetime.now(UTC))


@app.periodic(cron="23 2 * * *")
@app.task(name="privacy.retain", queue="privacy", queueing_lock="privacy.retain")
def retain(timestamp: int) -> None:
    """Take away what was kept long enough."""
    retention.run_rules(actor=SYSTEM, at=datetime.now(UTC))
