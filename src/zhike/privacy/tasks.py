"""What goes on after an erasure was decided."""

from datetime import UTC, datetime

from procrastinate.contrib.django import app

from zhike.core.actor import SYSTEM
from zhike.privacy.models import Erasure
from zhike.privacy.services import erasing


@app.task(name="privacy.sweep", queue="privacy")
def sweep(*, erasure_id: int) -> None:
    erasing.sweep_erasure(actor=SYSTEM, erasure_id=erasure_id, at=datetime.now(UTC))


@app.periodic(cron="37 * * * *")
@app.task(name="privacy.sweep_open", queue="privacy", queueing_lock="privacy.sweep_open")
def sweep_open(timestamp: int) -> None:
    """Go on with erasures that were killed or found something left."""
    for erasure in Erasure.objects.exclude(state=Erasure.State.DONE).order_by("pk"):
        erasing.sweep_erasure(actor=SYSTEM, erasure_id=erasure.pk, at=datetime.now(UTC))
