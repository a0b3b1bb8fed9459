"""Work on fields that takes as long as a table is large."""

from procrastinate.contrib.django import app

from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.core.alone import alone
from zhike.metadata.services import indexing, sealing, searching

SECONDS = 10


@app.task(name="metadata.put_index", queue="metadata")
def put_index(*, definition_id: int) -> None:
    """One at a time: they would wait for each other's transactions."""
    with acting(SYSTEM, origin="task"), alone("metadata.put_index") as is_alone:
        if is_alone:
            indexing.build_index(definition_id=definition_id)
    if not is_alone:
        put_index.configure(schedule_in={"seconds": SECONDS}).defer(definition_id=definition_id)


@app.periodic(cron="*/5 * * * *")
@app.task(name="metadata.resume_indexes", queue="metadata", queueing_lock="metadata.resume_indexes")
def resume_indexes(timestamp: int) -> None:
    """Go on with indexes whose process died."""
    with acting(SYSTEM, origin="task"), alone("metadata.put_index") as is_alone:
        if is_alone:
            indexing.resume_indexes()
            searching.resume()


@app.task(name="metadata.put_search", queue="metadata")
def put_search(*, definition_id: int) -> None:
    with acting(SYSTEM, origin="task"), alone("metadata.put_index") as is_alone:
        if is_alone:
            searching.build_search(definition_id=definition_id)
    if not is_alone:
        put_search.configure(schedule_in={"seconds": SECONDS}).defer(definition_id=definition_id)


@app.task(name="metadata.move_values", queue="metadata")
def move_values(*, definition_id: int) -> None:
    """Into the vault of encrypted values; where somebody is at it already, the next look goes on."""
    with acting(SYSTEM, origin="task"), alone("metadata.move_values") as is_alone:
        if is_alone:
            sealing.move_values(definition_id=definition_id)


@app.periodic(cron="*/5 * * * *")
@app.task(name="metadata.resume_moving", queue="metadata", queueing_lock="metadata.resume_moving")
def resume_moving(timestamp: int) -> None:
    """Go on with fields that become encrypted."""
    with acting(SYSTEM, origin="task"), alone("metadata.move_values") as is_alone:
        if is_alone:
            sealing.resume()
