"""Fixes in bulk: what they change, for whom, what they leave alone, and that all of it can be taken back."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from tests.duplicates.conftest import person

from zhike.accounts.actors import actor_of
from zhike.accounts.models import FieldAccess, User
from zhike.audit.models import Entry
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM, Actor, Scope, Sight
from zhike.customers.models import Customer, Identifier
from zhike.customers.services import people, sealing
from zhike.customers.services.identifiers import NewIdentifier
from zhike.metadata.models import Design, FieldDefinition
from zhike.quality import catalogue
from zhike.quality.models import Finding, Fix, OwnRule, Run
from zhike.quality.services import deciding, fixing, ruling
from zhike.recovery import reverting

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def boss() -> Actor:
    return actor_of(person("boss", Scope.ALL))


def plant(name: str, rule: str, *, kind: str = "", value: str = "", **more: Any) -> Customer:
    marks = [NewIdentifier(kind=kind, value=value)] if kind else []
    customer = people.create_customer(actor=SYSTEM, at=NOON, name=name, identifiers=marks, **more)
    is_mark = kind and rule != "place_in_address"
    item = customer.identifiers.get(kind=kind).pk if is_mark else customer.pk
    Finding.objects.create(rule=rule, customer_id=customer.pk, item_id=item, stamp="x", run_id=1)
    return customer


def fix(actor: Actor, rule: str, **more: Any) -> Fix:
    with acting(actor, origin="web"):
        return fixing.start_fix(actor=actor, rule=rule, at=NOON, **more)


def test_every_fix_does_what_it_says(boss: Actor) -> None:
    Run.objects.create(
        step="done", is_newest=True, as_of=NOON.date(), started_at=NOON, heartbeat_at=NOON, finished_at=NOON,
        metrics={"forms": {"province": {"浙江省": "浙江"}, "city": {"杭州": "杭州市"}}},
    )  # fmt: skip
    phone = plant("甲", "phone_form", kind="phone", value="138-0013 8000")
    mail = plant("乙", "email_form", kind="email", value="Zhang@QQ.com")
    typo = plant("丙", "email_typo", kind="email", value="li@gmial.com")
    wide = plant("王 小明Ａ", "name_form")
    titled = plant("王小明先生", "name_title")
    placed = plant("丁", "city_form", province="浙江", city="杭州")
    without = plant("戊", "province_missing", city="杭州市")
    lying = plant("己", "place_in_address", kind="address", value="浙江省杭州市西湖区文三路 1 号")
    born = plant("庚", "birthday_missing")
    sealing.put_id_number(actor=SYSTEM, customer_id=born.pk, value="11010119900307774X", at=NOON)
    FieldDefinition.objects.create(
        record="customers.customer", key="plant", kind="address", label="厂址", created_at=NOON
    )
    Design.objects.update_or_create(record="customers.customer", defaults={"token": "plant"})
    whole = plant("辛", "custom.plant.unsplit", custom={"custom.plant": {"street": "江苏省苏州市昆山市花桥镇 1 号"}})
    user = User.objects.get(pk=boss.user_id)
    FieldAccess.objects.create(role=user.roles.get(), field="customers.customer.id_number", level=Sight.READ)
    boss = actor_of(User.objects.get(pk=user.pk))
    for rule in Finding.objects.values_list("rule", flat=True).distinct():
        assert fix(boss, rule).changed_count == 1, rule
    marks = dict(Identifier.objects.values_list("customer_id", "value"))
    assert marks[phone.pk] == "13800138000"
    assert marks[mail.pk] == "zhang@qq.com"
    assert marks[typo.pk] == "li@gmail.com"
    people_now = {row.pk: row for row in Customer.objects.all()}
    assert (people_now[wide.pk].name, people_now[titled.pk].name) == ("王小明A", "王小明")
    assert people_now[placed.pk].city == "杭州市"
    # What is filled in is written as most have it.
    assert people_now[without.pk].province == "浙江"
    assert (people_now[lying.pk].province, people_now[lying.pk].city) == ("浙江", "杭州市")
    assert people_now[born.pk].birthday_on == date(1990, 3, 7)
    parts = {"province": "江苏省", "city": "苏州市", "district": "昆山市", "street": "花桥镇 1 号"}
    assert people_now[whole.pk].custom["plant"] == parts
    assert not Finding.objects.exists()


def test_a_fix_is_one_set_with_its_reason_and_is_taken_back_in_one_go(boss: Actor) -> None:
    marked = [plant(f"客{number}", "phone_form", kind="phone", value=f"139 0000 {number:04d}") for number in range(3)]
    named = plant("赵 大", "name_form")
    done = fix(boss, "phone_form")
    assert (done.total, done.changed_count, done.kept_count, done.is_cancelled) == (3, 3, 0, False)
    entry = Entry.objects.get(pk=done.entry_id)
    assert entry.request == f"quality-fix-{done.pk}"
    with acting(boss, origin="web"):
        back = reverting.start_reversal(actor=boss, entry_id=entry.pk, reason="no", at=NOON)
    assert (back.total, back.value_count) == (3, 3)
    values = set(Identifier.objects.filter(customer__in=marked).values_list("value", flat=True))
    assert values == {f"139 0000 {number:04d}" for number in range(3)}
    done = fix(boss, "name_form")
    with acting(boss, origin="web"):
        reverting.start_reversal(actor=boss, entry_id=done.entry_id or 0, reason="", at=NOON)
    named.refresh_from_db()
    assert named.name == "赵 大"


def test_what_cannot_be_fixed_stays_and_is_counted(boss: Actor) -> None:
    taken = plant("甲", "email_typo", kind="email", value="li@gmial.com")
    Identifier.objects.create(
        customer=taken, kind="email", value="li@gmail.com", value_normal="li@gmail.com", strength=2, created_at=NOON
    )
    edited = plant("乙", "email_typo", kind="email", value="wang@qq.con")
    Identifier.objects.filter(customer=edited).update(value="wang@qq.com", value_normal="wang@qq.com")
    done = fix(boss, "email_typo")
    assert (done.changed_count, done.kept_count, done.entry_id) == (0, 2, None)
    assert Finding.objects.count() == 2
    with pytest.raises(fixing.NotFixable):
        fix(boss, "phone_impossible")
    with pytest.raises(fixing.NothingToFix):
        fix(boss, "name_title")


def test_who_may_not_write_the_field_fixes_nothing_and_nobody_fixes_what_others_hold(boss: Actor) -> None:
    seller = person("seller", Scope.OWN)
    mine = plant("甲", "phone_form", kind="phone", value="138 0013 8000", owner=seller.pk)
    theirs = plant("乙", "phone_form", kind="phone", value="139 0013 9000")
    done = fix(actor_of(seller), "phone_form")
    assert (done.total, done.changed_count) == (1, 1)
    assert Identifier.objects.get(customer=theirs).value == "139 0013 9000"
    assert Identifier.objects.get(customer=mine).value == "13800138000"
    FieldAccess.objects.update_or_create(
        role=seller.roles.get(), field="customers.customer.phone", defaults={"level": Sight.READ}
    )
    Finding.objects.create(
        rule="phone_form", customer_id=mine.pk, item_id=Identifier.objects.get(customer=mine).pk, stamp="x", run_id=1
    )
    with pytest.raises(PermissionDenied):
        fix(actor_of(User.objects.get(pk=seller.pk)), "phone_form")
    with pytest.raises(PermissionDenied):
        fix(Actor(user_id=None, name=""), "phone_form")
    with pytest.raises(Fix.DoesNotExist):
        fixing.get_fix(actor=boss, fix_id=done.pk)


def test_a_long_fix_goes_on_where_it_stopped_and_stops_where_it_is_told(boss: Actor) -> None:
    for number in range(4):
        plant(f"客{number}", "phone_form", kind="phone", value=f"139 0000 {number:04d}")
    made = Fix.objects.create(
        rule="phone_form", user_id=boss.user_id, started_at=NOON, heartbeat_at=NOON, total=4,
        until_id=Finding.objects.order_by("-pk").values_list("pk", flat=True)[0],
    )  # fmt: skip
    with acting(boss, origin="task"):
        fixing.BATCH, kept = 3, fixing.BATCH
        try:
            assert fixing.go_on(actor=boss, fix_id=made.pk, at=NOON) is True
            made.refresh_from_db()
            assert (made.done, made.changed_count) == (3, 3)
            fixing.cancel_fix(actor=boss, fix_id=made.pk, at=NOON)
            assert fixing.go_on(actor=boss, fix_id=made.pk, at=NOON) is False
        finally:
            fixing.BATCH = kept
    assert Finding.objects.count() == 1


def test_right_so_is_an_event_and_can_be_taken_back(boss: Actor) -> None:
    seller = actor_of(person("seller", Scope.OWN))
    plant("甲", "phone_form", kind="phone", value="138 0013 8000")
    ids = list(Finding.objects.values_list("pk", flat=True))
    assert deciding.say_right(actor=seller, finding_ids=ids, at=NOON) == []
    assert deciding.say_right(actor=boss, finding_ids=ids, at=NOON) == ids
    assert Finding.objects.get().state == "right"
    assert Entry.objects.filter(action="quality.say_right").exists()
    assert deciding.open_again(actor=boss, finding_ids=ids, at=NOON) == ids
    with pytest.raises(PermissionDenied):
        deciding.say_right(actor=Actor(user_id=None, name=""), finding_ids=ids, at=NOON)


def test_rules_are_made_on_a_page_and_refused_where_they_make_no_sense(boss: Actor) -> None:
    client = Client()
    client.force_login(User.objects.get(pk=boss.user_id))
    data = {
        "label": "渠道",
        "field": "channel",
        "ask": "listed",
        "values": "官网\n门店",
        "severity": "3",
        "is_active": "on",
    }
    assert client.post("/quality/rules/new/", data).status_code == 302
    rule = OwnRule.objects.get()
    assert (rule.values, rule.severity, rule.low) == (["官网", "门店"], 3, "")
    [check] = [one for one in catalogue.list_checks() if one.is_own]
    assert "官网" in str(check.meaning)
    assert "渠道" in client.get("/quality/rules/").content.decode()
    page = f"/quality/rules/{rule.pk}/"
    typed = client.get(f"{page}?ask=number&label=typed").content.decode()
    assert ('value="typed"' in typed, 'name="low"' in typed, 'name="values"' in typed) == (True, True, False)
    assert client.post(page, {**data, "ask": "pattern", "pattern": "("}).status_code == 422
    assert client.post(page, {**data, "ask": "day", "low": "soon"}).status_code == 422
    assert client.post(page, {**data, "ask": "number", "low": "9", "high": "1"}).status_code == 422
    assert client.post(page, {**data, "ask": "length", "values": ""}).status_code == 422
    Finding.objects.create(rule=f"own.{rule.pk}", customer_id=1, item_id=1, stamp="x", run_id=1)
    assert client.post(page, {**data, "ask": "length", "high": "5"}).status_code == 302
    assert not Finding.objects.exists()
    assert client.post(f"{page}remove/").status_code == 302
    assert not OwnRule.objects.exists()
    seller = actor_of(person("seller", Scope.OWN, but="quality.manage_rules"))
    with pytest.raises(PermissionDenied):
        ruling.put_rule(actor=seller, at=NOON, label="x", field="name", ask="required")
    with pytest.raises(ValidationError):
        ruling.put_rule(actor=boss, at=NOON, label="x", field="custom.gone", ask="required", severity=2)
    for bound in ("inf", "nan", "1); DROP TABLE customers; --"):
        with pytest.raises(ValidationError):
            ruling.put_rule(actor=boss, at=NOON, label="x", field="name", ask="length", severity=2, low=bound)


def test_pages_fix_say_right_and_lead_back(boss: Actor) -> None:
    client = Client()
    client.force_login(User.objects.get(pk=boss.user_id))
    plant("甲", "phone_form", kind="phone", value="138 0013 8000")
    plant("乙", "birthday_old", birthday_on=date(1899, 1, 1))
    old = Finding.objects.get(rule="birthday_old")
    shown = client.get("/quality/findings/birthday_old/").content.decode()
    assert "1899-01-01" in shown
    assert "/fix/" not in shown  # nobody but people can tell
    assert client.post("/quality/findings/birthday_old/right/", {"id": old.pk}).status_code == 302
    assert "state=right" in client.get("/quality/findings/birthday_old/").content.decode()
    done: Any = client.post("/quality/findings/phone_form/fix/")
    page = client.get(done["Location"]).content.decode()
    assert f"/bin/changes/{Fix.objects.get().entry_id}/" in page
    assert client.post("/quality/findings/phone_form/fix/").status_code == 302
    assert client.get("/quality/findings/nothing/").status_code == 404
