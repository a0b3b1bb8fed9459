"""The bin empties itself."""

from datetime import UTC, datetime

from procrastinate.contrib.django import app

from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.recovery import services


@app.periodic(cron="27 2 * * *")
@app.task(name="recovery.empty_bin", queue="recovery", queueing_lock="recovery.empty_bin")
def empty_bin(timestamp: int) -> None:
    """Each batch in a transaction of its own, so that an interrupted night loses nothing."""
    with acting(SYSTEM):
        while services.empty_bin(actor=SYSTEM, at=datetime.now(UTC)):
            pass
