"""Parquet with typed columns; the number stands in the file's metadata."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhike.core.csv_files import csv_text
from zhike.exports.formats.csv import flat
from zhike.exports.formats.head import Head
from zhike.exports.marks import Mark

if TYPE_CHECKING:
    import pyarrow as pa

GROUP_ROWS = 20_000
DIGITS = 38
DECIMALS = Decimal(1).scaleb(-8)
EXACT = Context(prec=DIGITS)


def write(path: Path, heads: Sequence[Head], rows: Iterator[Sequence[Any]], mark: Mark) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = [pa.field(head.key, _types()[head.type], metadata={"label": head.label}) for head in heads]
    told: Mapping[str, str] = {"zhike.export": mark.code, "zhike.by": mark.who, "zhike.at": mark.at.isoformat()}
    schema = pa.schema(fields, metadata={**told, **{f"zhike.about.{label}": text for label, text in mark.lines}})
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while group := list(islice(rows, GROUP_ROWS)):
            columns = zip(*group, strict=True)
            arrays = [
                pa.array([_cell(value, head.type) for value in column], type=field.type)
                for head, field, column in zip(heads, fields, columns, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _types() -> "dict[str, pa.DataType]":
    import pyarrow as pa

    return {
        "text": pa.string(),
        "integer": pa.int64(),
        "decimal": pa.decimal128(DIGITS, 8),
        "date": pa.date32(),
        "moment": pa.timestamp("us", tz="UTC"),
    }


def _cell(value: Any, type_: str) -> Any:
    """As the column's type has it; what is none of it, a mask for example, is left out."""
    match type_, value:
        case _, None | "":
            return None
        case "integer", int():
            return value
        case "decimal", int() | Decimal():
            return Decimal(value).quantize(DECIMALS, context=EXACT)
        case "date", date() if not isinstance(value, datetime):
            return value
        case "moment", datetime():
            return value.astimezone(UTC)
        case "text", str():
            return value
        case "text", _:
            return str(flat(value)) if isinstance(value, list | tuple) else csv_text(value)
    return None
