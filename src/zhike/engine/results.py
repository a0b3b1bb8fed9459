"""Computed rows back into PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from psycopg import sql

if TYPE_CHECKING:
    import psycopg


class ArrowStream(Protocol):
    """An Arrow table or record-batch reader, as Ibis's to_pyarrow and to_pyarrow_batches return."""

    schema: Any

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


def write_rows(
    connection: psycopg.Connection[Any], table: str, rows: ArrowStream, *, columns: Sequence[str] | None = None
) -> int:
    """Append the rows to a table, within the connection's transaction; returns their number.

    rows: streamed, so memory does not grow with their number. columns: the table's columns in the sequence of the
    rows' columns; by default the rows' names. Types are PostgreSQL's to parse: numbers, decimals, booleans, text,
    dates, timestamps; null stays null and the empty string stays empty. Fastest into a table without indexes.
    """
    import pyarrow as pa
    from pyarrow import csv

    names = list(columns or rows.schema.names)
    command = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(*table.split(".")), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    reader = pa.RecordBatchReader.from_stream(rows)
    options = csv.WriteOptions(include_header=False, quoting_style="needed")
    row_count = 0
    with connection.cursor() as cursor, cursor.copy(command) as copy:
        for batch in reader:
            row_count += batch.num_rows
            text = pa.BufferOutputStream()
            csv.write_csv(batch, text, options)
            copy.write(text.getvalue())
    return row_count
