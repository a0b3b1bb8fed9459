"""Fields that sum up orders, lines and follow-ups: of a time, by conditions, and of what their reader sees."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from zhike.accounts.actors import actor_of
from zhike.accounts.models import Role, User
from zhike.accounts.services import put_field_access, put_role
from zhike.commerce.models import Order, OrderLine, Product
from zhike.core.actor import SYSTEM, Scope, Sight
from zhike.core.lists.operators import OPERATORS, Asking, read_values
from zhike.customers.guarded import RECORD
from zhike.customers.models import Activity, Customer
from zhike.customers.selectors import record, records
from zhike.customers.services import people
from zhike.metadata.formulas.evaluating import company_zone
from zhike.metadata.listing import column_of, field_of, parts_of
from zhike.metadata.models import FieldDefinition, Index, Kind
from zhike.metadata.selectors import design_of
from zhike.metadata.services import definitions

NOW = datetime.now(UTC)


def rollup(label: str, what: str, **more: Any) -> FieldDefinition:
    of, function, figure = what.split(":")
    rules = {"of": of, "function": function, **({"figure": figure} if figure else {}), **more}
    return definitions.create_field(actor=SYSTEM, at=NOW, record=RECORD, kind=Kind.ROLLUP, label=label, rules=rules)


def order(customer: Customer, amount: str, days: int, **more: Any) -> Order:
    return Order.objects.create(
        customer=customer,
        source="t",
        key=str(Order.objects.count()),
        placed_at=NOW - timedelta(days=days),
        currency=more.pop("currency", "CNY"),
        total_amount=Decimal(amount),
        kind="refund" if amount.startswith("-") else "sale",
        created_at=NOW,
        **more,
    )


@pytest.fixture
def ada(db: None) -> Customer:
    ada = people.create_customer(actor=SYSTEM, at=NOW, name="Ada")
    order(ada, "100.10", 1, channel="web", store="杭州店")
    order(ada, "50", 40, channel="shop")
    order(ada, "-10", 2, channel="web")
    order(ada, "7", 3, channel="web", currency="USD")
    tea = Product.objects.create(source="t", code="T1", name="茶", category="饮料", created_at=NOW)
    line = order(ada, "30", 200)
    OrderLine.objects.create(order=line, product=tea, quantity=3, unit_price=10, amount=30)
    Activity.objects.create(customer=ada, kind="call", happened_at=NOW - timedelta(days=5), text="x", created_at=NOW)
    return ada


@pytest.mark.usefixtures("ada")
def test_what_hangs_on_a_customer_is_summed_up(ada: Customer) -> None:
    rollup("Orders", "orders:count:", days=90)
    rollup("Sum", "orders:sum:amount", days=90)
    rollup("Web", "orders:sum:amount", where=[{"field": "channel", "is": ["web"]}])
    rollup("Largest", "orders:max:amount")
    rollup("Smallest", "orders:min:amount")
    rollup("Latest", "orders:latest:amount", days=2)
    order(ada, "-1", 0)
    rollup("Last", "orders:last:day", days=30, where=[{"field": "kind", "is": ["sale"]}])
    rollup("Store", "orders:latest:store")
    rollup("Tea", "lines:sum:quantity", where=[{"field": "category", "is": ["饮料"]}])
    rollup("Calls", "activities:count:", where=[{"field": "kind", "is": ["call"]}])
    bo = people.create_customer(actor=SYSTEM, at=NOW, name="Bo")
    told = records.get_record(actor=SYSTEM, customer_id=ada.pk)["custom"]
    assert told == {
        "orders": "3",
        "sum": "139.1",
        "web": "90.1",
        "largest": "100.1",
        "smallest": "30",
        "latest": "100.1",
        "last": (NOW - timedelta(days=1)).astimezone(company_zone()).date().isoformat(),
        "store": "杭州店",
        "tea": "3",
        "calls": "1",
    }
    assert records.get_record(actor=SYSTEM, customer_id=bo.pk)["custom"] == {"orders": "0", "calls": "0"}
    known = design_of(RECORD).known
    assert record.get_customer(actor=SYSTEM, customer_id=ada.pk).customer.custom["sum"] == Decimal("139.1")
    column = column_of(known["sum"])
    row = Customer.objects.filter(pk=ada.pk).annotate(**column.expressions).values("pk", *column.expressions).get()
    assert "139.10" in column.cell(row, None)
    assert asked("sum", "from", "139") == ["Ada"]
    assert asked("orders", "to", "2") == ["Bo"]
    assert asked("last", "last", "7") == ["Ada"]


def asked(key: str, operator: str, *values: str) -> list[str]:
    field = field_of(design_of(RECORD).known[key])
    assert field.compile is not None
    asking = Asking(actor=SYSTEM, now=NOW, zone=company_zone())
    wanted = field.compile(operator, read_values(field.kind, OPERATORS[operator], values), asking)
    return list(Customer.objects.filter(wanted).order_by("pk").values_list("name", flat=True))


def test_who_does_not_read_orders_does_not_see_their_sum(ada: Customer) -> None:
    made = rollup("Sum", "orders:sum:amount")
    rollup("Calls", "activities:count:")
    FieldDefinition.objects.filter(pk=made.pk).update(index=Index.READY)
    definitions.lock(RECORD)
    boss = User.objects.create(username="boss", name="boss", locale="en")
    view = {"customers.view_customer": Scope.ALL}
    boss.roles.set([put_role(actor=SYSTEM, code="d", name="d", grants=view)])

    def custom() -> dict[str, Any]:
        actor = actor_of(User.objects.get(pk=boss.pk))
        found: dict[str, Any] = records.get_record(actor=actor, customer_id=ada.pk)["custom"]
        return found

    assert custom() == {"calls": "1"}
    put_role(actor=SYSTEM, code="d", name="d", grants={**view, "commerce.view_order": Scope.ALL})
    assert custom() == {"calls": "1", "sum": "170.1"}
    put_field_access(actor=SYSTEM, role=Role.objects.get(code="d"), levels={"commerce.order.amount": Sight.MASKED})
    assert custom() == {"calls": "1"}
    # Nor is what one role closes opened by another that sees no orders at all.
    boss.roles.add(put_role(actor=SYSTEM, code="e", name="e", grants=view))
    assert custom() == {"calls": "1"}
    parts = parts_of(RECORD)
    assert parts.fields["custom.sum"].permission == "commerce.view_order"
    assert parts.fields["custom.sum"].is_computed
    assert "custom.sum" not in parts.sorts


@pytest.mark.django_db
@pytest.mark.parametrize(
    "rules",
    [
        {"of": "planets", "function": "count"},
        {"of": "orders", "function": "sum", "figure": "store"},
        {"of": "orders", "function": "count", "days": 0.5},
        {"of": "orders", "function": "count", "where": [{"field": "kind", "is": ["gift"]}]},
        {"of": "orders", "function": "count", "where": [{"field": "total_amount", "is": ["1"]}]},
    ],
)
def test_what_cannot_be_summed_up_is_refused(rules: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        definitions.create_field(actor=SYSTEM, at=NOW, record=RECORD, kind=Kind.ROLLUP, label="x", rules=rules)
