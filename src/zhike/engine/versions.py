"""The published versions of a warehouse: which files make up its tables, and who still reads them.

A version is one small file that is written whole and then renamed; the highest number is the current one. A
reader holds a shared lock on the version it reads, which the kernel drops when the reader ends or is killed, so
files vanish only when no version that names them is read any more.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

FORMAT = 2


@dataclass(frozen=True, kw_only=True)
class TableFiles:
    """The files of one table, and what they hold.

    Rows are those of `base` whose key is not in `gone`, and all of `changes`. Paths are relative to the warehouse.
    A row's key and its change, the transaction that wrote it, name what it holds.
    """

    definition: str
    origin: str  # the table's file in PostgreSQL when it was read
    row_count: int
    fingerprint: str
    base: str
    base_row_count: int
    key: str
    change: str
    changes: str | None = None
    gone: str | None = None

    @property
    def paths(self) -> list[str]:
        return [path for path in (self.base, self.changes, self.gone) if path]


@dataclass(frozen=True, kw_only=True)
class Version:
    """One consistent state of all tables.

    watermark: every transaction before it is in; the next refresh asks for rows written by it or later ones.
    """

    number: int
    identity: str
    watermark: int
    fingerprint: str
    tables: dict[str, TableFiles]

    def to_json(self) -> str:
        return json.dumps({"format": FORMAT} | asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> Version | None:
        """The version; None if another release of the program wrote it in another form."""
        state = json.loads(text)
        if state.pop("format") != FORMAT:
            return None
        tables = {name: TableFiles(**files) for name, files in state.pop("tables").items()}
        return cls(tables=tables, **state)


class Lease:
    """A version that stays readable until it is released, and a folder for the reader's intermediate results."""

    def __init__(self, version: Version, handle: int, folder: Path) -> None:
        self.version = version
        self.scratch = Path(tempfile.mkdtemp(prefix="scratch-", dir=folder))
        self._handles = [handle, _share(self.scratch)]

    def release(self) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)
        while self._handles:
            os.close(self._handles.pop())


class Versions:
    """The folder of versions; publishing and cleaning are for the one writer, reading for everyone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._versions = folder / "versions"

    def current(self) -> Version | None:
        """The newest version, or None before the first refresh."""
        while path := max(self._paths(), default=None):
            with suppress(FileNotFoundError):
                return Version.from_json(path.read_text(encoding="utf-8"))
        return None

    def read(self) -> Lease | None:
        """The newest version, held until released."""
        while path := max(self._paths(), default=None):
            with suppress(FileNotFoundError):
                handle = _share(path)
                # Read after locking: a version that was retired in between is gone by now.
                version = Version.from_json(path.read_text(encoding="utf-8")) if path.exists() else None
                if version is not None:
                    return Lease(version, handle, self.folder)
                os.close(handle)
                if path.exists():
                    return None
        return None

    def next_number(self) -> int:
        return max((int(path.stem) for path in self._paths()), default=0) + 1

    def publish(self, version: Version) -> None:
        """Make the version current; after a crash either it or the one before is, never a mixture."""
        for files in version.tables.values():
            for path in files.paths:
                _sync(self.folder / path)
        for folder in {(self.folder / path).parent for files in version.tables.values() for path in files.paths}:
            _sync(folder)
        self._versions.mkdir(exist_ok=True)
        draft = self._versions / "draft"
        draft.write_text(version.to_json(), encoding="utf-8")
        _sync(draft)
        draft.rename(self._versions / f"{version.number:09d}.json")
        _sync(self._versions)

    def clean(self) -> None:
        """Remove what nobody needs: old versions without readers, files without a version, dead readers' scratch."""
        paths = sorted(self._paths())
        kept = [path for path in paths[:-1] if not _retire(path)] + paths[-1:]
        named: set[Path] = set()
        for path in kept:
            version = Version.from_json(path.read_text(encoding="utf-8"))
            if version is not None:
                named.update(self.folder / name for files in version.tables.values() for name in files.paths)
        for path in self.folder.glob("tables/*/*.parquet"):
            if path not in named:
                path.unlink()
        for scratch in self.folder.glob("scratch-*"):
            _retire(scratch)

    def _paths(self) -> list[Path]:
        return list(self._versions.glob("[0-9]*.json"))


def _share(path: Path) -> int:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    fcntl.flock(handle, fcntl.LOCK_SH)
    return handle


def _retire(path: Path) -> bool:
    """Remove the file or folder unless somebody shares it."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
        return True
    finally:
        os.close(handle)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
