"""Files to import, the way the command line does, and a fingerprint of everything an import can touch."""

import csv
import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from zhike.core.actor import SYSTEM, Actor
from zhike.exchange import services
from zhike.exchange.models import Import

AT = datetime(2026, 11, 22, 4, tzinfo=UTC)
Row = Sequence[Any]
Bring = Callable[..., Import]

# What an import can touch, with the columns that say nothing: change stamps, and counters of the database.
TABLES = (
    "customers_customer",
    "customers_identifier",
    "customers_tag",
    "customers_customertag",
    "customers_customersearch",
    "commerce_product",
    "commerce_order",
    "commerce_orderline",
)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> Iterator[None]:
    """Uploads of this test go to a folder of its own."""
    home = type(settings.HOME)(path=tmp_path / "home")
    home.create()
    monkeypatch.setattr(settings, "HOME", home)
    yield
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relnamespace = 'staging'::regnamespace AND relkind = 'r'")
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP TABLE staging."{name}"')


@pytest.fixture
def bring(tmp_path: Path) -> Bring:
    """Import rows, the first of them the header, or a file; applied unless told otherwise."""

    def import_it(
        content: Sequence[Row] | Path,
        *,
        actor: Actor = SYSTEM,
        name: str = "file.csv",
        apply: bool = True,
        **options: Any,
    ) -> Import:
        file = content if isinstance(content, Path) else write_csv(tmp_path / name, content)
        job = services.start_import(actor=actor, file=file, name=file.name, at=AT, **options)
        work = services.apply_import if apply else services.preview_import
        return work(actor=actor, import_id=job.pk, at=AT)

    return import_it


@pytest.fixture
def digests() -> Callable[[], dict[str, str]]:
    """A digest of every table an import touches, ids included, change stamps left out."""
    return table_digests


def write_csv(path: Path, rows: Sequence[Row], *, encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def table_digests() -> dict[str, str]:
    digests = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(
                f"SELECT (to_jsonb(t) - 'changed_xid' - 'grams')::text FROM {table} AS t ORDER BY 1"  # noqa: S608
            )
            digests[table] = hashlib.sha256("\n".join(row for (row,) in cursor.fetchall()).encode()).hexdigest()
    return digests
