"""From an archive back to an instance. The old tables stay aside in a schema of their own until the new ones hold.

Everything about the database happens in one transaction, so whatever kills us leaves the old or the new, never a
mixture; a mark in the home folder says that the files are being exchanged, and the next run puts the old ones back
before it begins.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from zhike.backup import mark
from zhike.backup.archive import FILES, HEADS, members, newer, read_header
from zhike.backup.keyring import install_keys, missing, put_keys_back
from zhike.backup.listening import Listener
from zhike.backup.loading import Contents, examine, load
from zhike.backup.locks import Key
from zhike.backup.problems import Damaged, Refused
from zhike.runtime import supervisor
from zhike.runtime.database import DatabaseUrls
from zhike.runtime.home import Home
from zhike.runtime.locks import AlreadyLocked, exclusive
from zhike.runtime.postgres_roles import APP

PATIENCE = 20.0  # seconds; a killed restore's last statement may run for a moment longer


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What is there now."""

    made_at: str
    version: str
    tables: int
    rows: int
    files: int
    bytes: int


def check(*, file: Path, key: Key, known_migrations: set[str], listener: Listener) -> Contents:
    """Read the whole archive and write nothing.

    :raises Damaged: it is not whole
    :raises WrongKey: the key does not open it
    :raises Refused: a later version made it
    """
    contents = examine(members(file, key), listener)
    with file.open("rb") as source:
        if read_header(source).digest() != contents.about["header"]:
            raise Damaged("第一行被改动 / the first line was changed")
    unknown = sorted(set(contents.about["migrations"]) - known_migrations)
    if unknown:
        raise newer(f"{contents.about['version']}, {unknown[-1]}")
    return contents


@contextmanager
def restoring(
    *,
    home: Home,
    urls: DatabaseUrls,
    file: Path,
    key: Key,
    contents: Contents,
    replaces: bool,
    keys: dict[str, str] | None,
    without_keys: bool,
    listener: Listener,
) -> Iterator[Restored]:
    """Put the backup in place; if the block ends with an error, what was there before is put back.

    contents: as `check` found them. keys: secrets to install. without_keys: go on without those it was made with.

    :raises Refused: the instance runs, or holds data, or lacks the keys, and nobody said to go on
    """
    home.create()
    try:
        with exclusive(home.run_dir / "backup.lock", wait=False):
            _refuse_while_running(home, urls)
            settle_last(home, urls)
            if holds_data(urls) and not replaces:
                raise Refused(
                    zh="这个实例里已有数据。要用备份替换它，请加 --replace。",
                    en="This instance holds data. To replace it by the backup, say --replace.",
                )
            _refuse_without_keys(home, contents, keys, without_keys=without_keys)
            attempt = mark.Attempt(stamp=f"{datetime.now(UTC):%Y%m%d%H%M%S}")
            mark.write(home, attempt)
            try:
                restored = _exchange(home, urls, file, key, contents, attempt, listener)
                install_keys(home, keys or {}, aside=attempt.stamp)
                yield restored
            except BaseException:
                _put_back(home, urls, attempt)
                raise
            mark.write(home, mark.Attempt(stamp=attempt.stamp, holds=True))
            _forget_old(home, urls, attempt)
    except AlreadyLocked:
        raise Refused(zh="正在备份或恢复。", en="A backup or a restore is going on.") from None


def holds_data(urls: DatabaseUrls) -> bool:
    """Whether there are users or customers."""
    with psycopg.connect(urls.owner) as owner:
        for table in ("accounts_user", "customers_customer"):
            there = owner.execute("SELECT to_regclass(%s)", [f"public.{table}"]).fetchone()
            if there and there[0]:
                query = sql.SQL("SELECT 1 FROM public.{} LIMIT 1").format(sql.Identifier(table))
                if owner.execute(query).fetchone():
                    return True
    return False


def settle_last(home: Home, urls: DatabaseUrls) -> None:
    """Undo a restore that was killed before its end, or clean up after one that was killed behind it."""
    attempt = mark.read(home)
    if attempt is not None and attempt.holds:
        _forget_old(home, urls, attempt)
    elif attempt is not None:
        _put_back(home, urls, attempt)


def _put_back(home: Home, urls: DatabaseUrls, attempt: mark.Attempt) -> None:
    """Undo a restore, whichever step it reached."""
    with psycopg.connect(urls.owner) as owner:
        if owner.execute("SELECT to_regnamespace(%s) IS NOT NULL", [attempt.schema]).fetchone() == (True,):
            _move_extensions(owner, "public", attempt.schema)
            owner.execute("DROP SCHEMA public CASCADE")
            owner.execute(sql.SQL("ALTER SCHEMA {} RENAME TO public").format(sql.Identifier(attempt.schema)))
    for name in (FILES.rstrip("/"), HEADS):
        old, now = home.path / f"{name}.before-{attempt.stamp}", home.path / name
        if old.exists():
            _remove(now)
            old.rename(now)
    put_keys_back(home, aside=attempt.stamp)
    _remove(_workshop(home, attempt))
    mark.remove(home)


def _exchange(
    home: Home,
    urls: DatabaseUrls,
    file: Path,
    key: Key,
    contents: Contents,
    attempt: mark.Attempt,
    listener: Listener,
) -> Restored:
    workshop = _workshop(home, attempt)
    with psycopg.connect(urls.owner) as owner:
        owner.execute("SET LOCAL lock_timeout = '20s'")
        owner.execute(sql.SQL("ALTER SCHEMA public RENAME TO {}").format(sql.Identifier(attempt.schema)))
        owner.execute("CREATE SCHEMA public")
        _move_extensions(owner, attempt.schema, "public")
        load(
            owner,
            members(file, key),
            app_role=str(conninfo_to_dict(urls.app).get("user", APP)),
            files=workshop,
            size=contents.bytes,
            listener=listener,
        )
    (workshop / FILES).mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in (FILES.rstrip("/"), HEADS):
        now, new = home.path / name, workshop / name
        if now.exists():
            now.rename(home.path / f"{name}.before-{attempt.stamp}")
        if new.exists():
            new.rename(now)
    with psycopg.connect(urls.owner, autocommit=True) as owner:
        listener("indexing", 0, 0)
        owner.execute("ANALYZE")
    return Restored(
        made_at=contents.about["made_at"],
        version=contents.about["version"],
        tables=len(contents.manifest["tables"]),
        rows=contents.row_count,
        files=len(contents.manifest["files"]),
        bytes=contents.bytes,
    )


def _forget_old(home: Home, urls: DatabaseUrls, attempt: mark.Attempt) -> None:
    with psycopg.connect(urls.owner) as owner:
        owner.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(attempt.schema)))
    _remove(home.path / f"{FILES.rstrip('/')}.before-{attempt.stamp}")
    # Made from the database, and made anew by the next refresh. Heads that were published stay: they are evidence.
    for leftover in home.warehouse_dir.iterdir():
        _remove(leftover)
    _remove(_workshop(home, attempt))
    mark.remove(home)


def _refuse_while_running(home: Home, urls: DatabaseUrls) -> None:
    run = supervisor.current_run(home)
    if run is not None:
        raise Refused(
            zh=f"知客正在运行（{run.address}），请先执行 zhike down。",
            en=f"Zhike is running at {run.address}; stop it first: zhike down.",
        )
    deadline = time.monotonic() + PATIENCE
    while others := _count_others(urls):
        if time.monotonic() > deadline:
            raise Refused(
                zh=f"还有 {others} 个连接在使用数据库，请先停止它们。",
                en=f"{others} connections still use the database; end them first.",
            )
        time.sleep(0.2)


def _count_others(urls: DatabaseUrls) -> int:
    with psycopg.connect(urls.owner) as owner:
        row = owner.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND usename = ANY(%s) AND backend_type = 'client backend'",
            [[str(conninfo_to_dict(url).get("user", "")) for url in (urls.app, urls.owner)]],
        ).fetchone()
    return int(row[0]) if row else 0


def _refuse_without_keys(home: Home, contents: Contents, keys: dict[str, str] | None, *, without_keys: bool) -> None:
    lacking = missing(home, contents.about["keys"], keys or {})
    if lacking and not without_keys:
        names = ", ".join(lacking)
        raise Refused(
            zh=f"备份所用的密钥不在这里（{names}）。请用 --keys 给出 zhike backup --save-keys 写出的文件；"
            "或用 --without-keys 放弃它们：加密的字段与第二重验证将无法读取，历史的签名也无法延续。",
            en=f"The keys that this backup was made with are not here ({names}). Name the file that "
            "`zhike backup --save-keys` wrote with --keys; or give them up with --without-keys: encrypted fields and "
            "second factors can then not be read, and the history is signed by another key.",
        )


def _workshop(home: Home, attempt: mark.Attempt) -> Path:
    return home.path / f"restoring-{attempt.stamp}"


def _move_extensions(owner: psycopg.Connection, source: str, target: str) -> None:
    """Take along what the operator installed: it belongs to the database, not to a backup."""
    found = owner.execute("SELECT extname FROM pg_extension WHERE extnamespace = to_regnamespace(%s)", [source])
    for (name,) in found.fetchall():
        move = sql.SQL("ALTER EXTENSION {} SET SCHEMA {}")
        owner.execute(move.format(sql.Identifier(name), sql.Identifier(target)))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
