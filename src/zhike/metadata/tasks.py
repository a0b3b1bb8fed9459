"""Work on fields that takes as long as a table is large."""

from procrastinate.contrib.django import app

from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.metadata.services import indexing


@app.task(name="metadata.put_index", queue="metadata", lock="metadata.put_index")
def put_index(*, definition_id: int) -> None:
    """One at a time: they would wait for each other's transactions."""
    with acting(SYSTEM, origin="task"):
        indexing.build_index(definition_id=definition_id)
