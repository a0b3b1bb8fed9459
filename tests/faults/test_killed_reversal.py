"""A set that is being taken back, killed between and inside its transactions, ends as if nobody had killed it."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from zhike.audit.models import Entry
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.customers.models import Activity, Customer, CustomerTag, Identifier
from zhike.customers.services import activities, identifiers, people, tags
from zhike.customers.services.bin import CODE
from zhike.recovery import reverting, services, tasks
from zhike.recovery.models import Reversal

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

AT = datetime(2026, 11, 22, 4, tzinfo=UTC)
ROUNDS = int(os.environ.get("ZHIKE_FAULT_ROUNDS", 3))
KILLS = 3
NEVER = 1_000_000_000


class Reverter:
    """The process of `reverter.py`."""

    def __init__(self, home: Path) -> None:
        environment = {**os.environ, "ZHIKE_HOME": str(home), "DJANGO_SETTINGS_MODULE": "zhike.config.settings"}
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("reverter.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def run(self, reversal: Reversal, *, last: int = NEVER) -> str:
        """Go on; how many statements that took, or "killed"."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{reversal.pk} {last}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=20)


@pytest.fixture
def reverter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> Iterator[Reverter]:
    home = type(settings.HOME)(path=tmp_path / "home")
    home.create()
    monkeypatch.setattr(settings, "HOME", home)
    monkeypatch.setattr(reverting, "AT_ONCE", 0)
    made = Reverter(home.path)
    yield made
    made.end()


def plant() -> None:
    for number in range(12):
        new = [identifiers.NewIdentifier(kind="external", system="shop", value=f"C{number}")]
        one = people.create_customer(actor=SYSTEM, at=AT, name=f"c{number}", tags=["old"], identifiers=new)
        activities.add_activity(actor=SYSTEM, customer_id=one.pk, kind="note", text=f"n{number}", at=AT)


def mess_up(request_id: str) -> None:
    """In one go: edits, tags, notes that go, ids that change hands, records that go and come."""
    with acting(replace(SYSTEM, request_id=request_id), origin="web"):
        several = list(Customer.objects.order_by("pk"))
        services.bin_records(actor=SYSTEM, kind=CODE, record_ids=[several.pop().pk], at=AT)
        for one in several:
            people.edit_customer(actor=SYSTEM, customer_id=one.pk, changes={"city": request_id, "name": "x"}, at=AT)
            tags.set_tags(actor=SYSTEM, customer_id=one.pk, names=["new"], at=AT)
            Activity.objects.filter(customer=one, kind="note").delete()
        first, second = (Identifier.objects.get(customer=one) for one in several[:2])
        for row in (first, second):
            identifiers.remove_identifier(actor=SYSTEM, identifier_id=row.pk, at=AT)
        for owner, row in zip(several, (second, first), strict=False):
            new = identifiers.NewIdentifier(kind="external", system="shop", value=row.value)
            identifiers.add_identifier(actor=SYSTEM, customer_id=owner.pk, new=new, at=AT)
        people.create_customer(actor=SYSTEM, at=AT, name="new")


def state() -> Any:
    """All that a reversal brings back; ids of identifiers and tags on customers are new ones."""
    return (
        list(Customer.objects.order_by("pk").values_list("pk", "name", "name_normal", "city", "channel")),
        sorted(Identifier.objects.values_list("customer_id", "kind", "value", "is_primary")),
        sorted(CustomerTag.objects.values_list("customer_id", "tag__name")),
        sorted(Activity.objects.exclude(kind="change").values_list("pk", "customer_id", "text", "created_at")),
    )


def start(request_id: str) -> Reversal:
    mess_up(request_id)
    entry = Entry.objects.filter(request=request_id).latest("pk").pk
    return reverting.start_reversal(actor=SYSTEM, entry_id=entry, reason="wrong list", at=AT)


def test_a_killed_reversal_ends_as_if_nobody_had_killed_it(reverter: Reverter) -> None:
    chance = random.Random(20261123)
    plant()
    before = state()
    calm = start("calm")
    statements = int(reverter.run(calm))
    calm.refresh_from_db()
    assert reverting.count_states(calm) == {"done": 13}
    assert state() == before
    for turn in range(ROUNDS):
        made = start(f"turn-{turn}")
        for _ in range(KILLS):
            assert reverter.run(made, last=chance.randint(1, statements // KILLS)) == "killed"
        # What nobody works on is taken up again.
        tasks.resume_reversals.func(timestamp=0)
        made.refresh_from_db()
        assert (made.done, made.value_count) == (13, calm.value_count), turn
        assert reverting.count_states(made) == {"done": 13}, turn
        assert state() == before, turn
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM customers_customersearch")
        assert cursor.fetchone() == (12,)
