"""Erasing one person: everything is searched for them afterwards, by code that shares nothing with the erasure."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections
from psycopg import connect
from tests.privacy.conftest import (
    HEADER,
    MAIL,
    NAME,
    NOON,
    OTHER_NAME,
    PHONE,
    Known,
    add_phone,
    bring,
    rows,
    write,
)

from zhike.audit import sealing, verifying
from zhike.commerce.models import Order
from zhike.core.actor import ANONYMOUS, SYSTEM
from zhike.customers.models import Activity, Customer, Identifier
from zhike.exchange.models import Import, ImportChange
from zhike.privacy import ledger
from zhike.privacy.models import Erasure, ScrubbedTable
from zhike.privacy.services import erasing, replaying, scrubbing
from zhike.recovery.services import bin_records

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
LATER = NOON + timedelta(hours=1)
TOLD = (NAME, PHONE, "139 1234 5678", "139-1234-5678", MAIL)


def everywhere(home: Path) -> Iterator[str]:
    """Where the person still stands: every row of every table, read by whom it belongs to, and every file's bytes."""
    for alias, schemas in (("owner", "public"), ("default", "staging")):
        with connections[alias].cursor() as cursor:
            cursor.execute(
                "SELECT oid::regclass::text FROM pg_class"
                " WHERE relkind = 'r' AND relnamespace::regnamespace::text = %s",
                [schemas],
            )
            for (table,) in cursor.fetchall():
                cursor.execute(f"SELECT t::text FROM {table} AS t")  # noqa: S608
                for (row,) in cursor.fetchall():
                    yield from (f"{table}: {told}" for told in TOLD if told in row or told.encode().hex() in row)
    for path in home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            yield from (f"{path.name}: {told}" for told in TOLD if told.encode() in content)


def erase(known: Known) -> Erasure:
    made = erasing.erase_person(actor=SYSTEM, customer_id=known.person.pk, at=LATER)
    return erasing.sweep_erasure(actor=SYSTEM, erasure_id=made.pk, at=LATER)


def test_nothing_finds_an_erased_person_anywhere(known: Known, home: Path) -> None:
    assert len(set(everywhere(home))) > 15
    erasure = erase(known)
    assert list(everywhere(home)) == []
    assert (erasure.state, erasure.found, erasure.traces) == ("done", {}, "")
    assert erasure.removed["exchange.files"] == 3
    assert (erasure.removed["customers_mention"], erasure.removed["customers.files"]) == (1, 1)
    assert erasure.removed["customers_customersearch"] == erasure.removed["customers_customer"] == 1


def test_what_belongs_to_others_stays(known: Known) -> None:
    erase(known)
    assert Customer.objects.get().name == OTHER_NAME
    assert Activity.objects.get(customer=known.other, kind="note").text == "介绍人 •••，电话 •••"
    first, _again, waiting = Import.objects.order_by("pk")
    assert OTHER_NAME in first.file.read_text(encoding="utf-8-sig")
    assert (waiting.status, waiting.row_count) == ("recognised", 0)
    assert not ImportChange.objects.filter(table="customers_customer", row_id=known.person.pk).exists()


def test_orders_stay_as_nobodys(known: Known) -> None:
    erase(known)
    order = Order.objects.get()
    assert (order.pk, order.customer_id, order.total_amount) == (known.order.pk, None, known.order.total_amount)


def test_the_history_still_verifies_and_proves_the_erasure(known: Known) -> None:
    sealing.seal_all(at=NOON)
    erasure = erase(known)
    sealing.seal_all(at=LATER)
    found = verifying.verify(against=None)
    assert found.is_sound, found.problems
    with connections["owner"].cursor() as owner:
        owner.execute(
            "SELECT texts[1]::jsonb ->> 'digest' FROM audit_entry JOIN audit_payload ON entry_id = id"
            " WHERE action = 'privacy.prove_erasure' AND ids = ARRAY[%s]::bigint[]",
            [erasure.pk],
        )
        assert owner.fetchall() == [(erasure.digest,)]


def test_a_number_that_others_have_too_stays_with_them(known: Known) -> None:
    add_phone(known.other, PHONE)
    erasure = erase(known)
    assert erasure.shared_count == 1
    assert Identifier.objects.filter(customer=known.other, value_normal=f"+86{PHONE}").exists()
    assert not Customer.objects.filter(name=NAME).exists()


def test_a_file_in_use_keeps_the_erasure_open_until_it_is_free(known: Known) -> None:
    Import.objects.filter(name="lines.jsonl").update(status=Import.Status.STAGING)
    erasure = erase(known)
    assert erasure.state == Erasure.State.INCOMPLETE
    assert erasure.found["exchange.files"]
    Import.objects.filter(name="lines.jsonl").update(status=Import.Status.RECOGNISED)
    assert erasing.sweep_erasure(actor=SYSTEM, erasure_id=erasure.pk, at=LATER).state == Erasure.State.DONE


def test_several_are_searched_for_in_one_go_and_what_is_left_is_whose_it_is(known: Known, home: Path) -> None:
    Import.objects.filter(name="lines.jsonl").update(status=Import.Status.STAGING)
    nobody = Customer.objects.create(name="令狐无踪", name_normal="令狐无踪", created_at=NOON, updated_at=NOON)
    for one in (known.person, nobody):
        erasing.erase_person(actor=SYSTEM, customer_id=one.pk, at=LATER)
    first, second = erasing.sweep_open(actor=SYSTEM, at=LATER)
    assert (first.state, second.state, second.found) == ("incomplete", "done", {})
    assert "exchange.files" in first.found
    assert (first.swept_with, first.steps_count) == (1, 0)
    # After a restore nobody works on it, whatever it says.
    assert replaying.replay(actor=SYSTEM, at=LATER).open == 0
    assert Import.objects.get(name="lines.jsonl").status == Import.Status.CANCELLED
    assert list(everywhere(home)) == []


def test_the_files_wait_for_a_table_that_is_in_use_or_too_big(known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    erasure, table = erase(known), "customers_customer"
    monkeypatch.setattr(scrubbing, "WAIT", 1)
    with connect(**connections["owner"].get_connection_params() | {"cursor_factory": None}) as reader:
        reader.execute(f"LOCK TABLE {table} IN ACCESS SHARE MODE")
        left = scrubbing.scrub(actor=SYSTEM, at=LATER).left
    assert left == {table: "busy"}
    assert scrubbing.is_due()
    ScrubbedTable.objects.filter(name=table).update(writes=0)
    ScrubbedTable.objects.create(name="slow", tried_at=NOON, size=1 << 30, seconds=1 << 30)
    assert scrubbing.scrub(actor=SYSTEM, at=LATER, longest=60).left[table] == "big"
    done = scrubbing.scrub(actor=SYSTEM, at=LATER)
    assert table in done.written
    erasure.refresh_from_db()
    assert erasure.scrubbed_at == LATER


def test_erasing_needs_the_permission_and_changes_nothing_without(known: Known) -> None:
    with pytest.raises(PermissionDenied):
        erasing.erase_person(actor=ANONYMOUS, customer_id=known.person.pk, at=LATER)
    assert Customer.objects.filter(pk=known.person.pk).exists()
    with pytest.raises(erasing.NobodyToErase):
        erasing.erase_person(actor=SYSTEM, customer_id=0, at=LATER)


def test_a_restored_backup_forgets_again(known: Known, home: Path, tmp_path: Path) -> None:
    erase(known)
    assert PHONE not in ledger.path().read_text()
    # What a backup of the day before brings back: the same person under the same identifiers, made before.
    Erasure.objects.all().delete()
    bring(write(tmp_path / "members.csv", [HEADER, rows(1, NAME, PHONE, MAIL)]), source="shop")
    done = replaying.replay(actor=SYSTEM, at=LATER + timedelta(days=1))
    assert (done.lines, done.erased, done.open) == (1, 1, 0)
    assert list(everywhere(home)) == []
    assert replaying.replay(actor=SYSTEM, at=LATER + timedelta(days=1)).erased == 0


def test_a_person_in_the_recycle_bin_is_erased_too(known: Known, home: Path) -> None:
    bin_records(actor=SYSTEM, kind="customers.customer", record_ids=[known.person.pk], at=NOON)
    erase(known)
    assert list(everywhere(home)) == []
    assert Order.objects.get().customer_id is None


def test_a_restored_bin_forgets_again(known: Known, home: Path, tmp_path: Path) -> None:
    erase(known)
    bring(write(tmp_path / "members.csv", [HEADER, rows(1, NAME, PHONE, MAIL)]), source="shop")
    again = Customer.objects.get(name=NAME)
    bin_records(actor=SYSTEM, kind="customers.customer", record_ids=[again.pk], at=NOON)
    assert replaying.replay(actor=SYSTEM, at=LATER + timedelta(days=1)).erased == 1
    assert list(everywhere(home)) == []


def test_who_came_back_after_the_erasure_stays(known: Known, tmp_path: Path) -> None:
    erase(known)
    bring(write(tmp_path / "members.csv", [HEADER, rows(1, NAME, PHONE, MAIL)]), source="shop")
    Customer.objects.filter(name=NAME).update(created_at=LATER + timedelta(days=1))
    assert replaying.replay(actor=SYSTEM, at=LATER + timedelta(days=2)).erased == 0
    assert Customer.objects.filter(name=NAME).exists()
