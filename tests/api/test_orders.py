"""Orders come in once, exactly, and only for customers within reach."""

from decimal import Decimal
from typing import Any

import pytest
from tests.api.conftest import Hire, Program, body_of, make_customer

from zhike.commerce.models import Order, OrderLine, Product
from zhike.core.actor import Scope
from zhike.customers.models import Customer

LINE = {"product_code": "A1", "product_name": "红茶", "quantity": "3", "unit_price": "0.333333"}


def draft(**changes: Any) -> dict[str, Any]:
    return {
        "source": "shop",
        "number": "S-1",
        "placed_at": "2026-11-20T10:00:00+08:00",
        "currency": "CNY",
        "lines": [LINE],
        **changes,
    }


def test_an_order_keeps_every_digit_and_creates_its_product(boss: Program, customer: Customer) -> None:
    response = boss.post("/orders", draft(customer_id=customer.pk, lines=[LINE, {**LINE, "amount": "0.90000001"}]))

    assert response.status_code == 201
    order = body_of(response)
    assert response.headers["Location"] == f"/api/v1/orders/{order['id']}"
    assert order["total_amount"] == "1.89999901"
    assert [line["amount"] for line in order["lines"]] == ["0.999999", "0.90000001"]
    assert order["placed_at"] == "2026-11-20T02:00:00Z"
    assert Product.objects.get().name == "红茶"
    assert body_of(boss.get(f"/orders/{order['id']}")) == order


def test_the_same_order_again_changes_nothing_and_another_of_its_number_is_refused(boss: Program) -> None:
    first = boss.post("/orders", draft())
    again = boss.post("/orders", draft())
    other = boss.post("/orders", draft(lines=[{**LINE, "quantity": "4"}]))

    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert body_of(first) == body_of(again)
    assert body_of(other)["code"] == "order_number_taken"
    assert Order.objects.count() == OrderLine.objects.count() == 1


def test_a_refund_is_the_negative_of_its_order_and_happens_once(boss: Program, customer: Customer) -> None:
    sale = body_of(boss.post("/orders", draft(customer_id=customer.pk)))
    when = {"placed_at": "2026-11-21T10:00:00Z"}
    refund = boss.post(f"/orders/{sale['id']}/refund", when)

    assert refund.status_code == 201
    assert body_of(refund)["kind"] == "refund"
    assert Decimal(body_of(refund)["total_amount"]) == -Decimal(sale["total_amount"])
    for refused in (sale["id"], body_of(refund)["id"]):
        answer = boss.post(f"/orders/{refused}/refund", {"placed_at": "2026-11-22T10:00:00Z"})
        assert (answer.status_code, body_of(answer)["code"]) == (409, "order_already_refunded")
    assert Order.objects.count() == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"currency": "XQZ"}, "currency_unknown"),
        ({"customer_id": 4711}, "customer_unknown"),
        ({"kind": "refund"}, "refund_not_negative"),
        ({"lines": [{"quantity": "0.000001", "unit_price": "0.00000001"}]}, "amount_inexact"),
        ({"lines": [{"quantity": "99999999999999", "unit_price": "99999999999999"}]}, "amount_too_large"),
        ({"lines": [{"quantity": "1", "unit_price": "0", "amount": "99999999999999"}] * 101}, "amount_too_large"),
        ({"lines": [{"quantity": 1.5, "unit_price": "2"}]}, "invalid"),
        ({"lines": []}, "invalid"),
        ({"number": "a\x00b"}, "invalid"),
        ({"lines": [LINE], "colour": "red"}, "invalid"),
    ],
)
def test_a_wrong_order_is_refused_and_leaves_nothing(boss: Program, changes: dict[str, Any], code: str) -> None:
    response = boss.post("/orders", draft(**changes))

    assert (response.status_code, body_of(response)["code"]) == (422, code)
    assert not Order.objects.exists()
    assert not Product.objects.exists()


def test_nobody_orders_for_strangers_or_for_nobody_without_the_scope(hire: Hire, boss: Program) -> None:
    seller = hire("seller", scope=Scope.OWN)
    mine, theirs = make_customer(name="甲", owner=seller.user), make_customer(name="乙", owner=boss.user)

    assert seller.post("/orders", draft(customer_id=theirs.pk)).status_code == 422
    assert seller.post("/orders", draft(customer_id=None)).status_code == 403
    assert not Order.objects.exists()
    assert seller.post("/orders", draft(customer_id=mine.pk)).status_code == 201


def test_a_list_shows_what_the_key_may_see_page_by_page(hire: Hire, boss: Program) -> None:
    seller = hire("seller", scope=Scope.OWN)
    mine, theirs = make_customer(name="甲", owner=seller.user), make_customer(name="乙", owner=boss.user)
    for number, buyer in enumerate([mine, theirs, None, mine, mine]):
        boss.post("/orders", draft(number=f"S-{number}", customer_id=buyer and buyer.pk))

    seen, after = [], ""
    while True:
        page = body_of(seller.get(f"/orders?limit=2&after={after}"))
        seen += [order["number"] for order in page["items"]]
        after = page["next_cursor"]
        if after is None:
            break
    assert seen == ["S-4", "S-3", "S-0"]
    assert len(body_of(boss.get("/orders"))["items"]) == 5
    assert [one["number"] for one in body_of(boss.get("/orders?number=S-2"))["items"]] == ["S-2"]
    hidden = Order.objects.get(number="S-1")
    assert seller.get(f"/orders/{hidden.pk}").status_code == 404
    assert seller.post(f"/orders/{hidden.pk}/refund", {"placed_at": "2026-11-21T10:00:00Z"}).status_code == 404
