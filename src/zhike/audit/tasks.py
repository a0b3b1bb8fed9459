"""What the history needs from time to time: seals, and room for the months to come."""

from datetime import UTC, datetime

from procrastinate.contrib.django import app

from zhike.audit import sealing

MONTHS_AHEAD = 3


@app.periodic(cron="* * * * *")
@app.task(name="audit.seal", queue="audit", queueing_lock="audit.seal")
def seal(timestamp: int) -> None:
    """Cover what was committed by a signed head."""
    sealing.seal_all(at=datetime.now(UTC))


@app.periodic(cron="41 2 * * *")
@app.task(name="audit.make_partitions", queue="audit", queueing_lock="audit.make_partitions")
def make_partitions(timestamp: int) -> None:
    """Entries of a month without a partition go to the default one, so being late loses nothing."""
    sealing.owner_connection().execute("SELECT audit_make_partitions(%s)", [MONTHS_AHEAD])
