"""Imports and undos killed at random points end, once resumed, as if nothing had happened."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from zhike.core.actor import SYSTEM
from zhike.customers.models import Customer, CustomerSearch
from zhike.exchange import services
from zhike.exchange.engine import ImportBusy
from zhike.exchange.models import Import

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

AT = datetime(2026, 11, 22, 4, tzinfo=UTC)
KILLS = 20
CITIES = ("上海", "北京", "广州")
# Table to the columns that hold ids of another one.
REFERENCES: dict[str, dict[str, str]] = {
    "customers_customer": {},
    "customers_identifier": {"customer_id": "customers_customer"},
    "customers_customersearch": {"customer_id": "customers_customer"},
    "customers_tag": {},
    "customers_customertag": {"customer_id": "customers_customer", "tag_id": "customers_tag"},
    "commerce_product": {},
    "commerce_order": {"customer_id": "customers_customer"},
    "commerce_orderline": {"order_id": "commerce_order", "product_id": "commerce_product"},
}
SAYS_NOTHING = {"changed_xid", "import_id", "grams"}

Digests = dict[str, str]


class Worker:
    """The process of `worker.py`."""

    def __init__(self, home: Path) -> None:
        environment = {**os.environ, "ZHIKE_HOME": str(home), "DJANGO_SETTINGS_MODULE": "zhike.config.settings"}
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("worker.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def run(self, work: str, import_id: int, *, kill_after: float | None = None) -> float:
        """Let it work, and kill it in the midst; how long it took."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        began = time.monotonic()
        self.process.stdin.write(f"{work} {import_id}\n")
        self.process.stdin.flush()
        child = int(self.process.stdout.readline())
        if kill_after is not None:
            time.sleep(kill_after)
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        assert self.process.stdout.readline() == "ended\n"
        return time.monotonic() - began

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=20)


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> Iterator[Worker]:
    home = type(settings.HOME)(path=tmp_path / "home")
    home.create()
    monkeypatch.setattr(settings, "HOME", home)
    made = Worker(home.path)
    yield made
    made.end()


def test_killed_imports_and_undos_end_as_if_they_had_not_been(worker: Worker, tmp_path: Path) -> None:
    chance = random.Random(20261122)
    begun = start(tmp_path / "known.csv", customers(range(300), city="南京"))
    services.apply_import(actor=SYSTEM, import_id=begun.pk, at=AT)
    before = digests()
    files = {
        tmp_path / "customers.csv": customers(range(200, 1_200), city="", chance=chance),
        tmp_path / "orders.csv": orders(1_500, chance=chance),
    }
    expected: dict[Path, Digests] = {}
    seconds: dict[Path, float] = {}
    for file, text in files.items():
        job = start(file, text)
        seconds[file] = worker.run("apply_import", job.pk)
        assert Import.objects.get(pk=job.pk).status == Import.Status.APPLIED
        expected[file] = digests()
        services.undo_import(actor=SYSTEM, import_id=job.pk, at=AT)
        assert digests() == before
    landed = set()
    for turn in range(KILLS):
        file = list(files)[turn % len(files)]
        job = start(file, files[file])
        worker.run("apply_import", job.pk, kill_after=chance.uniform(0, seconds[file]))
        landed.add(reached(job))
        finish(services.apply_import, job, Import.Status.APPLIED)
        assert digests() == expected[file], turn
        assert CustomerSearch.objects.count() == Customer.objects.count()
        if turn % 4 == 3:
            worker.run("undo_import", job.pk, kill_after=chance.uniform(0, 0.4))
        finish(services.undo_import, job, Import.Status.UNDONE)
        assert digests() == before, turn
    assert len(landed) > 1


def reached(job: Import) -> tuple[str, bool, bool, bool]:
    """How far the killed process came: what it had committed, since progress is written only twice a second."""
    job = Import.objects.get(pk=job.pk)
    return job.status, job.row_count > 0, bool(job.reserved), job.merged_at is not None


def finish(work: Callable[..., Import], job: Import, status: str) -> None:
    """Go on after a kill; the dead process's statement may run for a moment longer and hold the lock."""
    while Import.objects.get(pk=job.pk).status != status:
        try:
            work(actor=SYSTEM, import_id=job.pk, at=AT)
        except ImportBusy:
            time.sleep(0.02)
        except services.ImportNotReady:
            # That statement was the last one, and committed after we had looked.
            assert Import.objects.get(pk=job.pk).status == status


def start(file: Path, text: str) -> Import:
    file.write_text(text, encoding="utf-8")
    return services.start_import(actor=SYSTEM, file=file, name=file.name, at=AT, source="shop")


def customers(numbers: range, *, city: str, chance: random.Random | None = None) -> str:
    lines = ["客户编号,姓名,手机,城市,标签"]
    for number in numbers:
        place = city or (chance or random.Random(0)).choice(CITIES)
        lines.append(f"A{number},客户{number},138{number:08d},{place},{'大客户' if number % 7 == 0 else ''}")
    return "\n".join(lines)


def orders(count: int, *, chance: random.Random) -> str:
    lines = ["订单号,下单时间,客户编号,商品编码,数量,单价"]
    for _line in range(count):
        order, product = chance.randrange(count // 2), chance.randrange(50)
        lines.append(f"N{order},2026-10-{1 + order % 28:02d},A{order % 400},P{product},{chance.randrange(1, 5)},9.99")
    return "\n".join(lines)


def digests() -> Digests:
    """A digest of every table; ids count by their place in the table, for a lost run may have drawn some."""
    places: dict[str, dict[int, int]] = {}
    found: Digests = {}
    for table, references in REFERENCES.items():
        key = "customer_id" if table == "customers_customersearch" else "id"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} AS t ORDER BY {key}")  # noqa: S608
            rows: list[dict[str, Any]] = [json.loads(row) for (row,) in cursor.fetchall()]
        places[table] = {row[key]: place for place, row in enumerate(rows)}
        for row in rows:
            if "id" in row:
                row["id"] = places[table][row["id"]]
            for column, other in references.items():
                row[column] = places[other].get(row[column])
        text = "\n".join(
            json.dumps({name: value for name, value in row.items() if name not in SAYS_NOTHING}, sort_keys=True)
            for row in rows
        )
        found[table] = hashlib.sha256(text.encode()).hexdigest()
    return found
