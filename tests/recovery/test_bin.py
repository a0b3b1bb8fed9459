"""Customers into the recycle bin and back, as if nothing had happened."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db import connection
from django.test import Client
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhike.accounts import services as accounts
from zhike.accounts.actors import actor_of
from zhike.accounts.models import User
from zhike.commerce import services as commerce
from zhike.commerce.models import Order
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM, Actor, Scope
from zhike.customers.models import Activity, Customer, CustomerFacts, Identifier
from zhike.customers.services import activities, collaborators, people
from zhike.customers.services.bin import CODE
from zhike.customers.services.identifiers import IdentifierTaken, NewIdentifier
from zhike.recovery import selectors, services, tasks
from zhike.recovery.models import Binned

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
GRANTS = (
    *("customers.view_customer", "customers.edit_customer", "customers.create_customer", "customers.delete_customer"),
    *("commerce.view_order", "accounts.use_api"),
)
type Make = Callable[..., Customer]


def person(name: str, scope: Scope, *more: str, but: str = "") -> User:
    grants = dict.fromkeys([code for code in (*GRANTS, *more) if code != but], scope)
    role = accounts.put_role(actor=SYSTEM, code=name, name=name, grants=grants)
    user = User.objects.create(username=name, name=name, locale="en")
    user.roles.set([role])
    return user


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def boss(db: None) -> Actor:
    return actor_of(person("boss", Scope.ALL, "recovery.purge_record"))


@pytest.fixture
def seller(db: None) -> Actor:
    return actor_of(person("seller", Scope.OWN))


@pytest.fixture
def make(db: None) -> Make:
    def plant(name: str, *, code: str = "", owner: int | None = None, orders: int = 2) -> Customer:
        new = [NewIdentifier(kind="phone", value=f"138{abs(hash(name)) % 10**8:08}")]
        if code:
            new.append(NewIdentifier(kind="external", value=code, system="shop"))
        customer = people.create_customer(
            actor=SYSTEM, at=NOON, name=name, owner=owner, identifiers=new, tags=["vip", "north"], note="said 'x'\n“y”"
        )
        activities.add_activity(actor=SYSTEM, customer_id=customer.pk, kind="note", text=f"note {name}", at=NOON)
        people.edit_customer(actor=SYSTEM, customer_id=customer.pk, changes={"city": "上海"}, at=NOON)
        line = commerce.LineDraft(quantity=Decimal("1.01"), unit_price=Decimal("5.123456"))
        for number in range(orders):
            commerce.create_order(
                actor=SYSTEM,
                customer_id=customer.pk,
                at=NOON,
                source="s",
                number=f"{name}{number}",
                placed_at=NOON,
                currency="CNY",
                lines=[line],
            )
        CustomerFacts.objects.create(
            customer=customer, run_id=1, as_of=NOON.date(), relationship="repeat", stage="new", interval_days=0.1 + 0.2
        )
        return customer

    return plant


def delete(actor: Actor, *customers: Customer) -> services.Moved:
    with acting(actor):
        ids = [customer.pk for customer in customers]
        return services.bin_records(actor=actor, kind=CODE, record_ids=ids, at=NOON)


def restore(actor: Actor, *customers: Customer, leave_out: bool = False) -> services.Restored:
    ids = list(Binned.objects.filter(record_id__in=[one.pk for one in customers]).values_list("pk", flat=True))
    with acting(actor):
        return services.restore_records(actor=actor, binned_ids=ids, leave_out=leave_out)


def checksums() -> dict[str, str]:
    """Every table of business data, row by row; change stamps say when, not what."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            " AND relname ~ '^(customers|commerce|scores|exchange|recovery)_'"
        )
        tables = sorted(name for (name,) in cursor.fetchall())
        found = {}
        for table in tables:
            cursor.execute(
                f"SELECT md5(coalesce(string_agg(line, '' ORDER BY line), '')) FROM"  # noqa: S608
                f" (SELECT (to_jsonb(t) - 'changed_xid')::text AS line FROM {table} AS t) AS lines"
            )
            [found[table]] = cursor.fetchone()
    return found


def test_a_deleted_customer_is_gone_and_comes_back_as_it_was(boss: Actor, make: Make) -> None:
    customer, other = make("王小明", code="C1"), make("other")
    before = checksums()
    delete(boss, customer)
    assert not Customer.objects.filter(pk=customer.pk).exists()
    assert not Identifier.objects.filter(customer_id=customer.pk).exists()
    assert not Activity.objects.filter(customer_id=customer.pk).exists()
    assert Order.objects.filter(customer=None).count() == 2
    assert Order.objects.filter(customer=other).count() == 2
    restored = restore(boss, customer)
    assert restored.ids == [customer.pk]
    assert restored.left == []
    assert checksums() == before


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.booleans(), st.sets(st.integers(0, 3), min_size=1)), max_size=8))
def test_any_sequence_of_deleting_and_restoring_ends_where_it_began(
    boss: Actor, make: Make, steps: list[tuple[bool, set[int]]]
) -> None:
    planted = list(Customer.objects.order_by("pk")) or [make(name, code=name) for name in ("a1", "b1", "c1", "d1")]
    before = checksums()
    for is_deleting, places in steps:
        for place in places:
            is_there = Customer.objects.filter(pk=planted[place].pk).exists()
            if is_deleting and is_there:
                delete(boss, planted[place])
            elif not is_deleting and not is_there:
                restore(boss, planted[place])
    gone = [one for one in planted if not Customer.objects.filter(pk=one.pk).exists()]
    if gone:
        restore(boss, *gone)
    assert checksums() == before


def test_what_was_deleted_in_one_go_comes_back_in_one_go(boss: Actor, make: Make) -> None:
    several = [make(f"n{number}") for number in range(5)]
    before = checksums()
    moved = delete(boss, *several)
    with acting(boss):
        restored = services.restore_batch(actor=boss, batch=moved.batch)
    assert restored.ids == [one.pk for one in several]
    assert checksums() == before
    with acting(boss), pytest.raises(services.NothingInBin):
        services.restore_batch(actor=boss, batch=moved.batch)


def test_somebody_else_may_have_the_identifier_and_a_restore_says_so(boss: Actor, make: Make) -> None:
    customer = make("甲", code="C1")
    delete(boss, customer)
    newcomer = make("乙", code="C1")
    before = checksums()
    with pytest.raises(services.RestoreCollides, match="“C1” belongs to 乙 by now") as refusal:
        restore(boss, customer)
    assert refusal.value.collisions[0].url == f"/customers/{newcomer.pk}/"
    assert checksums() == before
    restored = restore(boss, customer, leave_out=True)
    assert [one.said for one in restored.left] == ["“C1” belongs to 乙 by now."]
    assert set(Identifier.objects.filter(customer=customer).values_list("kind", flat=True)) == {"phone"}
    with pytest.raises(IdentifierTaken):
        people.create_customer(
            actor=SYSTEM, at=NOON, name="丙", identifiers=[NewIdentifier(kind="external", value="C1", system="shop")]
        )


def test_an_order_that_found_another_customer_meanwhile_stays_with_it(boss: Actor, make: Make) -> None:
    customer, other = make("one"), make("two")
    first, second = Order.objects.filter(customer=customer).order_by("pk")
    delete(boss, customer)
    Order.objects.filter(pk=first.pk).update(customer=other)
    restore(boss, customer)
    assert [Order.objects.get(pk=order.pk).customer_id for order in (first, second)] == [other.pk, customer.pk]


def test_one_deletes_within_ones_scope_only(seller: Actor, make: Make) -> None:
    mine, foreign = make("mine", owner=seller.user_id), make("foreign")
    before = checksums()
    with acting(seller), pytest.raises(ObjectDoesNotExist):
        services.bin_records(actor=seller, kind=CODE, record_ids=[foreign.pk], at=NOON)
    assert checksums() == before
    moved = delete(seller, mine, foreign)
    assert (moved.ids, moved.refused_count) == ([mine.pk], 1)


def test_who_may_only_edit_a_customer_cannot_delete_it(seller: Actor, make: Make) -> None:
    shared = make("shared")
    collaborators.put_collaborator(
        actor=SYSTEM, customer_id=shared.pk, user_id=seller.user_id or 0, may_edit=True, at=NOON
    )
    before = checksums()
    with acting(seller), pytest.raises(PermissionDenied):
        services.bin_records(actor=seller, kind=CODE, record_ids=[shared.pk], at=NOON)
    assert checksums() == before


def test_the_bin_shows_what_one_could_see_and_delete(boss: Actor, seller: Actor, make: Make) -> None:
    mine, foreign = make("mine", owner=seller.user_id), make("foreign")
    delete(boss, mine, foreign)
    looker = actor_of(person("looker", Scope.ALL, but="customers.delete_customer"))

    def seen(actor: Actor) -> list[str]:
        with acting(actor):
            return [row.label for row in selectors.list_binned(actor=actor, page=selectors.Page(), at=NOON).items]

    assert seen(boss) == ["foreign", "mine"]
    assert seen(seller) == ["mine"]
    assert seen(looker) == []
    with acting(seller):
        assert list(Binned.objects.values_list("label", flat=True)) == ["mine"], "the policy of the table"
    hidden = list(Binned.objects.filter(record_id=foreign.pk).values_list("pk", flat=True))
    with acting(seller), pytest.raises(services.NothingInBin):
        services.restore_records(actor=seller, binned_ids=hidden)


def test_only_who_may_deletes_for_good(boss: Actor, seller: Actor, make: Make) -> None:
    customer = make("mine", owner=seller.user_id)
    delete(seller, customer)
    [binned] = Binned.objects.values_list("pk", flat=True)
    with acting(seller), pytest.raises(PermissionDenied):
        services.purge_records(actor=seller, binned_ids=[binned])
    with acting(boss):
        assert services.purge_records(actor=boss, binned_ids=[binned]) == 1
    assert not Binned.objects.exists()
    assert Order.objects.filter(customer=None).count() == 2, "orders are facts of the company's turnover"


def test_the_bin_empties_itself_after_its_days(boss: Actor, make: Make, settings: Any) -> None:
    settings.BIN_DAYS = 30
    old, young = make("old"), make("young")
    delete(boss, old, young)
    now = datetime.now(UTC)
    Binned.objects.filter(record_id=old.pk).update(deleted_at=now - timedelta(days=30, minutes=1))
    Binned.objects.filter(record_id=young.pk).update(deleted_at=now - timedelta(days=29))
    tasks.empty_bin.func(timestamp=0)
    assert list(Binned.objects.values_list("record_id", flat=True)) == [young.pk]


def test_somebody_hands_over_what_is_in_the_bin_as_well(boss: Actor, seller: Actor, make: Make) -> None:
    customer = make("mine", owner=seller.user_id)
    delete(seller, customer)
    taker = person("taker", Scope.OWN)
    accounts.reassign_records(actor=SYSTEM, user=User.objects.get(pk=seller.user_id), to_users=[taker], at=NOON)
    restore(boss, customer)
    assert Customer.objects.get(pk=customer.pk).owner_id == taker.pk


def test_a_tag_that_is_gone_meanwhile_stays_away(boss: Actor, make: Make) -> None:
    customer = make("one")
    delete(boss, customer)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM customers_tag WHERE name = 'vip'")
    restore(boss, customer)
    assert list(customer.customer_tags.values_list("tag__name", flat=True)) == ["north"]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_delete_and_restore_at_once_one_succeeds(boss: Actor, make: Make) -> None:
    customer = make("one", code="C1")
    before = checksums()

    def at_once(act: Callable[[], object], refusal: type[Exception]) -> list[str]:
        done: list[str] = []
        ready = threading.Barrier(4)

        def run() -> None:
            ready.wait()
            try:
                act()
                done.append("done")
            except refusal:
                done.append("refused")
            finally:
                connection.close()

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(done)

    for _round in range(3):
        assert at_once(lambda: delete(boss, customer), ObjectDoesNotExist) == ["done", *["refused"] * 3]
        [binned] = Binned.objects.values_list("pk", flat=True)

        def back(pk: int = binned) -> None:
            with acting(boss):
                services.restore_records(actor=boss, binned_ids=[pk])

        assert at_once(back, services.NothingInBin) == ["done", *["refused"] * 3]
        assert checksums() == before


def test_history_tells_of_it(boss: Actor, make: Make) -> None:
    customer = make("one")
    delete(boss, customer)
    restore(boss, customer)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT action FROM audit_entry WHERE %s = ANY(ids) AND (table_name = 'customers_customer'"
            " OR action LIKE 'recovery.%%') ORDER BY id DESC LIMIT 4",
            [customer.pk],
        )
        found = [action for (action,) in cursor.fetchall()]
    assert found == ["recovery.restore_record", "insert", "recovery.bin_record", "delete"]


def test_pages_delete_with_an_undo_instead_of_a_question(boss: Actor, make: Make) -> None:
    one, two = make("甲", code="C1"), make("乙")
    client = Client(headers={"HX-Request": "true"})
    client.force_login(User.objects.get(pk=boss.user_id))
    page = client.get("/customers/").content.decode()
    assert f'name="id" value="{one.pk}"' in page
    assert f"/customers/{one.pk}/delete/" in page
    before = checksums()
    answer = client.post("/customers/delete/", {"id": [one.pk, two.pk, 10**9]})
    told = json.loads(answer.headers["HX-Trigger"])
    assert answer.status_code == 204
    assert told["recordsChanged"] is True
    assert told["toast"]["message"] == "2 customers in the recycle bin; 1 may not be deleted by you."
    assert "甲" in client.get("/bin/").content.decode()
    undone = client.post(told["toast"]["undoUrl"])
    assert "recordsChanged" in json.loads(undone.headers["HX-Trigger"])
    assert checksums() == before
    assert client.post(told["toast"]["undoUrl"]).status_code == 409
    from_page = client.post(f"/customers/{one.pk}/delete/", headers={"HX-Current-URL": f"http://x/customers/{one.pk}/"})
    assert from_page.headers["HX-Redirect"] == "/customers/"
    assert 'data-toast-undo="/bin/batches/' in client.get("/customers/", headers={"HX-Request": ""}).content.decode()
    make("丙", code="C1")
    [binned] = Binned.objects.values_list("pk", flat=True)
    collides = client.post("/bin/restore/", {"id": binned})
    assert collides.status_code == 422
    assert "belongs to 丙 by now" in collides.content.decode()
    assert client.post("/bin/restore/", {"id": binned, "leave_out": "1"}).status_code == 200
    assert Customer.objects.filter(pk=one.pk).exists()


def test_the_api_deletes_lists_restores_and_purges(boss: Actor, make: Make) -> None:
    customer = make("甲")
    user = User.objects.get(pk=boss.user_id)
    _token, key = accounts.create_token(actor=SYSTEM, user=user, name="t", at=NOON)
    client = Client(headers={"Authorization": f"Bearer {key}"})
    address = f"/api/v1/customers/{customer.pk}"
    assert client.delete(address).status_code == 204
    assert client.delete(address).status_code == 404
    assert client.get(address).status_code == 404
    [row] = client.get("/api/v1/bin", {"q": "甲"}).json()["items"]
    assert (row["kind"], row["record_id"], row["deleted_by_id"]) == (CODE, customer.pk, boss.user_id)
    where = f"/api/v1/bin/{row['id']}"
    restored = client.post(f"{where}/restore", {}, content_type="application/json")
    assert restored.json() == {"kind": CODE, "record_id": customer.pk, "left_out": []}
    assert client.get(address).status_code == 200
    client.delete(address)
    [row] = client.get("/api/v1/bin").json()["items"]
    assert client.delete(f"/api/v1/bin/{row['id']}").status_code == 204
    assert client.get("/api/v1/bin").json()["items"] == []
