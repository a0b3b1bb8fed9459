"""A run finds what was planted and little else, counts what patient counting counts, and remembers what is right."""

from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from django.core.exceptions import PermissionDenied

from zhike.core.actor import SYSTEM, Actor
from zhike.customers.models import Customer, Identifier
from zhike.metadata.models import Design, FieldDefinition
from zhike.quality.models import Figure, Finding, OwnRule, Run, Tally
from zhike.quality.patterns import quoted
from zhike.quality.reading import reading
from zhike.quality.services import running
from zhike.quality.tests.planting import DAY, NOW, RULES, plant

pytestmark = pytest.mark.django_db(transaction=True)
# Errors that look like others too: a made-up number may be shared, a place in an address is missing a province.
SEED = 20_260_315


def run(spill: Path, as_of: date = DAY) -> Run:
    made = running.open_run(as_of=as_of, at=NOW)
    return running.carry_out(actor=SYSTEM, run_id=made.pk, now=lambda: NOW, spill=spill)


def found_by_rule() -> dict[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for rule, customer in Finding.objects.filter(state="open").values_list("rule", "customer_id"):
        found[rule].add(customer or 0)
    return found


def test_planted_errors_are_found_and_hardly_anything_else(tmp_path: Path) -> None:
    planted = plant(2000, seed=SEED)
    made = run(tmp_path)
    assert (made.step, made.customer_count, made.is_newest) == (Run.Step.DONE, 2000, True)
    found = found_by_rule()
    place = {customer.pk: number for number, customer in enumerate(planted.customers)}
    for rule in RULES:
        told, wanted = {place[pk] for pk in found[rule]}, planted.errors[rule]
        assert wanted, rule
        assert len(told & wanted) / len(wanted) == 1.0, f"recall of {rule}"
        assert len(told & wanted) / len(told) >= 0.97, f"precision of {rule}: {sorted(told - wanted)[:5]}"

    counted = {one.rule: (one.items, one.customers) for one in Tally.objects.all()}
    assert counted["email_typo"] == (len(planted.errors["email_typo"]),) * 2
    shared = Identifier.objects.filter(kind="phone").values_list("value_normal", "customer_id")
    holders: dict[str, set[int]] = defaultdict(set)
    for value, customer in shared:
        holders[value].add(customer)
    assert found["phone_shared"] == {pk for mine in holders.values() if len(mine) > 1 for pk in mine}

    city = Figure.objects.get(field="city", by="")
    assert (city.records, city.filled) == (2000, Customer.objects.exclude(city="").count())
    old = NOW - timedelta(days=365)
    assert city.late == Customer.objects.exclude(city="").filter(updated_at__lt=old).count()
    assert city.inconsistent == len(found["city_elsewhere"] | found["city_form"])
    assert city.outlying is None
    phone = Figure.objects.get(field="phone", by="")
    assert phone.invalid == len(found["phone_impossible"] | found["phone_placeholder"] | found["phone_form"])
    assert phone.shared == len(found["phone_shared"])
    by_channel = Figure.objects.filter(field="phone", by="channel")
    assert sum(one.invalid or 0 for one in by_channel) == phone.invalid
    web = by_channel.get(source="web")
    assert web.records == Customer.objects.filter(channel="web").count()


def test_what_is_right_stays_so_until_it_is_another_value(tmp_path: Path) -> None:
    planted = plant(120, seed=1, share=0)
    first, second = planted.customers[:2]
    Customer.objects.filter(pk__in=[first.pk, second.pk]).update(birthday_on=date(1899, 5, 1))
    run(tmp_path)
    assert found_by_rule()["birthday_old"] == {first.pk, second.pk}
    Finding.objects.filter(customer_id=first.pk).update(state="right")
    run(tmp_path)
    assert found_by_rule()["birthday_old"] == {second.pk}
    assert Figure.objects.get(field="birthday_on", by="").invalid == 1
    assert Run.objects.filter(is_newest=True).count() == 1
    Customer.objects.filter(pk=first.pk).update(birthday_on=date(1899, 5, 2))
    run(tmp_path)
    assert found_by_rule()["birthday_old"] == {first.pk, second.pk}

    # A day long past adds to the trend and leaves the work list alone.
    run(tmp_path, as_of=DAY - timedelta(days=101))
    assert found_by_rule()["birthday_old"] == {first.pk, second.pk}
    assert set(Run.objects.filter(is_newest=True).values_list("customer_count", flat=True)) == {120, 0}


def define(key: str, kind: str, **more: Any) -> None:
    FieldDefinition.objects.create(record="customers.customer", key=key, kind=kind, label=key, created_at=NOW, **more)
    Design.objects.update_or_create(record="customers.customer", defaults={"token": key})


def test_own_fields_and_own_rules_find_what_they_are_for(tmp_path: Path) -> None:
    customers = plant(80, seed=2, share=0).customers
    define("seats", "number", rules={"least": 1})
    define("work", "phone")
    define("contract", "text")
    define("plant", "address")
    values: list[dict[str, Any]] = [{"seats": 10 + number % 7, "contract": f"HT-{number:04d}"} for number in range(80)]
    values[0]["seats"], values[1]["seats"], values[2]["contract"] = 90_000, -3, "HT-x"
    values[3]["work"] = values[4]["work"] = "+8613800138000"
    values[5]["work"], values[6] = "+8612", {"seats": 12}
    values[7]["plant"], values[8]["plant"] = {"street": "杭州市西湖区文三路 1 号"}, {"street": "文三路 1 号"}
    for customer, held in zip(customers, values, strict=True):
        customer.custom = held
    Customer.objects.bulk_update(customers, ["custom"])
    rules = [
        OwnRule(label="a", field="custom.contract", ask="pattern", pattern="HT-[0-9]{4}"),
        OwnRule(label="b", field="custom.contract", ask="required"),
        OwnRule(label="c", field="custom.seats", ask="number", low="１１", high="1_00"),
        OwnRule(label="d", field="birthday_on", ask="day", low="19550102", high="1990-01-01"),
        OwnRule(label="e", field="city", ask="listed", values=["杭州市", "上海市", "深圳市"]),
        OwnRule(label="f", field="email", ask="length", high="5"),
        OwnRule(label="g", field="custom.gone", ask="required"),
    ]
    for rule in rules:
        rule.created_at = NOW
        rule.save()
    made = run(tmp_path)
    assert made.metrics["failed"] == []
    found, pks = found_by_rule(), [customer.pk for customer in customers]
    own = {rule.label: found[f"own.{rule.pk}"] for rule in rules}
    assert own["a"] == {pks[2]}
    assert own["b"] == {pks[6]}
    wanted = {pk for pk, held in zip(pks, values, strict=True) if not 11 <= held["seats"] <= 100}
    assert own["c"] == wanted
    assert own["d"] == {one.pk for one in customers if one.birthday_on and one.birthday_on > date(1990, 1, 1)}
    assert own["e"] == {one.pk for one in customers if one.city == "成都市"}
    assert len(own["f"]) == 80
    assert own["g"] == set()
    assert found["custom.seats.far"] == {pks[0], pks[1]}
    assert found["custom.seats.invalid"] == {pks[1]}
    assert found["custom.work.shared"] == {pks[3], pks[4]}
    assert found["custom.work.invalid"] == {pks[5]}
    assert found["custom.plant.unsplit"] == {pks[7]}
    seats = Figure.objects.get(field="custom.seats", by="")
    assert (seats.filled, seats.outlying, seats.invalid) == (80, 2, len(wanted | {pks[1]}))


def test_nothing_is_left_on_disk_and_no_file_is_within_reach(tmp_path: Path) -> None:
    place = tmp_path / "quality"
    left = place / "of-a-killed-run" / "duckdb_temp_storage-0.tmp"
    left.parent.mkdir(parents=True)
    left.write_text("张伟")
    with reading(as_of=DAY, spill=place) as engine:
        assert not left.parent.exists()
        with pytest.raises(duckdb.PermissionException):
            engine.con.execute(f"SELECT * FROM read_text({quoted(__file__)})")
    assert list(place.iterdir()) == []


def test_only_one_run_at_a_time_and_only_for_those_who_may() -> None:
    with pytest.raises(PermissionDenied):
        running.start_run(actor=Actor(user_id=None, name=""), at=NOW)
    assert not Run.objects.exists()
    running.start_run(actor=SYSTEM, at=NOW)
    with pytest.raises(running.RunUnderWay):
        running.start_run(actor=SYSTEM, at=NOW)
    # Whoever was silent for long is dead.
    running.start_run(actor=SYSTEM, at=NOW + timedelta(hours=1))
    assert Run.objects.filter(step=Run.Step.FAILED).count() == 1
