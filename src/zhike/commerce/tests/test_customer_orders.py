"""Orders on the pages about customers: the panel, the time line, an order with its lines."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from zhike.accounts import services as accounts
from zhike.accounts.models import Team, User
from zhike.commerce.customer_orders import list_orders, sum_orders
from zhike.commerce.models import Order, OrderLine, Product
from zhike.core.actor import SYSTEM, Scope
from zhike.core.paging import Page
from zhike.customers import timeline
from zhike.customers.models import Customer
from zhike.customers.services import people

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
GRANTS = ("customers.view_customer", "commerce.view_order")


def person(username: str, team: Team, scope: Scope, grants: tuple[str, ...] = GRANTS) -> Client:
    role = accounts.put_role(actor=SYSTEM, code=username, name=username, grants=dict.fromkeys(grants, scope))
    user = User.objects.create(username=username, name=username, team=team, locale="en")
    user.roles.set([role])
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def shop(db: None) -> Team:
    return accounts.create_team(actor=SYSTEM, name="shop")


@pytest.fixture
def customer(shop: Team) -> Customer:
    return people.create_customer(actor=SYSTEM, at=NOON, name="张伟", team=shop.pk)


def order(customer: Customer | None, number: int, amount: str, **fields: object) -> Order:
    values = {"kind": Order.Kind.SALE, "currency": "CNY", "placed_at": NOON - timedelta(days=number)} | fields
    return Order.objects.create(
        customer=customer,
        source="shop",
        key=str(number),
        number=f"A-{number}",
        total_amount=Decimal(amount),
        created_at=NOON,
        **values,
    )


def test_a_sheet_for_paper_says_where_it_ends(shop: Team, customer: Customer) -> None:
    for number in range(51):
        order(customer, number, "1")
    client = person("seller", shop, Scope.ALL)
    panel = f"/commerce/customers/{customer.pk}/panel/"
    paper = client.get(f"{panel}?paper").text
    assert paper.count("<li>") == 50
    assert "the latest 50 orders" in paper
    assert "Load more" not in paper
    assert "the latest" not in client.get(panel).text


def test_sums_keep_currencies_apart_and_refunds_negative(customer: Customer) -> None:
    order(customer, 1, "100.123456")
    order(customer, 2, "-40", kind=Order.Kind.REFUND)
    order(customer, 3, "7", currency="USD")
    order(None, 4, "1000")
    totals = sum_orders(actor=SYSTEM, customer_id=customer.pk)
    assert [(one.currency, one.amount, one.order_count, one.refund_count) for one in totals] == [
        ("CNY", Decimal("60.123456"), 1, 1),
        ("USD", Decimal("7"), 1, 0),
    ]


def test_orders_come_newest_first_in_pages(customer: Customer) -> None:
    made = [order(customer, number, "1", placed_at=NOON).pk for number in range(5)]
    first = list_orders(actor=SYSTEM, customer_id=customer.pk, page=Page(size=3))
    rest = list_orders(actor=SYSTEM, customer_id=customer.pk, page=Page(size=3, after=first.next_cursor))
    assert [one.pk for one in (*first.items, *rest.items)] == sorted(made, reverse=True)
    assert not rest.next_cursor


def test_orders_stand_in_the_time_line_and_can_be_asked_for(customer: Customer) -> None:
    order(customer, 1, "100", store="人民广场店")
    order(customer, 2, "-40", kind=Order.Kind.REFUND)
    shown = timeline.list_time_line(actor=SYSTEM, customer_id=customer.pk).entries
    assert [entry.kind for entry in shown] == ["order", "refund"]
    assert "A-1" in shown[0].lines[0]
    only = timeline.list_time_line(actor=SYSTEM, customer_id=customer.pk, kind="refund").entries
    assert [entry.key for entry in only] == [shown[1].key]


def test_the_panel_and_the_order_keep_to_the_data_scope(customer: Customer, shop: Team) -> None:
    made = order(customer, 1, "1234.5")
    anonymous = order(None, 2, "1")
    product = Product.objects.create(source="shop", code="T-1", name="龙井礼盒", created_at=NOON)
    OrderLine.objects.create(
        order=made, product=product, quantity=Decimal(2), unit_price=Decimal("617.25"), amount=Decimal("1234.5")
    )
    elsewhere = accounts.create_team(actor=SYSTEM, name="elsewhere")
    colleague, stranger = person("colleague", shop, Scope.TEAM), person("stranger", elsewhere, Scope.TEAM)
    boss = person("boss", shop, Scope.ALL)
    blind = person("blind", shop, Scope.ALL, ("customers.view_customer",))
    panel, page = f"/commerce/customers/{customer.pk}/panel/", f"/commerce/orders/{made.pk}/"
    for client, status in ((colleague, 200), (stranger, 404), (boss, 200), (blind, 403)):
        assert client.get(panel).status_code == status
        assert client.get(page).status_code == status
    assert "1,234.50" in colleague.get(panel).content.decode()
    assert "龙井礼盒" in colleague.get(page).content.decode()
    assert colleague.get(f"/commerce/orders/{anonymous.pk}/").status_code == 404
    assert boss.get(f"/commerce/orders/{anonymous.pk}/").status_code == 200
    record = blind.get(f"/customers/{customer.pk}/").content.decode()
    assert panel not in record
    assert "1,234.50" not in record


def test_the_panel_without_orders_says_so(customer: Customer, shop: Team) -> None:
    boss = person("boss", shop, Scope.ALL)
    assert "No orders yet" in boss.get(f"/commerce/customers/{customer.pk}/panel/").content.decode()
    assert boss.get(f"/commerce/customers/{customer.pk}/panel/?after=x").status_code == 400
