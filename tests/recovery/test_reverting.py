"""What was done in one go is taken back in one go."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import translation

from zhike.accounts import services as accounts
from zhike.accounts.actors import actor_of
from zhike.accounts.models import User
from zhike.audit.models import Entry
from zhike.core.acting import acting, seeing_everything
from zhike.core.actor import SYSTEM, Actor, Scope
from zhike.customers.models import Customer, CustomerTag
from zhike.customers.services import people, tags
from zhike.customers.services.bin import CODE
from zhike.exchange.models import Import
from zhike.recovery import reverting, services, sets, tasks
from zhike.recovery.models import Binned, Reversal

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def person(name: str, scope: Scope) -> Actor:
    codes = [f"customers.{verb}_customer" for verb in ("view", "create", "edit", "delete")]
    role = accounts.put_role(actor=SYSTEM, code=name, name=name, grants=dict.fromkeys(codes, scope))
    user = User.objects.create(username=name, name=name, locale="en")
    user.roles.set([role])
    return actor_of(user)


@pytest.fixture
def boss(db: None) -> Actor:
    return person("boss", Scope.ALL)


def plant(count: int, owner: int | None = None) -> list[Customer]:
    return [
        people.create_customer(actor=SYSTEM, at=NOON, name=f"c{number}", city="上海", owner=owner, tags=["old"])
        for number in range(count)
    ]


def in_one_go(actor: Actor, customers: list[Customer], **changes: str) -> int:
    """A bulk edit, as one request would do it; the number of its last entry."""
    with acting(replace(actor, request_id="abc123"), origin="web"):
        for customer in customers:
            people.edit_customer(actor=actor, customer_id=customer.pk, changes=changes, at=NOON)
            tags.set_tags(actor=actor, customer_id=customer.pk, names=["new"], at=NOON)
    return latest()


def latest() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM audit_entry WHERE table_name <> ''")
        return int(cursor.fetchone()[0])


def revert(actor: Actor, entry: int) -> Reversal:
    with acting(actor):
        return reverting.start_reversal(actor=actor, entry_id=entry, reason="wrong list", at=NOON)


def cities() -> list[str]:
    return list(Customer.objects.order_by("pk").values_list("city", flat=True))


def test_a_bulk_edit_is_taken_back_but_for_what_was_edited_since(boss: Actor) -> None:
    several = plant(5)
    entry = in_one_go(boss, several, city="北京", channel="x")
    people.edit_customer(actor=SYSTEM, customer_id=several[0].pk, changes={"city": "广州"}, at=NOON)
    with acting(boss):
        plan = sets.plan_set(actor=boss, entry_id=entry)
    assert (len(plan.records), len(plan.conflicts), plan.hidden_count) == (5, 1, 0)
    made = revert(boss, entry)
    assert (made.total, made.done, reverting.count_states(made)) == (5, 5, {"done": 4, "edited": 1})
    assert made.finished_at
    assert cities() == ["广州", *["上海"] * 4]
    assert set(Customer.objects.values_list("channel", flat=True)) == {""}
    assert set(CustomerTag.objects.values_list("tag__name", flat=True)) == {"old"}


def test_only_what_one_may_edit_is_taken_back(boss: Actor) -> None:
    seller = person("seller", Scope.OWN)
    mine, foreign = plant(1, owner=seller.user_id)[0], plant(1)[0]
    entry = in_one_go(boss, [mine, foreign], city="北京")
    with acting(seller):
        plan = sets.plan_set(actor=seller, entry_id=entry)
    assert ([one.label for one in plan.records], plan.hidden_count) == (["c0"], 1)
    revert(seller, entry)
    assert cities() == ["上海", "北京"]
    stranger = person("stranger", Scope.OWN)
    with acting(stranger), pytest.raises(Entry.DoesNotExist):
        sets.plan_set(actor=stranger, entry_id=entry)


def test_many_records_are_worked_off_in_the_background_and_a_broken_run_goes_on(
    boss: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reverting, "AT_ONCE", 3)
    monkeypatch.setattr(reverting, "BATCH", 4)
    several = plant(10)
    entry = in_one_go(boss, several, city="北京")
    made = revert(boss, entry)
    assert (made.done, made.finished_at) == (0, None)
    with acting(boss):
        assert reverting.go_on(actor=boss, reversal_id=made.pk, at=NOON)
    made.refresh_from_db()
    assert made.done == 4
    tasks.revert_set.func(reversal_id=made.pk, user_id=boss.user_id)
    made.refresh_from_db()
    assert (made.done, reverting.count_states(made)) == (10, {"done": 10})
    assert made.finished_at
    assert set(cities()) == {"上海"}


def test_what_was_created_goes_to_the_bin_and_what_was_deleted_comes_back(boss: Actor) -> None:
    with acting(replace(boss, request_id="made"), origin="web"), transaction.atomic():
        made = [people.create_customer(actor=boss, at=NOON, name=f"n{number}") for number in range(3)]
    revert(boss, latest())
    assert not Customer.objects.exists()
    assert Binned.objects.count() == 3
    [entry] = Entry.objects.filter(table_name="customers_customer", action="insert").order_by("-pk")[:1]
    with acting(boss):
        services.restore_records(actor=boss, binned_ids=list(Binned.objects.values_list("pk", flat=True)))
    with acting(replace(boss, request_id="deleted"), origin="web"):
        services.bin_records(actor=boss, kind=CODE, record_ids=[one.pk for one in made], at=NOON)
    [entry] = Entry.objects.filter(table_name="customers_customer", action="delete").order_by("-pk")[:1]
    done = revert(boss, entry.pk)
    assert (done.value_count, reverting.count_states(done)) == (3, {"done": 3})
    assert Customer.objects.count() == 3
    assert not Binned.objects.exists()


def test_what_is_cancelled_stays_as_far_as_it_came(boss: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reverting, "AT_ONCE", 0)
    monkeypatch.setattr(reverting, "BATCH", 2)
    made = revert(boss, in_one_go(boss, plant(5), city="北京"))
    client = Client()
    client.force_login(User.objects.get(pk=boss.user_id))
    address = f"/bin/reversals/{made.pk}/"
    assert "0 of 5 records" in client.get(address).content.decode()
    with acting(boss):
        assert reverting.go_on(actor=boss, reversal_id=made.pk, at=NOON)
    assert client.post(f"{address}cancel/").status_code == 302
    with acting(boss):
        assert not reverting.go_on(actor=boss, reversal_id=made.pk, at=NOON)
    assert cities() == ["上海", "上海", "北京", "北京", "北京"]
    made.refresh_from_db()
    assert reverting.count_states(made) == {"done": 2, "waiting": 3}
    assert "Cancelled" in client.get(address).content.decode()
    polled = client.get(address, headers={"HX-Request": "true"})
    assert polled.headers["HX-Redirect"] == address, "the whole page once, and no more asking"
    again = revert(boss, latest_of("customers_customer", request="abc123"))
    monkeypatch.setattr(reverting, "BATCH", 50)
    tasks.revert_set.func(reversal_id=again.pk, user_id=boss.user_id)
    assert reverting.count_states(again) == {"done": 3, "same": 2}


def latest_of(table: str, **where: str) -> int:
    return Entry.objects.filter(table_name=table, **where).latest("pk").pk


def test_the_taking_back_is_taken_back_itself(boss: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reverting, "BATCH", 2)
    made = revert(boss, in_one_go(boss, plant(5), city="北京"))
    assert set(cities()) == {"上海"}
    revert(boss, latest_of("customers_customer", request=f"reversal-{made.pk}"))
    assert set(cities()) == {"北京"}


def test_one_whose_process_died_is_taken_up_again(boss: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reverting, "AT_ONCE", 0)
    made = revert(boss, in_one_go(boss, plant(2), city="北京"))
    Reversal.objects.filter(pk=made.pk).update(heartbeat_at=datetime.now(UTC))
    tasks.resume_reversals.func(timestamp=0)
    assert set(cities()) == {"北京"}, "somebody works on it"
    Reversal.objects.filter(pk=made.pk).update(heartbeat_at=NOON)
    tasks.resume_reversals.func(timestamp=0)
    assert set(cities()) == {"上海"}


def test_what_an_import_did_is_undone_on_its_own_page(boss: Actor) -> None:
    several = plant(3)
    with acting(replace(boss, request_id="import"), origin="task"):
        for customer in several:
            people.edit_customer(actor=boss, customer_id=customer.pk, changes={"city": "北京"}, at=NOON)
        with seeing_everything():
            job = Import.objects.create(name="a.csv", size=1, source="s", currency="CNY", zone="UTC", created_at=NOON)
    entry = latest_of("customers_customer", request="import")
    role = accounts.put_role(actor=SYSTEM, code="importer", name="i", grants={"exchange.view_import": Scope.ALL})
    User.objects.get(pk=boss.user_id).roles.add(role)
    for actor, address in ((boss, ""), (actor_of(User.objects.get(pk=boss.user_id)), f"/imports/{job.pk}/")):
        with acting(actor):
            plan = sets.plan_set(actor=actor, entry_id=entry)
        assert (plan.is_act, plan.act_url, plan.records) == (True, address, [])
        with acting(actor), pytest.raises(reverting.UndoneElsewhere):
            reverting.start_reversal(actor=actor, entry_id=entry, reason="", at=NOON)
    assert set(cities()) == {"北京"}


def test_whoever_is_chosen_is_overwritten_unless_something_changed_after_the_look(boss: Actor) -> None:
    several = plant(2)
    entry = in_one_go(boss, several, city="北京")
    for customer in several:
        people.edit_customer(actor=SYSTEM, customer_id=customer.pk, changes={"city": "广州"}, at=NOON)
    with acting(boss):
        agreed = [one.agreed for one in sets.plan_set(actor=boss, entry_id=entry).conflicts]
    people.edit_customer(actor=SYSTEM, customer_id=several[1].pk, changes={"city": "深圳"}, at=NOON)
    with acting(boss):
        made = reverting.start_reversal(actor=boss, entry_id=entry, reason="", agreed=agreed, at=NOON)
    assert cities() == ["上海", "深圳"]
    assert reverting.count_states(made) == {"done": 1, "edited": 1}


def test_the_pages_lead_from_one_change_to_all_of_them(boss: Actor) -> None:
    several = plant(3)
    in_one_go(boss, several, city="北京")
    entry = Entry.objects.filter(table_name="customers_customer", action="update", ids=[several[0].pk]).latest("pk").pk
    client = Client()
    client.force_login(User.objects.get(pk=boss.user_id))
    page = client.get(f"/customers/{several[0].pk}/history/{entry}/").content.decode()
    assert "3 records were changed in one go" in page
    address = f"/bin/changes/{entry}/"
    assert address in page
    assert "北京" in client.get(address).content.decode()
    began = client.post(address, {"reason": "wrong list"})
    assert began.status_code == 302
    assert "Brought back" in client.get(began.headers["Location"]).content.decode()
    assert set(cities()) == {"上海"}
    assert client.get("/bin/changes/999999999/").status_code == 404
    stranger = Client()
    stranger.force_login(User.objects.get(pk=person("stranger", Scope.OWN).user_id))
    assert stranger.get(address).status_code == 404
    assert stranger.get(began.headers["Location"]).status_code == 404
