"""The Parquet files of one table: written as rows arrive, merged by key, counted and fingerprinted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

GROUP_ROWS = 1 << 19  # rows in one row group: enough to compress well, few enough to read in parallel
READ_ROWS = 1 << 20
_GOLDEN = 0x9E3779B97F4A7C15


class Tally:
    """How many rows, and a sum over them that does not depend on their order or on the files they lie in.

    A row version is named by its key and the transaction that wrote it, so no other column is needed.
    """

    def __init__(self) -> None:
        self.row_count = 0
        self._sum = 0

    def add(self, keys: pa.ChunkedArray, changes: pa.ChunkedArray) -> None:
        import numpy as np

        self.row_count += len(keys)
        mixed = _mix(_mix(_unsigned(keys)) + _unsigned(changes))
        self._sum = (self._sum + int(np.add.reduce(mixed, dtype=np.uint64))) % (1 << 64)

    @property
    def fingerprint(self) -> str:
        return f"{self._sum:016x}"


def _unsigned(values: Any) -> np.ndarray[Any, np.dtype[np.uint64]]:
    import numpy as np

    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.int64).view(np.uint64)


def _mix(values: np.ndarray[Any, np.dtype[np.uint64]]) -> np.ndarray[Any, np.dtype[np.uint64]]:
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


def read(
    path: Path, *, key: str, without: pa.Array | None = None, columns: list[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """The rows in batches, without those whose key is among the given ones."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=READ_ROWS, columns=columns):
            if without is None or not len(without):
                yield batch
            else:
                yield batch.filter(pc.invert(pc.is_in(batch[key], value_set=without)))


def write_keys(path: Path, keys: pa.Array, *, key: str) -> None:
    """A file of keys alone."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({key: keys}), path, compression="zstd", compression_level=1)


def union_of_keys(parts: Sequence[pa.Array]) -> pa.Array:
    """Every key once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.unique(pa.concat_arrays([pa.array([], pa.int64()), *parts]))


def missing_keys(ours: Iterable[pa.RecordBatch], theirs: Iterable[pa.RecordBatch]) -> pa.Array:
    """The keys of ours that are not among theirs; both hold one column."""
    import numpy as np
    import pyarrow as pa

    there = np.sort(np.concatenate([np.zeros(0, np.int64), *(batch[0].to_numpy() for batch in theirs)]))
    missing = [np.zeros(0, np.int64)]
    for batch in ours:
        keys = batch[0].to_numpy()
        place = np.searchsorted(there, keys)
        found = np.zeros(len(keys), bool)
        inside = place < len(there)
        found[inside] = there[place[inside]] == keys[inside]
        missing.append(keys[~found])
    return pa.array(np.concatenate(missing))
