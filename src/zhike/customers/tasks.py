"""What customers' records need done at night."""

from datetime import UTC, datetime

from procrastinate.contrib.django import app

from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.customers.services import sweeping
from zhike.exchange import allowance


@app.periodic(cron="17 3 * * *")
@app.task(name="customers.sweep_files", queue="customers", queueing_lock="customers.sweep_files")
def sweep_files(timestamp: int) -> None:
    with acting(SYSTEM, origin="task"):
        sweeping.sweep_files(at=datetime.now(UTC))
        allowance.forget(at=datetime.now(UTC))
