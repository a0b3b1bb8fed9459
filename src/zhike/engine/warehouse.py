"""The warehouse: PostgreSQL's tables as Parquet files, kept current by the rows that changed.

A refresh sees all tables in one snapshot. It takes the rows that were written by a transaction which had not ended
when the previous snapshot was taken, or that began later; rows it already has come again and replace themselves.
Deletions need no log of keys: previous rows and changed rows together hold every row there is, so if their number is
the table's, nothing was deleted; if not, the table's keys are compared. Where the database notes that rows were
deleted, a table without such a note is not even counted.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from zhike.engine import tables
from zhike.engine.snapshot import Moment, Snapshot, open_snapshot
from zhike.engine.sources import Source
from zhike.engine.tables import KeySet
from zhike.engine.versions import Lease, TableFiles, Version, Versions
from zhike.runtime.locks import AlreadyLocked, exclusive

if TYPE_CHECKING:
    import pyarrow as pa

    from zhike.engine.tables import Keys

COMPACTION_SHARE = 0.1  # a base with more replaced rows than this is written anew

TABLES_AT_ONCE = 2  # while PostgreSQL reads one table, Arrow writes another


class WarehouseBusy(Exception):
    """Another process is refreshing the warehouse."""


class WarehouseEmpty(Exception):
    """The warehouse has never been refreshed."""


@dataclass(frozen=True, kw_only=True)
class TableReport:
    """What a refresh did to one table. mode: full, delta or unchanged; compacted: its files were merged into one."""

    name: str
    mode: str
    row_count: int
    read_count: int
    deleted_count: int
    compacted: bool
    seconds: float


@dataclass(frozen=True, kw_only=True)
class RefreshReport:
    """What a refresh did. fingerprint: names the contents; equal contents have equal fingerprints.

    watermark: every transaction below this id had ended, and what it did is in the warehouse.
    """

    version: int
    watermark: int
    fingerprint: str
    tables: tuple[TableReport, ...]
    seconds: float


class Warehouse:
    """A folder of Parquet files with one writer at a time and any number of readers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._versions = Versions(folder)

    def current(self) -> Version | None:
        """The newest published version; None before the first refresh."""
        return self._versions.current()

    def read(self) -> Lease:
        """Hold the newest version, so that its files stay until the lease is released.

        :raises WarehouseEmpty: before the first refresh
        """
        lease = self._versions.read()
        if lease is None:
            raise WarehouseEmpty(self.folder)
        return lease

    def refresh(
        self,
        dsn: str,
        sources: Sequence[Source],
        *,
        full: bool = False,
        counted: bool = False,
        compacted: bool = False,
    ) -> RefreshReport:
        """Bring the warehouse to the state of the database now; exactly the given sources are in it afterwards.

        A table is read in full when it is new, when its definition changed, when its file in PostgreSQL is another
        (TRUNCATE, rewrite), or when the database is another (restored, failed over, recreated).

        dsn: a role that may read every row of the tables. full: read everything again. counted: count the rows also
        where the database noted no deletion, as a check of its notes. compacted: leave no file behind that holds a
        row which is gone or has changed since.
        :raises WarehouseBusy: if another process is refreshing
        """
        if len({source.name for source in sources}) < len(sources):
            raise ValueError("two sources have the same name")
        started = time.monotonic()
        with self._writing(), open_snapshot(dsn) as snapshot:
            self._versions.clean()
            previous = None if full else _usable(self._versions.current(), snapshot.moment)
            number = self._versions.next_number()
            shared = snapshot.share()

            def count(source: Source, since: int) -> int | None:
                with snapshot.again(shared) as same:
                    noted = None if counted else source.select_deletions(since=since)
                    return None if noted and not same.count(noted) else same.count(source.select_count())

            def refresh(source: Source) -> tuple[TableFiles, TableReport]:
                with snapshot.again(shared) as same:
                    table_count = counts.get(source.name)
                    return _Refresh(self.folder, source, same, number, table_count, compacted).run(previous)

            with ThreadPoolExecutor(TABLES_AT_ONCE) as counting, ThreadPoolExecutor(TABLES_AT_ONCE) as pool:
                # PostgreSQL counts while this process still loads Arrow and the engine.
                counts = (
                    {source.name: counting.submit(count, source, previous.watermark) for source in sources}
                    if previous
                    else {}
                )
                done = list(pool.map(refresh, sources))
            version = Version(
                number=number,
                identity=snapshot.moment.identity,
                watermark=snapshot.moment.oldest_open,
                fingerprint=_fingerprint((source, files) for source, (files, _) in zip(sources, done, strict=True)),
                tables={source.name: files for source, (files, _) in zip(sources, done, strict=True)},
            )
            self._versions.publish(version)
            self._versions.clean()
        return RefreshReport(
            version=number,
            watermark=version.watermark,
            fingerprint=version.fingerprint,
            tables=tuple(report for _, report in done),
            seconds=time.monotonic() - started,
        )

    def clean(self) -> None:
        """Remove the files of versions that nobody reads any more; `refresh` does so too.

        :raises WarehouseBusy: if another process is refreshing
        """
        with self._writing():
            self._versions.clean()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            with exclusive(self.folder / "lock", wait=False):
                yield
        except AlreadyLocked:
            raise WarehouseBusy(self.folder) from None


def _usable(version: Version | None, moment: Moment) -> Version | None:
    if version is None or version.identity != moment.identity or version.watermark > moment.next_xid:
        return None
    return version


def _fingerprint(tables: Iterable[tuple[Source, TableFiles]]) -> str:
    digest = hashlib.sha256()
    for source, files in sorted(tables, key=lambda pair: pair[0].name):
        digest.update(f"{source.name} {files.definition} {files.row_count} {files.fingerprint}\n".encode())
    return digest.hexdigest()[:32]


class _Refresh:
    """One table's part of a refresh. Files that come to nothing are left to the next cleaning."""

    def __init__(
        self,
        folder: Path,
        source: Source,
        snapshot: Snapshot,
        number: int,
        table_count: Future[int | None] | None,
        is_compacting: bool,
    ) -> None:
        self.folder = folder
        self.source = source
        self.snapshot = snapshot
        self.number = number
        self.table_count = table_count
        self.is_compacting = is_compacting
        self.origin = snapshot.file_of(source.table)
        self.read_count = 0
        self.deleted_count = 0

    def run(self, version: Version | None) -> tuple[TableFiles, TableReport]:
        started = time.monotonic()
        previous = version.tables.get(self.source.name) if version else None
        files = None
        if version and previous and self.table_count and self._is_extendable(previous):
            files = self._extend(previous, self.table_count, since=version.watermark)
        mode = "full" if files is None else "unchanged" if files == previous else "delta"
        if files is None:
            files = self._write_base(self.snapshot.batches(self.source.select()))
            self.read_count = files.row_count
        return files, TableReport(
            name=self.source.name,
            mode=mode,
            row_count=files.row_count,
            read_count=self.read_count,
            deleted_count=self.deleted_count,
            compacted=mode == "delta" and files.changes is None,
            seconds=time.monotonic() - started,
        )

    def _is_extendable(self, previous: TableFiles) -> bool:
        return previous.definition == self.source.definition and previous.origin == self.origin

    def _write_base(self, batches: Iterable[pa.RecordBatch]) -> TableFiles:
        name, total = self._name("base"), tables.Tally()
        for group in tables.write(self.folder / name, self.source.schema(), batches):
            total.add(group[self.source.key], group[self.source.change])
        return TableFiles(
            definition=self.source.definition,
            origin=self.origin,
            row_count=total.row_count,
            fingerprint=total.fingerprint,
            base=name,
            base_row_count=total.row_count,
            key=self.source.key,
            change=self.source.change,
        )

    def _extend(self, previous: TableFiles, counted: Future[int | None], *, since: int) -> TableFiles | None:
        """Merge what changed into the previous files; None if they do not add up to the table."""
        fresh = self._name("fresh")
        total = tables.Tally(previous.row_count, previous.fingerprint)
        fresh_keys = KeySet(self._write(fresh, self.snapshot.batches(self.source.select(since=since)), into=total))
        self.read_count = len(fresh_keys)
        table_count = counted.result()
        if not self.read_count and table_count in (None, previous.row_count):
            if not self.is_compacting or not previous.gone:
                return previous
            return self._write_base(self._live(previous.base, previous.changes, KeySet(self._read_keys(previous.gone))))

        changes = self._name("changes")
        gone = KeySet(self._read_keys(previous.gone))
        self._take_back(total, previous.base, previous.changes, keys=fresh_keys, gone=gone)
        self._write(changes, chain(self._read(previous.changes, without=fresh_keys), self._read(fresh)))
        gone = KeySet([gone.keys, fresh_keys.keys])

        if table_count not in (None, total.row_count):
            missing = tables.missing_keys(
                self._live(previous.base, changes, gone, columns=[self.source.key]),
                there=KeySet(batch[0].to_numpy() for batch in self.snapshot.batches(self.source.select_keys())),
            )
            self.deleted_count = len(missing)
            self._take_back(total, previous.base, changes, keys=missing, gone=gone)
            if total.row_count != table_count:
                return None
            kept = self._read(changes, without=missing)
            changes = self._name("changes-kept")
            self._write(changes, kept)
            gone = KeySet([gone.keys, missing.keys])

        if self.is_compacting or len(gone) > COMPACTION_SHARE * previous.base_row_count:
            return self._write_base(self._live(previous.base, changes, gone))
        name = self._name("gone")
        tables.write_keys(self.folder / name, gone, key=self.source.key)
        return replace(
            previous,
            row_count=total.row_count,
            fingerprint=total.fingerprint,
            changes=changes,
            gone=name,
        )

    def _live(
        self,
        base: str,
        changes: str | None,
        gone: KeySet,
        *,
        among: KeySet | None = None,
        columns: list[str] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        return chain(
            self._read(base, among=among, without=gone, columns=columns),
            self._read(changes, among=among, columns=columns),
        )

    def _take_back(self, total: tables.Tally, base: str, changes: str | None, *, keys: KeySet, gone: KeySet) -> None:
        """Count the rows with those keys no longer, as they were before."""
        columns = [self.source.key, self.source.change]
        for batch in self._live(base, changes, gone, among=keys, columns=columns):
            total.remove(*(batch[name] for name in columns))

    def _read(
        self,
        name: str | None,
        *,
        among: KeySet | None = None,
        without: KeySet | None = None,
        columns: list[str] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        if name is None:
            return iter(())
        return tables.read(self.folder / name, key=self.source.key, among=among, without=without, columns=columns)

    def _read_keys(self, name: str | None) -> Iterator[Keys]:
        return (batch[self.source.key].to_numpy() for batch in self._read(name))

    def _write(self, name: str, batches: Iterable[pa.RecordBatch], *, into: tables.Tally | None = None) -> list[Keys]:
        """Write the rows and return their keys. into: a tally to add them to."""
        keys = []
        for group in tables.write(self.folder / name, self.source.schema(), batches):
            keys.append(group[self.source.key].to_numpy())
            if into is not None:
                into.add(group[self.source.key], group[self.source.change])
        return keys

    def _name(self, part: str) -> str:
        return f"tables/{self.source.name}/{self.number:09d}-{part}.parquet"
