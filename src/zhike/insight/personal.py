"""What the warehouse holds about people: no names and no addresses, but rows under the customer's id."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from zhike.core.actor import SYSTEM, Actor
from zhike.core.personal import Class, Place, Traces, classify, explain_by, look_in
from zhike.insight.models import Refresh
from zhike.insight.selectors.reasons import get_why

classify(Refresh, Class.NONE)
# Which column holds the customer's id, by folder below the warehouse.
KEYS = {"customers": "id", "orders": "customer_id", "activities": "customer_id", "scored": "customer_id"}


def register() -> None:
    look_in(
        Place(name="insight.warehouse", label=_("Warehouse and model inputs"), order=50, sweep=purge, search=search)
    )
    explain_by(explain)


def purge(traces: Traces) -> int:
    """Write the files anew that hold the customers, and compute the figures without them, in a process of its own."""
    count = search(traces)
    if count:
        # The figures take memory, which that process gives back.
        subprocess.run(
            [sys.executable, "-m", "zhike.cli", "refresh", "--purge", "--json"],
            env={**os.environ, "ZHIKE_HOME": str(settings.HOME.path)},
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return count


def search(traces: Traces) -> int:
    """Rows under the customers' ids, in whatever version of the files."""
    from pyarrow import parquet

    return sum(
        parquet.read_table(path, columns=[column], filters=[(column, "in", set(traces.customer_ids))]).num_rows
        for path, column in _files()
    )


def _files() -> Iterator[tuple[Path, str]]:
    folder = Path(settings.HOME.warehouse_dir)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and (path.suffix == ".parquet" or path.parent.name == "scored"):
            column = KEYS.get(path.parent.name)
            if column is not None and not path.name.endswith("-gone.parquet"):
                yield path, column


def explain(reader: Actor, customer_id: int) -> list[str]:
    """Why the customer has its grade and stage, a sentence each."""
    why = get_why(actor=SYSTEM, customer_id=customer_id, reader=reader)
    return [reason.text for reason in why.reasons if reason.text] if why else []
