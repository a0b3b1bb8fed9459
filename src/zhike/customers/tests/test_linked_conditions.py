"""Conditions on what hangs on customers: counted right, at the asker's midnight, and of what the asker sees alone."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhike.accounts import services as accounts
from zhike.accounts.models import Role, User
from zhike.commerce.models import Order, OrderLine, Product
from zhike.core.actor import SYSTEM, Scope, Sight
from zhike.core.lists import patience, registry
from zhike.core.lists.conditions import compile_tree
from zhike.core.lists.grammar import FilterInvalid, read
from zhike.core.lists.operators import Asking
from zhike.core.lists.state import State
from zhike.core.paging import Page
from zhike.customers.listing import KEY
from zhike.customers.models import Activity, Customer
from zhike.customers.selectors import listing
from zhike.customers.tests.conftest import NOON, Company, MakeCustomer
from zhike.customers.tests.test_list_filter import ASKING
from zhike.metadata.models import FieldDefinition, Index, Kind
from zhike.metadata.services import definitions

pytestmark = pytest.mark.django_db


def found(text: str, asking: Asking = ASKING) -> set[str]:
    """The same in both ways of asking."""
    either = [
        set(
            Customer.objects.visible_to(asking.actor)
            .filter(compile_tree(read(text), of=registry.get(KEY), asking=asking, sweeps=sweeps))
            .values_list("name", flat=True)
        )
        for sweeps in (False, True)
    ]
    assert either[0] == either[1]
    return either[0]


def order(customer: Customer, days: int, amount: object, **more: Any) -> Order:
    count = Order.objects.count()
    filled = {"source": "s", "key": str(count), "currency": "CNY", "created_at": NOON, **more}
    filled.setdefault("placed_at", NOON - timedelta(days=days))
    return Order.objects.create(customer=customer, total_amount=Decimal(str(amount)), **filled)


def follow(customer: Customer, at: datetime, kind: str = "call") -> None:
    Activity.objects.create(customer=customer, kind=kind, happened_at=at, text="x", created_at=NOON)


@pytest.fixture
def shop(make_customer: MakeCustomer, company: Company) -> dict[str, Customer]:
    people = {
        "Ada": make_customer("Ada", owner=company.seller, team=company.shop),
        "Bo": make_customer("Bo", owner=company.colleague, team=company.shop),
        "Cy": make_customer("Cy", team=company.west),
    }
    watch = Product.objects.create(source="s", code="W1", name="Watch", category="Wear", created_at=NOON)
    pen = Product.objects.create(source="s", code="P1", name="Pen", category="Desk", created_at=NOON)
    sold = {"quantity": 1, "unit_price": 1}
    for days, amount, product in ((10, 6000, watch), (80, 5000, pen), (300, 900, pen)):
        made = order(people["Ada"], days, amount, store="Bund")
        OrderLine.objects.create(order=made, product=product, amount=amount, **sold)
    OrderLine.objects.create(order=order(people["Bo"], 20, 50, channel="web"), product=pen, amount=50, **sold)
    order(people["Bo"], 15, -50, kind="refund")
    order(people["Bo"], 12, 999_999, currency="USD")
    follow(people["Ada"], NOON - timedelta(days=14, hours=13))
    follow(people["Bo"], NOON - timedelta(days=14))
    follow(people["Cy"], NOON - timedelta(days=1), kind="note")
    return people


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("orders_in:from:90,2", {"Ada", "Bo"}),
        ("orders_in:from:365,3", {"Ada"}),
        ("orders_in:to:90,0", {"Cy"}),
        ("orders_in:to:90,1", {"Cy"}),
        ("orders_in:between:90,0,1", {"Cy"}),
        ("orders_in:from:90,0", {"Ada", "Bo", "Cy"}),
        ("none(orders_in:from:90,2)", {"Cy"}),
        ("amount_in:from:365,10000", {"Ada"}),
        ("amount_in:to:365,0", {"Bo", "Cy"}),
        ("amount_in:between:18,-50,-1", {"Bo"}),
        ("amount_in:to:18,-1", {"Bo"}),
        ("follow_up:idle:14", {"Ada", "Cy"}),
        ("follow_up:last:14", {"Bo"}),
        ("follow_up:empty:", {"Cy"}),
        ("follow_ups_in:from:30,1", {"Ada", "Bo"}),
        ("bought:is:Watch", {"Ada"}),
        ("bought:is:P1", {"Ada", "Bo"}),
        ("bought:not:P1", {"Cy"}),
        ("bought_in:is:30,Pen", {"Bo"}),
        ("bought_in:not:30,Pen", {"Ada", "Cy"}),
        ("bought_of:is:Wear,Desk", {"Ada", "Bo"}),
        ("store:is:Bund", {"Ada"}),
        ("order_channel:is:web", {"Bo"}),
        ("ordered:idle:30", {"Cy"}),
        ("any(follow_up:idle:14;all(orders_in:from:90,2;bought:is:Pen))", {"Ada", "Bo", "Cy"}),
    ],
)
def test_what_hangs_on_customers_is_asked_in_two_ways_with_one_answer(text: str, names: set[str]) -> None:
    assert found(text) == names


def test_days_begin_at_the_midnight_of_who_asks(shop: dict[str, Customer]) -> None:
    elsewhere = replace(ASKING, zone=ZoneInfo("America/Los_Angeles"))
    # Ada was called at 23:00 of the day before the fortnight in Shanghai, on the fortnight's last day in Los Angeles.
    assert "Ada" in found("follow_up:idle:14")
    assert "Ada" not in found("follow_up:idle:14", elsewhere)


def test_me_and_the_owners_team(shop: dict[str, Customer], company: Company) -> None:
    seller = replace(ASKING, actor=company.actor("seller"))
    assert found("owner:is:me", seller) == {"Ada"}
    assert found("owner:is:me", replace(ASKING, actor=company.actor("boss"))) == set()
    assert found(f"owner_team:is:{company.east.pk}") == {"Ada", "Bo"}


def test_orders_that_one_does_not_see_answer_no_question(shop: dict[str, Customer], company: Company) -> None:
    role = accounts.put_role(
        actor=SYSTEM,
        code="narrow",
        name="Narrow",
        grants={"customers.view_customer": Scope.ALL, "commerce.view_order": Scope.OWN},
    )
    User.objects.get(username="guest").roles.set([role])
    guest = replace(ASKING, actor=company.actor("guest"))
    assert found("none(name:is:nobody)", guest) == {"Ada", "Bo", "Cy"}
    for text in ("orders_in:from:90,1", "amount_in:from:365,1", "bought:is:Pen", "ordered:last:90", "store:is:Bund"):
        assert found(text, guest) == set()


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("commerce.order.amount", "amount_in:from:90,1"),
        ("commerce.order.product", "bought:is:Pen"),
        ("commerce.order.store", "store:is:Bund"),
        ("customers.customer.activity", "follow_up:idle:14"),
        ("customers.customer.activity", "none(all(follow_ups_in:to:14,0))"),
    ],
)
def test_nobody_asks_about_a_field_they_do_not_read(company: Company, field: str, text: str) -> None:
    for level in (Sight.MASKED, Sight.HIDDEN) if field.endswith("amount") else (Sight.HIDDEN,):
        accounts.put_field_access(actor=SYSTEM, role=Role.objects.get(code="all"), levels={field: level})
        asking = replace(ASKING, actor=company.actor("boss"))
        with pytest.raises(FilterInvalid, match=text.partition(":")[0].removeprefix("none(all(")):
            found(text, asking)


amounts = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 40), st.sampled_from([-30, 0, 5, 20, 100])), max_size=8)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=amounts, days=st.integers(0, 45), low=st.integers(-40, 60), wide=st.integers(0, 100))
def test_figures_equal_a_plain_sum(
    make_customer: MakeCustomer, made: Sequence[tuple[int, int, int]], days: int, low: int, wide: int
) -> None:
    with transaction.atomic():
        people = [make_customer(name) for name in ("Ada", "Bo", "Cy")]
        for whose, ago, amount in made:
            order(people[whose], ago, amount, kind="sale" if amount >= 0 else "refund")
        within = [(people[whose].name, amount) for whose, ago, amount in made if ago <= days]
        sums = {one.name: sum(amount for name, amount in within if name == one.name) for one in people}
        counts = {one.name: sum(name == one.name and amount >= 0 for name, amount in within) for one in people}
        assert found(f"amount_in:between:{days},{low},{low + wide}") == {
            name for name, figure in sums.items() if low <= figure <= low + wide
        }
        assert found(f"orders_in:from:{days},2") == {name for name, figure in counts.items() if figure >= 2}
        assert found(f"none(orders_in:to:{days},0)") == {name for name, figure in counts.items() if figure > 0}
        transaction.set_rollback(True)


def test_a_list_that_takes_too_long_looks_at_everything_once_and_then_says_so(
    shop: dict[str, Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def find(sweeps: bool) -> int:
        asked.append(sweeps)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(%s)", [0 if sweeps else 5])
        return 7

    monkeypatch.setattr(patience, "PROBING_MS", 20)
    assert patience.find_in_time(find) == 7
    assert asked == [False, True]
    monkeypatch.setattr(patience, "SWEEPING_MS", 20)
    with pytest.raises(patience.FilterTooDear):
        patience.find_in_time(lambda sweeps: find(False))
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        assert cursor.fetchone() == ("0",)
    page = listing.find_customers(
        actor=SYSTEM, asking=ASKING, state=State(tree=read("orders_in:from:90,2")), page=Page()
    )
    assert len(page.items) == 2


def test_a_filter_over_an_archived_field_says_so_and_nothing_is_lost(company: Company) -> None:
    made = definitions.create_field(
        actor=SYSTEM, at=NOON, record="customers.customer", kind=Kind.TEXT, label="旧编号", label_en="Old number"
    )
    FieldDefinition.objects.filter(pk=made.pk).update(index=Index.READY)
    definitions.lock("customers.customer")
    client = Client()
    client.force_login(User.objects.get(username="boss"))
    query = f"f=city:is:x;any(custom.{made.key}:is:7;grade:is:top)&sort=name"
    assert client.get(f"/customers/?{query}").status_code == 200
    client.post("/customers/views/", {"name": "kept", "f": query[2:].partition("&")[0], "sort": "name"})
    definitions.archive_field(actor=SYSTEM, at=NOON, pk=made.pk)
    refused = client.get(f"/customers/?{query}")
    said = refused.content.decode()
    assert refused.status_code == 400
    assert "“Old number” cannot be filtered by any more" in said
    assert "/customers/?f=city:is:x;any(grade:is:top)&amp;sort=name" in said
    assert "kept" in said
    editor = client.get(f"/customers/filter/?{query}").content.decode()
    assert f'name="kept-1.0" value="custom.{made.key}:is:7"' in editor
    accounts.put_field_access(
        actor=SYSTEM,
        role=Role.objects.get(code="all"),
        levels={f"customers.customer.custom.{made.key}": Sight.HIDDEN},
    )
    assert "Old number" not in client.get(f"/customers/?{query}").content.decode()
