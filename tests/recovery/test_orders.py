"""Orders deleted and restored, and put back to what their history says; money stays right whatever happens."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db.models import F, Sum
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from procrastinate.contrib.django.models import ProcrastinateJob
from tests.recovery.test_bin import checksums

from zhike.accounts import services as accounts
from zhike.accounts.actors import actor_of
from zhike.accounts.models import User
from zhike.audit.models import Entry
from zhike.commerce import services as commerce
from zhike.commerce.models import Order, OrderLine
from zhike.commerce.services import restoring as orders
from zhike.commerce.services.bin import CODE, RefundOutdated, RefundWithoutOrder
from zhike.commerce.services.restoring import ORDERS, OrderEmpty, OrderRefunded
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM, Actor, Scope
from zhike.customers.models import Customer
from zhike.customers.services import people
from zhike.customers.services.bin import CODE as CUSTOMER
from zhike.privacy.services import erasing
from zhike.recovery import restoring, services
from zhike.recovery.models import Binned
from zhike.recovery.restoring import Mode
from zhike.recovery.services import NothingInBin, RestoreCollides

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
MAY = (
    *("customers.view_customer", "customers.edit_customer", "customers.delete_customer"),
    *("commerce.view_order", "commerce.create_order", "commerce.edit_order", "commerce.delete_order"),
    *("accounts.use_api", "recovery.purge_record"),
)


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def person(name: str, scope: Scope, *, but: str = "") -> User:
    grants = {code: scope for code in MAY if code != but}
    role = accounts.put_role(actor=SYSTEM, code=name, name=name, grants=grants)
    user = User.objects.create(username=name, name=name, locale="en")
    user.roles.set([role])
    return user


@pytest.fixture
def boss(db: None) -> Actor:
    return actor_of(person("boss", Scope.ALL))


@pytest.fixture
def customer(db: None) -> Customer:
    return people.create_customer(actor=SYSTEM, at=NOON, name="王小明")


def buy(customer: Customer | None, number: str, *prices: str) -> Order:
    lines = [
        commerce.LineDraft(quantity=Decimal("1.5"), unit_price=Decimal(price), product_code=f"p{place}")
        for place, price in enumerate(prices or ("5.123456", "7"))
    ]
    order, _is_new = commerce.create_order(
        actor=SYSTEM,
        customer_id=customer.pk if customer else None,
        at=NOON,
        source="shop",
        number=number,
        placed_at=NOON,
        currency="CNY",
        lines=lines,
    )
    return order


def refund(order: Order) -> Order:
    return commerce.refund_order(actor=SYSTEM, order_id=order.pk, placed_at=NOON + timedelta(days=1), at=NOON)


def delete(actor: Actor, *records: Order, kind: str = CODE) -> services.Moved:
    with acting(actor):
        return services.bin_records(actor=actor, kind=kind, record_ids=[one.pk for one in records], at=NOON)


def restore(actor: Actor, *records: Any, leave_out: bool = False) -> services.Restored:
    ids = Binned.objects.filter(record_id__in=[one.pk for one in records]).values_list("pk", flat=True)
    with acting(actor):
        return services.restore_records(actor=actor, binned_ids=list(ids), leave_out=leave_out)


def latest(table: str = "commerce_order") -> int:
    return Entry.objects.filter(table_name=table).latest("pk").pk


def put_back(actor: Actor, order: Order, entry: int, mode: Mode = "change") -> int:
    with acting(actor):
        plan = restoring.plan_record(actor=actor, kind=ORDERS, record_id=order.pk, entry_id=entry, mode=mode)
        return restoring.restore_record(
            actor=actor,
            kind=ORDERS,
            record_id=order.pk,
            entry_id=entry,
            mode=mode,
            chosen=[step.key for step in plan.steps],
            seen=plan.seen,
            reason="",
            at=NOON,
        )


def money_is_right() -> bool:
    """Every order is the sum of its lines, and every refund takes back just what was bought."""
    summed = Order.objects.annotate(told=Sum("lines__amount")).exclude(told=F("total_amount"))
    pairs = {commerce.refunded_by(one.key): one for one in Order.objects.filter(kind="refund")}
    return not summed.exists() and all(
        Order.objects.get(pk=sale).total_amount == -one.total_amount for sale, one in pairs.items()
    )


def test_a_deleted_order_comes_back_with_its_lines_and_its_refund(boss: Actor, customer: Customer) -> None:
    order, other = buy(customer, "1"), buy(customer, "2")
    back = refund(order)
    asked = ProcrastinateJob.objects.filter(task_name="insight.refresh_orders").count()
    before = checksums()
    moved = delete(boss, order)
    assert moved.ids == [order.pk, back.pk]
    assert list(Order.objects.values_list("pk", flat=True)) == [other.pk]
    assert OrderLine.objects.count() == 2
    with acting(boss):
        assert services.restore_batch(actor=boss, batch=moved.batch).ids == [order.pk, back.pk]
    assert checksums() == before
    # One of the two brings the other; a refund deleted alone comes back alone, but not without its order.
    for chosen in (order, back):
        delete(boss, order)
        restore(boss, chosen)
        assert checksums() == before
    delete(boss, back)
    delete(boss, order)
    with pytest.raises(RefundWithoutOrder):
        restore(boss, back)
    restore(boss, order)
    restore(boss, back)
    assert checksums() == before
    assert ProcrastinateJob.objects.filter(task_name="insight.refresh_orders").count() == asked + 10, "figures follow"


def test_an_order_that_came_in_again_stays_in_the_bin_and_says_so(boss: Actor, customer: Customer) -> None:
    order = buy(customer, "1")
    delete(boss, order)
    again = buy(customer, "1")
    for leave_out in (False, True):
        with pytest.raises(RestoreCollides, match="came in again from shop") as refused:
            restore(boss, order, leave_out=leave_out)
        assert refused.value.collisions[0].url == f"/commerce/orders/{again.pk}/"
        assert not refused.value.may_leave_out
    delete(boss, again)
    assert restore(boss, order).ids == [order.pk]
    gone = refund(order)
    delete(boss, gone)
    refund(order)
    with pytest.raises(RestoreCollides, match="refunded once more"):
        restore(boss, gone)
    assert money_is_right()


@pytest.mark.parametrize("first", ["customer", "order"])
@pytest.mark.parametrize("back", ["customer", "order"])
def test_orders_and_customers_find_each_other_in_whichever_order_they_come_back(
    boss: Actor, customer: Customer, first: str, back: str
) -> None:
    order, other = buy(customer, "1"), buy(customer, "2")
    before = checksums()
    acts: dict[str, Any] = {"customer": (customer, CUSTOMER), "order": (order, CODE)}
    for name in sorted(acts, key=lambda one: one != first):
        delete(boss, acts[name][0], kind=acts[name][1])
    assert Order.objects.get(pk=other.pk).customer_id is None
    for name in sorted(acts, key=lambda one: one != back):
        restore(boss, acts[name][0])
    assert checksums() == before


def test_one_deletes_and_restores_the_orders_of_ones_own_customers_only(customer: Customer, boss: Actor) -> None:
    seller, other = person("seller", Scope.OWN), person("other", Scope.OWN)
    order = buy(customer, "1")
    anonymous = buy(None, "2")
    Customer.objects.update(owner_id=seller.pk)
    with pytest.raises(Order.DoesNotExist):
        delete(actor_of(other), order)
    with pytest.raises(Order.DoesNotExist):
        delete(actor_of(seller), anonymous)
    delete(actor_of(seller), order)
    delete(boss, anonymous)
    with acting(actor_of(other)), pytest.raises(NothingInBin):
        restore(actor_of(other), order)
    # It goes where its customer goes, bin or not.
    Customer.objects.update(owner_id=other.pk)
    for who, sees in ((seller, []), (other, [order.pk]), (User.objects.get(pk=boss.user_id), None)):
        with acting(actor_of(who)):
            found = Binned.objects.visible_to(actor_of(who)).order_by("record_id").values_list("record_id", flat=True)
            assert list(found) == ([order.pk, anonymous.pk] if sees is None else sees)
    with acting(actor_of(other)):
        assert restore(actor_of(other), order).ids == [order.pk]
    reader = actor_of(person("reader", Scope.ALL, but="commerce.delete_order"))
    with pytest.raises(PermissionDenied):
        delete(reader, order)


def test_an_edited_order_is_put_back_with_its_lines_and_its_total(boss: Actor, customer: Customer) -> None:
    order = buy(customer, "1", "5.123456", "7")
    made, was, entry = latest(), state(order), latest("commerce_orderline")
    first = order.lines.order_by("pk")[0]
    _set(order, channel="wrong")
    changed = latest()
    OrderLine.objects.filter(pk=first.pk).update(amount=Decimal("0.00000001"))
    order.lines.exclude(pk=first.pk).delete()
    OrderLine.objects.create(order=order, product_id=first.product_id, occurrence=7, quantity=1, unit_price=9, amount=9)
    _set(order, total_amount=Decimal("9.00000001"))
    assert put_back(boss, order, changed) == 1
    order.refresh_from_db()
    assert (order.channel, order.total_amount) == ("", Decimal("9.00000001"))
    put_back(boss, order, entry, "here")
    assert state(order) == was
    assert money_is_right()
    with pytest.raises(OrderEmpty):
        put_back(boss, order, made, "here")
    refund(order)
    _set(order, currency="EUR")
    with pytest.raises(OrderRefunded):
        put_back(boss, order, latest())
    looker = actor_of(person("looker", Scope.ALL, but="commerce.edit_order"))
    with pytest.raises(PermissionDenied):
        put_back(looker, order, latest())


def test_a_deleted_customer_is_no_edit_of_its_orders(boss: Actor, customer: Customer) -> None:
    order = buy(customer, "1")
    entry = latest("commerce_orderline")
    delete(boss, customer, kind=CUSTOMER)
    restore(boss, customer)
    with acting(boss):
        plan = restoring.plan_record(actor=boss, kind=ORDERS, record_id=order.pk, entry_id=entry, mode="here")
    assert plan.steps == []


def _set(order: Order, **values: object) -> None:
    Order.objects.filter(pk=order.pk).update(**values)


def state(order: Order) -> object:
    columns = ("customer_id", "channel", "store", "currency", "kind", "total_amount", "line_count")
    lines = order.lines.order_by("pk").values_list("pk", "product_id", "occurrence", "quantity", "unit_price", "amount")
    return Order.objects.values_list(*columns).get(pk=order.pk), list(lines)


_ACTS = st.lists(
    st.tuples(
        st.sampled_from(["buy", "refund", "delete", "restore", "channel", "line", "drop", "add", "leave", "return"]),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_ACTS)
def test_money_stays_right_whatever_is_deleted_restored_and_put_back(
    boss: Actor, customer: Customer, acts: list[tuple[str, int]]
) -> None:
    if not Customer.objects.filter(pk=customer.pk).exists():
        restore(boss, customer)
    order = buy(customer, f"{Order.objects.count()}-{Entry.objects.count()}")
    was, entry = state(order), latest("commerce_orderline")
    for what, number in acts:
        _act(boss, customer, what, number)
        assert money_is_right(), what
    if not Customer.objects.filter(pk=customer.pk).exists():
        restore(boss, customer)
    if Binned.objects.filter(record_id=order.pk, kind=CODE).exists():
        _restore_all(boss)
    for one in Order.objects.filter(key=commerce.refund_key(order.pk)):
        delete(boss, one)
    with acting(boss):
        steps = restoring.plan_record(actor=boss, kind=ORDERS, record_id=order.pk, entry_id=entry, mode="here").steps
    if steps:
        put_back(boss, order, entry, "here")
    assert state(order) == was
    assert money_is_right()


def _act(boss: Actor, customer: Customer, what: str, number: int) -> None:
    here = list(Order.objects.order_by("-pk")[:4])
    order = here[number % len(here)] if here else None
    is_there = Customer.objects.filter(pk=customer.pk).exists()
    if what == "buy":
        buy(customer if is_there else None, f"{Entry.objects.count()}")
    elif what == "restore":
        _restore_all(boss)
    elif what == "leave" and is_there:
        delete(boss, customer, kind=CUSTOMER)
    elif what == "return" and not is_there:
        restore(boss, customer)
    elif order is None:
        return
    elif what == "refund" and order.kind == "sale" and not _is_refunded(order):
        refund(order)
    elif what == "delete":
        delete(boss, order)
    elif what == "channel":
        _set(order, channel=f"c{number}")
    elif what in ("line", "drop", "add") and order.kind == "sale" and not _is_refunded(order):
        _edit_lines(order, what, number)


def _edit_lines(order: Order, what: str, number: int) -> None:
    line = order.lines.order_by("pk").first()
    if what == "add":
        code = Entry.objects.latest("pk").pk % 1_000_000_000
        OrderLine.objects.create(order=order, occurrence=code, quantity=1, unit_price=number, amount=number)
    elif line is not None and what == "drop" and order.lines.count() > 1:
        line.delete()
    elif line is not None:
        OrderLine.objects.filter(pk=line.pk).update(amount=Decimal(number) / 8)
    _set(order, **orders.sums_of(order))


def _is_refunded(order: Order) -> bool:
    return Order.objects.filter(key=commerce.refund_key(order.pk)).exists()


def _restore_all(boss: Actor) -> None:
    for binned in Binned.objects.filter(kind=CODE).order_by("-pk"):
        if Binned.objects.filter(pk=binned.pk).exists():
            with acting(boss):
                try:
                    services.restore_records(actor=boss, binned_ids=[binned.pk])
                except (RefundOutdated, RefundWithoutOrder, RestoreCollides):
                    continue


def test_orders_in_the_bin_of_somebody_erased_are_nobodys(boss: Actor, customer: Customer) -> None:
    order, other = buy(customer, "1"), buy(customer, "2")
    Order.objects.filter(pk=order.pk).update(number="", key=f"#{customer.pk}|2026-11-22|1|1")
    delete(boss, order)
    with acting(SYSTEM):
        erasing.erase_person(actor=SYSTEM, customer_id=customer.pk, at=NOON)
    [binned] = Binned.objects.all()
    assert (binned.above_id, binned.label) == (None, "")
    [row] = binned.rows["commerce_order"]
    assert (row["customer_id"], row["key"]) == (None, f"#erased|{order.pk}")
    restore(boss, order)
    assert set(Order.objects.values_list("pk", "customer_id")) == {(order.pk, None), (other.pk, None)}
