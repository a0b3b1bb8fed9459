"""Encrypted fields: what lies in the database, who opens it, and new keys while everybody goes on working."""

import os
import stat
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import DatabaseError, connection, connections
from stdnum.cn import ric

from zhike.accounts import field_keys
from zhike.accounts.models import FieldKey
from zhike.core import envelope
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.core.envelope import MasterKeyMissing, SealBroken
from zhike.core.fields import FieldClosed
from zhike.customers import sealed
from zhike.customers.models import Activity, CustomerSearch, SealedValue
from zhike.customers.selectors.sealed_values import find_by_value
from zhike.customers.services import people, sealing
from zhike.customers.tests.conftest import NOON, Company
from zhike.insight.sources import sources

pytestmark = pytest.mark.django_db
NUMBER = "110101199003074258"
OTHER = "110101199003074266"


def person(name: str = "Ada", number: str = NUMBER) -> int:
    made = people.create_customer(actor=SYSTEM, at=NOON, name=name)
    if number:
        sealing.put_id_number(actor=SYSTEM, customer_id=made.pk, value=number, at=NOON)
    return int(made.pk)


def test_the_number_is_nowhere_in_the_database_in_the_clear() -> None:
    pk = person()
    assert sealed.read_sealed("id_number", pk) == NUMBER
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" AS t WHERE t::text LIKE %s', [f"%{NUMBER}%"])  # noqa: S608
            assert cursor.fetchone() == (0,), table
    assert NUMBER[3:14] not in CustomerSearch.objects.get(pk=pk).text
    assert "•••" in Activity.objects.get(customer=pk, kind="change").text
    assert not [one for source in sources() for one in source.columns if "seal" in one.name or "id_number" in one.name]


def test_the_same_number_is_sealed_differently_and_found_all_the_same() -> None:
    one, two = person("Ada"), person("Bo")
    person("Cy", OTHER)
    first, second = SealedValue.objects.filter(customer__in=[one, two]).order_by("customer_id")
    assert bytes(first.sealed) != bytes(second.sealed)
    assert find_by_value(actor=SYSTEM, field="id_number", value=f" {NUMBER[:6]} {NUMBER[6:]}") == [two, one]


def test_a_value_moved_to_another_customer_or_changed_does_not_open() -> None:
    one, two = person("Ada"), person("Bo", OTHER)
    mine = SealedValue.objects.get(customer=one)
    SealedValue.objects.filter(customer=two).update(sealed=mine.sealed, key=mine.key)
    with pytest.raises(SealBroken):
        sealed.read_sealed("id_number", two)
    SealedValue.objects.filter(customer=one).update(sealed=bytes(mine.sealed)[:-1] + b"x")
    with pytest.raises(SealBroken):
        sealed.read_sealed("id_number", one)


@pytest.mark.parametrize("bad", ["110101199003074259", "1101011990", "Ada", "110101199003074258\0"])
def test_a_number_with_a_wrong_check_digit_is_refused_and_not_repeated(bad: str) -> None:
    pk = person(number="")
    with pytest.raises(ValidationError) as refusal:
        sealing.put_id_number(actor=SYSTEM, customer_id=pk, value=bad, at=NOON)
    assert bad not in str(refusal.value)
    assert not SealedValue.objects.exists()


def test_an_empty_number_takes_it_away_and_the_same_changes_nothing() -> None:
    pk = person()
    assert sealing.put_id_number(actor=SYSTEM, customer_id=pk, value=NUMBER, at=NOON) is None
    assert sealing.put_id_number(actor=SYSTEM, customer_id=pk, value="", at=NOON) is not None
    assert sealed.read_sealed("id_number", pk) == ""


def test_who_may_not_write_it_is_refused(company: Company) -> None:
    pk = person(number="")
    with pytest.raises(FieldClosed):
        sealing.put_id_number(actor=company.actor("boss"), customer_id=pk, value=NUMBER, at=NOON)
    assert not SealedValue.objects.exists()


def test_rotation_gives_new_keys_and_retires_the_old_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 2)
    numbers = {person(f"p{n}", made): made for n in range(5) for made in [_number(n)]}
    before = {row.pk: bytes(row.sealed) for row in SealedValue.objects.all()}
    done = sealing.rotate_keys(at=NOON, with_index=True)
    assert (done.values, done.keys_retired) == (5, 2)
    assert FieldKey.objects.count() == 2
    assert not {row.pk for row in SealedValue.objects.all() if bytes(row.sealed) == before[row.pk]}
    assert {pk: sealed.read_sealed("id_number", pk) for pk in numbers} == numbers
    assert all(find_by_value(actor=SYSTEM, field="id_number", value=number) == [pk] for pk, number in numbers.items())


def _number(n: int) -> str:
    stem = f"11010119900307{n:03d}"
    return stem + ric.calc_check_digit(f"{stem}0")


def test_while_keys_change_both_are_read_and_searched() -> None:
    one = person("Ada")
    for use in FieldKey.Use.values:
        field_keys.make(use, at=NOON)
    two = person("Bo")
    assert SealedValue.objects.values("key", "index_key").distinct().count() == 2
    assert find_by_value(actor=SYSTEM, field="id_number", value=NUMBER) == [two, one]
    assert {sealed.read_sealed("id_number", pk) for pk in (one, two)} == {NUMBER}


def test_the_master_key_is_renewed_without_touching_a_value(settings: Any, tmp_path: Path) -> None:
    # A home of its own: other tests at the same time seal with the key of the common one.
    settings.HOME = type(settings.HOME)(path=tmp_path)
    settings.HOME.create()
    field_keys._opened.cache_clear()
    path = settings.HOME.secrets_dir / envelope.SECRET
    try:
        pk = person()
        before = bytes(SealedValue.objects.get(customer=pk).sealed)
        [first] = envelope.list_masters()
        wrapped = [bytes(key.wrapped) for key in FieldKey.objects.all()]
        assert envelope.renew_master()
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        assert field_keys.rewrap() == 2
        # What an older backup holds is still opened, until the key is given up by its id.
        assert {envelope.opener_of(one) for one in wrapped} == {first}
        [present, kept_id] = envelope.list_masters()
        assert (kept_id, field_keys.count_by_master()) == (first, {present: 2})
        assert not envelope.retire_master(present)
        assert envelope.retire_master(first)
        assert {envelope.opener_of(one) for one in wrapped} == {""}
        field_keys._opened.cache_clear()
        assert sealed.read_sealed("id_number", pk) == NUMBER
        assert bytes(SealedValue.objects.get(customer=pk).sealed) == before
        path.write_text("another instance's")
        field_keys._opened.cache_clear()
        with pytest.raises(MasterKeyMissing):
            sealed.read_sealed("id_number", pk)
    finally:
        field_keys._opened.cache_clear()


@pytest.mark.django_db(transaction=True)
def test_writers_go_on_while_keys_are_rotated() -> None:
    people_ids = [person(f"p{n}", _number(n)) for n in range(20)]
    failures: list[BaseException] = []

    def write() -> None:
        try:
            with acting(SYSTEM):
                for turn in range(60):
                    number = _number(100 + turn)
                    sealing.put_id_number(actor=SYSTEM, customer_id=people_ids[turn % 20], value=number, at=NOON)
        except (DatabaseError, ObjectDoesNotExist, ValueError) as error:
            failures.append(error)
        finally:
            connections.close_all()

    writer = Thread(target=write)
    writer.start()
    for _turn in range(3):
        sealing.rotate_keys(at=NOON, with_index=True)
    writer.join()
    assert failures == []
    assert {sealed.read_sealed("id_number", pk) for pk in people_ids} <= {_number(n) for n in range(100, 180)}
