"""An engine over answers of PostgreSQL that are held in memory and nowhere else.

For what looks at everything once and is no business of the warehouse: names, phone numbers and what else is personal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg import sql

from zhike.engine.backend import MEMORY_LIMIT
from zhike.engine.snapshot import open_snapshot
from zhike.engine.spilling import fresh_folder

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend

TABLES_AT_ONCE = 2


@dataclass(frozen=True, kw_only=True)
class Reading:
    """query: what PostgreSQL is asked. kept: what is kept of the answer, as the engine's SQL over a table `arrived`."""

    query: sql.Composable
    kept: str = "SELECT * FROM arrived"


@contextmanager
def read_into_memory(
    dsn: str, readings: Mapping[str, Reading], *, spill: Path, memory_limit: str = MEMORY_LIMIT
) -> Iterator[Backend]:
    """The answers as tables of an engine, all of one moment; they are gone when it is closed.

    dsn: a role that may read every row of the tables. spill: folder for what goes beyond the memory, of this
    computation alone. What is asked of the engine reaches neither files nor the network.
    """
    import ibis

    with ExitStack() as stack:
        backend: Backend = ibis.duckdb.connect(
            memory_limit=memory_limit,
            temp_directory=str(stack.enter_context(fresh_folder(spill))),
            preserve_insertion_order=False,
            autoinstall_known_extensions=False,
        )
        stack.callback(backend.disconnect)
        backend.raw_sql("SET TimeZone = 'UTC'")
        backend.raw_sql("SET enable_progress_bar = false")
        with open_snapshot(dsn) as snapshot:
            shared = snapshot.share()

            def read(name: str) -> None:
                with snapshot.again(shared) as same, same.reader(readings[name].query) as arrived:
                    mine = backend.con.cursor()
                    mine.register("arrived", arrived)
                    mine.execute(f'CREATE TABLE "{name}" AS {readings[name].kept}')
                    mine.close()

            with ThreadPoolExecutor(TABLES_AT_ONCE) as pool:
                list(pool.map(read, readings))
        backend.raw_sql("SET enable_external_access = false")
        yield backend
