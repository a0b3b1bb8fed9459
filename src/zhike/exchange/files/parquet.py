"""Parquet, row group by row group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from zhike.exchange.files import dialect
from zhike.exchange.files.rendering import as_text
from zhike.exchange.files.table import ROW, Batch, Limits, RefusedRow, Table, check_width
from zhike.exchange.reasons import FileProblem

if TYPE_CHECKING:
    import pyarrow as pa
    from polars import DataFrame

PORTION_BYTES = 128 * 1024 * 1024


def open_parquet(path: Path, *, name: str, limits: Limits) -> ParquetTable:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            names, rows = list(file.schema_arrow.names), file.metadata.num_rows
            groups = [file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups)]
    except (pa.ArrowException, OSError, UnicodeDecodeError) as problem:
        raise FileProblem(
            _("%(file)s is not a whole Parquet file: it is damaged or cut short") % {"file": name}
        ) from problem
    check_width(len(names), name=name, limits=limits)
    if sum(groups) > limits.max_unpacked_bytes * 2:
        raise FileProblem(
            _("%(file)s would unpack to %(size)s MB, more than is allowed; it was not opened")
            % {"file": name, "size": sum(groups) // 1024**2}
        )
    columns, warnings = dialect.name_columns(names, file=name)
    return ParquetTable(
        path=path,
        name=name,
        format="parquet",
        columns=columns,
        limits=limits,
        header_row=1,
        row_estimate=rows,
        warnings=warnings,
    )


@dataclass(kw_only=True)
class ParquetTable(Table):
    """Rows count as if the names stood in row 1, as they would in any other format."""

    def batches(self, size: int = 50_000, skip_rows: int = 0) -> Iterator[Batch]:
        import polars as pl
        import pyarrow as pa
        from polars.exceptions import PanicException
        from pyarrow import parquet

        passed = 0
        try:
            with parquet.ParquetFile(self.path, read_dictionary=_texts(parquet.read_schema(self.path))) as file:
                for whole in file.iter_batches(batch_size=size, use_threads=False):
                    whole.validate(full=True)
                    for arrow in _portions(whole, self.limits.max_cell):
                        skipped = max(0, skip_rows - passed)
                        if skipped < arrow.num_rows:
                            frame = pl.DataFrame(pl.from_arrow(arrow.rename_columns(list(self.columns))))
                            yield self._batch(frame.slice(skipped), passed + skipped)
                        passed += arrow.num_rows
        except (pa.ArrowException, OSError, UnicodeDecodeError, PanicException) as problem:
            raise FileProblem(
                _("%(file)s is damaged after row %(row)s") % {"file": self.name, "row": passed + self.header_row}
            ) from problem

    def _batch(self, frame: DataFrame, passed: int) -> Batch:
        import polars as pl

        first, end = passed + self.header_row + 1, passed + frame.height
        numbers = pl.int_range(first, first + frame.height, dtype=pl.Int64, eager=True).alias(ROW)
        return check_cells(as_text(frame).insert_column(0, numbers), self, end)


def _texts(schema: pa.Schema) -> list[str]:
    """Columns of text, which are read as a dictionary: a file of 500 bytes may repeat a megabyte for every row."""
    from pyarrow import types

    return [one.name for one in schema if types.is_string(one.type) or types.is_large_string(one.type)]


def _portions(batch: pa.RecordBatch, longest: int) -> Iterator[pa.RecordBatch]:
    """The batch in parts whose text, written out, is no larger than `PORTION_BYTES` or is one row.

    longest: characters of a cell; of a longer one only so much is kept that it still shows as too long.
    """
    import polars as pl
    import pyarrow as pa
    from pyarrow import types

    lengths = pl.repeat(0, batch.num_rows, dtype=pl.Int64, eager=True)
    for number, column in enumerate(batch.columns):
        if not types.is_dictionary(column.type):
            continue
        texts = pl.Series(pl.from_arrow(column.dictionary.cast("large_string")))
        sizes = texts.str.len_bytes().cast(pl.Int64)
        if (sizes > longest).any():
            texts = texts.str.slice(0, longest + 1)
            sizes = texts.str.len_bytes().cast(pl.Int64)
            shorter = pa.DictionaryArray.from_arrays(column.indices, texts.to_arrow().cast(pa.large_string()))
            batch = batch.set_column(number, batch.schema.names[number], shorter)
        lengths += sizes.gather(pl.Series(pl.from_arrow(column.indices))).fill_null(0)
    start = 0
    for length in (lengths.cum_sum() // PORTION_BYTES).rle().struct.field("len"):
        yield batch.slice(start, length)
        start += length


def check_cells(frame: DataFrame, table: Table, end: int) -> Batch:
    """A batch without blank rows, and with those refused that hold what no database or person could hold."""
    import polars as pl

    longest = table.limits.max_cell
    text = pl.col(table.columns)
    frame = frame.filter(~pl.all_horizontal(text.is_null()))
    bad = pl.any_horizontal((text.str.len_bytes() > longest) | text.str.contains("\0", literal=True))
    found = frame.filter(bad)
    if not found.height:
        return Batch(frame, [], end)
    refused: list[RefusedRow] = []
    kept: list[int] = []
    for number, *cells in found.iter_rows():
        odd = next(((i, cell) for i, cell in enumerate(cells) if cell and ("\0" in cell or len(cell) > longest)), None)
        if odd is None:
            kept.append(number)
            continue
        reason = "nul" if "\0" in odd[1] else "cell_too_long"
        shown = tuple(cell and cell.replace("\0", "")[:longest] for cell in cells)
        refused.append(RefusedRow(number, reason, table.columns[odd[0]], "", str(longest), shown))
    return Batch(frame.filter(~bad.fill_null(False) | pl.col(ROW).is_in(kept)), refused, end)
