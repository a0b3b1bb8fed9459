"""An archive into a database: schema, rows and privileges in the transaction around, for the caller to commit."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from zhike.backup.archive import ABOUT, AFTER, BEFORE, FILES, HEADS, MANIFEST, PART, TABLE_PART, Member
from zhike.backup.database import Table, settle
from zhike.backup.listening import Listener
from zhike.backup.privileges import put_privileges
from zhike.backup.problems import Damaged, NotTheSame

SETTINGS = {"maintenance_work_mem": "512MB", "max_parallel_maintenance_workers": "2", "statement_timeout": "0"}


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a backup says of itself at its beginning and at its end."""

    about: dict[str, Any]
    manifest: dict[str, Any]

    @property
    def row_count(self) -> int:
        return sum(rows for rows, _digest in self.manifest["tables"])

    @property
    def bytes(self) -> int:
        return int(self.manifest["bytes"])


def examine(parts: Iterator[Member], listener: Listener) -> Contents:
    """Read an archive from end to end without writing anything: is everything there that its manifest names?

    :raises Damaged: something is missing, too much, or not what it was
    """
    seen = _Seen()
    for part in parts:
        seen.take(part)
        listener("checking", seen.bytes, 0)
    return seen.contents()


class _Seen:
    """Sums over the members as they come by, compared with the manifest at the end."""

    def __init__(self) -> None:
        self.bytes = 0
        self._texts: dict[str, Any] = {}
        self._sums: dict[str, Any] = {}
        self._sizes: dict[str, int] = {}

    def take(self, part: Member, sink: Any = None) -> None:
        """Read the member, counting it. sink: a function that gets its bytes."""
        table = TABLE_PART.fullmatch(part.name)
        name = table[1] if table else part.name
        if not table and name in self._sums:
            raise Damaged(f"{name} 重复 / comes twice")
        digest = self._sums.setdefault(name, hashlib.sha256())
        for block in iter(lambda: part.stream.read(PART), b""):
            digest.update(block)
            self.bytes += len(block)
            self._sizes[name] = self._sizes.get(name, 0) + len(block)
            if sink is not None:
                sink(block)
            if name in (ABOUT, MANIFEST):
                self._texts[name] = self._texts.get(name, b"") + block

    def about(self) -> dict[str, Any]:
        try:
            about: dict[str, Any] = json.loads(self._texts[ABOUT])
        except (KeyError, ValueError) as error:
            raise Damaged(ABOUT) from error
        return about

    def contents(self) -> Contents:
        about = self.about()
        try:
            manifest = json.loads(self._texts[MANIFEST])
            empty = hashlib.sha256().hexdigest()
            expected = {
                str(place): digest for place, (_rows, digest) in enumerate(manifest["tables"]) if digest != empty
            }
            expected |= {name: digest for name, (_size, digest) in manifest["files"].items()}
            expected |= manifest["schema"]
        except (KeyError, ValueError, TypeError) as error:
            raise Damaged(MANIFEST) from error
        found = {name: digest.hexdigest() for name, digest in self._sums.items() if name not in (ABOUT, MANIFEST)}
        for name in sorted(expected.keys() | found.keys()):
            if expected.get(name) != found.get(name):
                raise Damaged(f"{name} 与清单不符 / is not what the manifest says")
        return Contents(about=about, manifest=manifest)


def load(
    connection: psycopg.Connection,
    parts: Iterator[Member],
    *,
    app_role: str,
    files: Path,
    size: int,
    listener: Listener,
) -> Contents:
    """Fill an empty schema `public`, and the folder `files`, from the archive.

    :raises Damaged: the archive is not whole
    :raises NotTheSame: a table took another number of rows than it gave
    """
    seen = _Seen()
    loader = _Loader(connection, files)
    for part in parts:
        table = TABLE_PART.fullmatch(part.name)
        if part.name == ABOUT:
            seen.take(part)
            loader.tables = [Table(name=name, columns=tuple(columns)) for name, columns in seen.about()["tables"]]
        elif table:
            seen.take(part, loader.into_table(int(table[1])))
        elif part.name in (BEFORE, AFTER):
            listener("schema" if part.name == BEFORE else "indexing", seen.bytes, size)
            text = bytearray()
            seen.take(part, text.extend)
            loader.run(bytes(text))
        elif part.name == HEADS or part.name.startswith(FILES):
            with loader.new_file(part.name) as file:
                seen.take(part, file.write)
        else:
            seen.take(part)
        listener("loading", seen.bytes, size)
    loader.finish_table()
    contents = seen.contents()
    for name, value, is_called in contents.about["sequences"]:
        connection.execute("SELECT setval(%s::regclass, %s, %s)", [name, value, is_called])
    put_privileges(connection, contents.about["privileges"], app_role)
    for place, (rows, _digest) in enumerate(contents.manifest["tables"]):
        if loader.counts.get(place, 0) != rows:
            name = loader.tables[place].name
            raise NotTheSame(f"{name}: {loader.counts.get(place, 0)} ≠ {rows} 行 / rows")
    return contents


class _Loader:
    def __init__(self, connection: psycopg.Connection, files: Path) -> None:
        self.connection = connection
        self.files = files
        self.tables: list[Table] = []
        self.counts: dict[int, int] = {}
        self._open: tuple[int, Any, Any] | None = None
        settle(connection)
        for name, value in SETTINGS.items():
            connection.execute("SELECT set_config(%s, %s, true)", [name, value])

    def run(self, text: bytes) -> None:
        self.finish_table()
        self.connection.execute(text)
        # The script sets some of its own for the session.
        settle(self.connection)

    def into_table(self, place: int) -> Any:
        """Where the rows of that table go."""
        if self._open is None or self._open[0] != place:
            self.finish_table()
            if not 0 <= place < len(self.tables) or place in self.counts:
                raise Damaged(f"tables/{place}")
            cursor = self.connection.cursor()
            copying = cursor.copy(self.tables[place].copy("FROM STDIN (FREEZE)"))
            self._open = (place, cursor, copying)
            self._copy = copying.__enter__()
        return self._copy.write

    def finish_table(self) -> None:
        if self._open is not None:
            place, cursor, copying = self._open
            self._open = None
            copying.__exit__(None, None, None)
            self.counts[place] = cursor.rowcount
            cursor.close()

    def new_file(self, name: str) -> Any:
        target = self.files / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return target.open("xb")
