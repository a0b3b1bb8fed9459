"""The Parquet files of one table: written as rows arrive, merged by key, counted and fingerprinted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    type Keys = np.ndarray[Any, np.dtype[np.int64]]
    type Marks = np.ndarray[Any, np.dtype[np.bool_]]
    type Hashes = np.ndarray[Any, np.dtype[np.uint64]]

GROUP_ROWS = 1 << 19  # rows in one row group: enough to compress well, few enough to read in parallel
READ_ROWS = 1 << 20
TABLE_LIMIT = 1 << 27  # bytes; sets of keys further apart are searched instead
_GOLDEN = 0x9E3779B97F4A7C15


class Tally:
    """How many rows, and a sum over them that does not depend on their order or on the files they lie in.

    A row version is named by its key and the transaction that wrote it, so no other column is needed.
    """

    def __init__(self, row_count: int = 0, fingerprint: str = "0") -> None:
        self.row_count = row_count
        self._sum = int(fingerprint, 16)

    def add(self, keys: pa.ChunkedArray, changes: pa.ChunkedArray) -> None:
        self.row_count += len(keys)
        self._sum = (self._sum + _sum(keys, changes)) % (1 << 64)

    def remove(self, keys: pa.ChunkedArray, changes: pa.ChunkedArray) -> None:
        """Take back rows that were added, by whichever tally this one goes on from."""
        self.row_count -= len(keys)
        self._sum = (self._sum - _sum(keys, changes)) % (1 << 64)

    @property
    def fingerprint(self) -> str:
        return f"{self._sum:016x}"


def _sum(keys: pa.ChunkedArray, changes: pa.ChunkedArray) -> int:
    import numpy as np

    return int(np.add.reduce(_mix(_mix(_unsigned(keys)) + _unsigned(changes)), dtype=np.uint64))


def _unsigned(values: Any) -> Hashes:
    import numpy as np

    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.int64).view(np.uint64)


def _mix(values: Hashes) -> Hashes:
    # SplitMix64 (Steele, Lea and Flood, 2014): every bit of the input moves every bit of the output.
    import numpy as np

    mixed = values + np.uint64(_GOLDEN)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def write(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Write the batches, cast to the schema, in row groups; yields each row group once it is written."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = [field.name for field in schema if pa.types.is_string(field.type)]
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(
        path, schema, compression="zstd", compression_level=1, use_dictionary=texts, write_page_index=False
    ) as writer:
        for group in _grouped(batches, schema):
            writer.write_table(group, row_group_size=GROUP_ROWS)
            yield group


def _grouped(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    import pyarrow as pa

    waiting: list[pa.RecordBatch] = []
    row_count = 0
    for batch in batches:
        waiting.append(batch)
        row_count += batch.num_rows
        if row_count >= GROUP_ROWS:
            yield pa.Table.from_batches(waiting).cast(schema)
            waiting, row_count = [], 0
    if row_count:
        yield pa.Table.from_batches(waiting).cast(schema)


class KeySet:
    """Whole numbers to be asked whether they hold others; quick where they lie close together, as serial keys do."""

    def __init__(self, parts: Iterable[Keys]) -> None:
        import numpy as np

        keys = np.unique(np.concatenate([np.zeros(0, np.int64), *parts]))
        self.keys = keys
        self._first = int(keys[0]) if len(keys) else 0
        self._table = None
        if len(keys) and int(keys[-1]) - self._first < TABLE_LIMIT:
            self._table = np.zeros(int(keys[-1]) - self._first + 1, bool)
            self._table[keys - self._first] = True

    def __len__(self) -> int:
        return len(self.keys)

    def reaches(self, least: int, greatest: int) -> bool:
        """Whether any of them lies there."""
        import numpy as np

        return bool(np.searchsorted(self.keys, least) < np.searchsorted(self.keys, greatest, side="right"))

    def holds(self, asked: Keys) -> Marks:
        """For each key whether it is in the set."""
        import numpy as np

        if not len(self.keys):
            return np.zeros(len(asked), bool)
        if self._table is None:
            found: Marks = self.keys[np.searchsorted(self.keys, asked) % len(self.keys)] == asked
        else:
            inside = (asked >= self._first) & (asked <= self.keys[-1])
            found = inside & self._table[np.where(inside, asked - self._first, 0)]
        return found


def read(
    path: Path,
    *,
    key: str,
    among: KeySet | None = None,
    without: KeySet | None = None,
    columns: list[str] | None = None,
) -> Iterator[pa.RecordBatch]:
    """The rows in batches: those whose key is in one set and not in the other."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        groups = _groups_with(file.metadata, key, among) if among is not None else range(file.num_row_groups)
        for batch in file.iter_batches(batch_size=READ_ROWS, row_groups=list(groups), columns=columns):
            rows = batch
            if among is not None:
                rows = rows.filter(pa.array(among.holds(rows[key].to_numpy())))
            if without:
                rows = rows.filter(pa.array(~without.holds(rows[key].to_numpy())))
            yield rows


def _groups_with(metadata: Any, key: str, keys: KeySet) -> Iterator[int]:
    """The row groups that may hold one of the keys, by what the file says of the least and the greatest in each."""
    place = metadata.schema.names.index(key)
    for number in range(metadata.num_row_groups):
        bounds = metadata.row_group(number).column(place).statistics
        if keys.reaches(bounds.min, bounds.max):
            yield number


def write_keys(path: Path, keys: KeySet, *, key: str) -> None:
    """A file of keys alone."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({key: keys.keys}), path, compression="zstd", compression_level=1)


def missing_keys(ours: Iterable[pa.RecordBatch], *, there: KeySet) -> KeySet:
    """The keys of ours, batches of one column, that are not there."""
    keys = (batch[0].to_numpy() for batch in ours)
    return KeySet(batch[~there.holds(batch)] for batch in keys)
