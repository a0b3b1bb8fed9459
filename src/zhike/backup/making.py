"""Making a backup: written under another name, proved, and only then called what it is."""

import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from zhike.backup import ledger
from zhike.backup.archive import (
    ABOUT,
    AFTER,
    BEFORE,
    FILES,
    HEADS,
    MANIFEST,
    Header,
    is_safe_file,
    members,
    read_header,
    writing,
)
from zhike.backup.database import Source, snapshot
from zhike.backup.keyring import LAYERED, fingerprints
from zhike.backup.listening import Listener
from zhike.backup.loading import load
from zhike.backup.locks import Fitted, Lock
from zhike.backup.privileges import list_privileges
from zhike.backup.problems import BackupProblem, Damaged, NotTheSame, Refused
from zhike.runtime import postgres
from zhike.runtime.database import DatabaseUrls
from zhike.runtime.home import Home
from zhike.runtime.locks import AlreadyLocked, exclusive
from zhike.runtime.postgres_roles import APP
from zhike.runtime.problems import EnvironmentProblem

SECTIONS = {BEFORE: "pre-data", AFTER: "post-data"}
SUFFIX = ".zhike-backup"
SCRATCH = "backup-scratch"
INSTANCE = "instance"


@dataclass(frozen=True, kw_only=True)
class Made:
    """A backup that is there. seconds: for writing and for proving it; bytes: before compression."""

    file: Path
    size: int
    bytes: int
    tables: int
    rows: int
    files: int
    is_verified: bool
    seconds: float
    verify_seconds: float
    expired: tuple[str, ...]


def make_backup(
    *, home: Home, urls: DatabaseUrls, folder: Path, lock: Lock, keep_days: int, is_verified: bool, listener: Listener
) -> Made:
    """Back the instance up into the folder, prove the file by restoring it, and remove what has expired.

    :raises Refused: another backup runs, or the lock cannot be used
    :raises NotTheSame: restored it was not the same; the file is removed
    :raises OSError: it could not be written; what was is removed
    """
    home.create()
    with ExitStack() as stack:
        try:
            stack.enter_context(exclusive(home.run_dir / "backup.lock", wait=False))
        except AlreadyLocked:
            raise Refused(zh="另一个备份正在进行。", en="Another backup is being made.") from None
        at = datetime.now(UTC)
        forget_scratch(home)
        fitted = lock.fitted()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            made = _make(home, urls, folder, fitted, at, is_verified, listener)
        except (EnvironmentProblem, OSError, psycopg.Error) as problem:
            ledger.note(home, ledger.failed(folder=folder, at=at, problem=problem))
            raise
        ledger.note(
            home,
            ledger.Entry(
                file=made.file.name,
                folder=str(folder),
                made_at=at.isoformat(),
                size=made.size,
                rows=made.rows,
                seconds=round(made.seconds + made.verify_seconds, 1),
                is_verified=is_verified,
                master=fingerprints(home).get(LAYERED, ""),
            ),
        )
        expired = expire(home, folder, keep_days=keep_days, at=at)
        return Made(**{**vars(made), "expired": expired})


def _make(
    home: Home,
    urls: DatabaseUrls,
    folder: Path,
    fitted: Fitted,
    at: datetime,
    is_verified: bool,
    listener: Listener,
) -> Made:
    instance = instance_of(home)
    final = folder / f"zhike-{at:%Y%m%dT%H%M%SZ}-{instance[:6]}{SUFFIX}"
    for leftover in folder.glob(f"*-{instance[:6]}{SUFFIX}.partial"):
        leftover.unlink()
    draft = final.with_name(final.name + ".partial")
    header = Header(
        instance=instance, made_at=at.isoformat(), version=version("zhike"), identity=fitted.sealed_identity
    )
    try:
        began = time.monotonic()
        with draft.open("xb") as file:
            os.fchmod(file.fileno(), 0o600)
            told = _write(file, header, fitted, home, urls, listener)
            file.flush()
            os.fsync(file.fileno())
        written = time.monotonic()
        if is_verified:
            prove(home, draft, fitted, told["bytes"], listener)
        proved = time.monotonic()
        draft.rename(final)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync(folder)
    return Made(
        file=final,
        size=final.stat().st_size,
        bytes=told["bytes"],
        tables=len(told["tables"]),
        rows=sum(rows for rows, _digest in told["tables"]),
        files=len(told["files"]),
        is_verified=is_verified,
        seconds=written - began,
        verify_seconds=proved - written,
        expired=(),
    )


def _write(
    file: Any, header: Header, fitted: Fitted, home: Home, urls: DatabaseUrls, listener: Listener
) -> dict[str, Any]:
    """The archive from its first member to its manifest, which it returns."""
    app_role = str(conninfo_to_dict(urls.app).get("user", APP))
    with snapshot(urls.owner) as source, writing(file, header, fitted) as out:
        about = {
            **source.about(app_role),
            "header": header.digest(),
            "version": header.version,
            "made_at": header.made_at,
            "keys": fingerprints(home),
            "tables": [[table.name, table.columns] for table in source.tables],
        }
        out.json(ABOUT, about)
        schema = {name: source.statements(section) for name, section in SECTIONS.items()}
        out.text(BEFORE, schema[BEFORE])
        tables = []
        for place, table in enumerate(source.tables):
            numbers = count()

            def add(block: bytes, place: int = place, numbers: Iterator[int] = numbers) -> None:
                out.part(place, next(numbers), block)
                listener("dumping", out.bytes, int(about["size"]))

            tables.append(source.rows(table, add))
        out.text(AFTER, schema[AFTER])
        files = {}
        for name, path in _list_files(home):
            with suppress(FileNotFoundError):  # removed since: no row of the snapshot is without it for long
                files[name] = out.file(name, path)
            listener("files", out.bytes, 0)
        sums = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in schema.items()}
        manifest = {"tables": tables, "files": files, "schema": sums, "bytes": out.bytes}
        out.json(MANIFEST, manifest)
        return manifest


def _list_files(home: Home) -> list[tuple[str, Path]]:
    found = [(HEADS, home.path / HEADS)] if (home.path / HEADS).is_file() else []
    for path in sorted(home.files_dir.rglob("*")):
        name = FILES + path.relative_to(home.files_dir).as_posix()
        # A browser's upload that is still coming in lies at the top.
        if path.is_file() and not path.is_symlink() and path.parent != home.files_dir:
            if not is_safe_file(name):
                raise Damaged(f"file name {name!r}")
            found.append((name, path))
    return found


def prove(home: Home, file: Path, fitted: Fitted, size: int, listener: Listener) -> None:
    """Restore the file into a database server of its own, and compare everything with what the backup says.

    :raises NotTheSame: it is not
    """
    scratch = Home(path=home.path / f"{SCRATCH}-{secrets.token_hex(4)}")
    try:
        cluster = postgres.ensure_running(scratch, durable=False)
        with psycopg.connect(cluster.owner_url) as connection:
            contents = load(
                connection,
                members(file, fitted),
                app_role=APP,
                files=scratch.path / "back",
                size=size,
                listener=listener,
            )
        with snapshot(cluster.owner_url) as restored:
            _compare(restored, contents.about, contents.manifest, listener)
    finally:
        _remove(scratch)


def _compare(restored: Source, about: dict[str, Any], manifest: dict[str, Any], listener: Listener) -> None:
    names = [[table.name, list(table.columns)] for table in restored.tables]
    if names != [[name, list(columns)] for name, columns in about["tables"]]:
        raise NotTheSame("tables")
    done = 0
    for table, (rows, digest) in zip(restored.tables, manifest["tables"], strict=True):
        sizes: list[int] = []
        if restored.rows(table, lambda block: sizes.append(len(block))) != (rows, digest):  # noqa: B023
            raise NotTheSame(table.name)
        done += sum(sizes)
        listener("comparing", done, int(manifest["bytes"]))
    if [list(one) for one in restored.sequences()] != [list(one) for one in about["sequences"]]:
        raise NotTheSame("sequences")
    for what, had, has in (
        ("schema", about["objects"], restored.objects()),
        ("privileges", about["privileges"], list_privileges(restored.connection, APP)),
    ):
        lost = [one for one in had if one not in has]
        if lost:
            raise NotTheSame(f"{what}: {lost[0]}")


def forget_scratch(home: Home) -> None:
    """Stop and remove what a killed backup left."""
    for leftover in home.path.glob(f"{SCRATCH}-*"):
        _remove(Home(path=leftover))


def _remove(scratch: Home) -> None:
    postgres.stop(scratch)
    shutil.rmtree(scratch.path, ignore_errors=True)


def expire(home: Home, folder: Path, *, keep_days: int, at: datetime) -> tuple[str, ...]:
    """Remove this instance's backups that are older; never the last that was proved, and never what is not ours."""
    known = {entry.file: entry for entry in ledger.read(home) if entry.is_verified}
    ours: list[tuple[datetime, Path]] = []
    for path in folder.glob(f"*{SUFFIX}"):
        with suppress(BackupProblem, OSError, ValueError), path.open("rb") as file:
            header = read_header(file)
            if header.instance == instance_of(home):
                ours.append((datetime.fromisoformat(header.made_at), path))
    proved = [path for _made, path in sorted(ours) if path.name in known]
    gone = []
    for made, path in sorted(ours):
        if made < at - timedelta(days=keep_days) and path not in proved[-1:]:
            path.unlink()
            gone.append(path.name)
    ledger.forget(home, gone)
    return tuple(gone)


def instance_of(home: Home) -> str:
    """A number that tells this instance's backups from others'; no secret."""
    return hashlib.sha256(home.secret(INSTANCE).encode()).hexdigest()[:16]


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
