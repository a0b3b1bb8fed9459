"""What the history needs from time to time: seals, and room for the months to come."""

import logging
from datetime import UTC, datetime

from procrastinate.contrib.django import app

from zhike.audit import keeping, publishing, sealing
from zhike.core.alone import alone

MONTHS_AHEAD = 3
logger = logging.getLogger("zhike.audit")


@app.periodic(cron="* * * * *")
@app.task(name="audit.seal", queue="audit", queueing_lock="audit.seal")
def seal(timestamp: int) -> None:
    """Cover what was committed by a signed head."""
    sealing.seal_all(at=datetime.now(UTC))


@app.periodic(cron="* * * * *")
@app.task(name="audit.publish", queue="audit", queueing_lock="audit.publish")
def publish(timestamp: int) -> None:
    """Send the newest head to where it is kept outside; what is not taken is tried again, later each time."""
    with alone("audit.publish") as is_alone:
        attempts = publishing.publish_newest(at=datetime.now(UTC)) if is_alone else []
    for attempt in attempts:
        if attempt.problem:
            logger.warning("%s does not take head %s: %s", attempt.destination.kind, attempt.number, attempt.problem)


@app.periodic(cron="41 2 * * *")
@app.task(name="audit.make_partitions", queue="audit", queueing_lock="audit.make_partitions")
def make_partitions(timestamp: int) -> None:
    """Entries of a month without a partition go to the default one, so being late loses nothing."""
    sealing.owner_connection().execute("SELECT audit_make_partitions(%s)", [MONTHS_AHEAD])


@app.periodic(cron="53 3 * * *")
@app.task(name="audit.end_months", queue="audit", queueing_lock="audit.end_months")
def end_months(timestamp: int) -> None:
    """Take away the months that are older than the settings keep."""
    ended = keeping.end_months(at=datetime.now(UTC))
    if ended:
        logger.warning("the history of %s months was taken away, as ZHIKE_AUDIT_KEEP_MONTHS says", ended)
