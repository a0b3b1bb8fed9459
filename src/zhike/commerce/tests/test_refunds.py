"""A refund is not to be kept from happening by an order that takes its number first."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from zhike.commerce import services
from zhike.commerce.models import Order
from zhike.core.actor import SYSTEM
from zhike.customers.services import people

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)


def bought(customer_id: int, number: str, **more: str) -> Order:
    line = services.LineDraft(quantity=Decimal(1), unit_price=Decimal(more.pop("price", "10")))
    order, _is_new = services.create_order(
        actor=SYSTEM,
        at=NOON,
        source="s",
        number=number,
        placed_at=NOON,
        currency="CNY",
        lines=[line],
        customer_id=customer_id,
        **more,
    )
    return order


def test_a_number_that_was_taken_first_keeps_no_refund_from_happening() -> None:
    customer = people.create_customer(actor=SYSTEM, at=NOON, name="A")
    other = people.create_customer(actor=SYSTEM, at=NOON, name="B")
    sale = bought(customer.pk, "1")
    bought(other.pk, f"refund~{sale.pk}", kind="refund", price="-10")
    made = services.refund_order(actor=SYSTEM, order_id=sale.pk, placed_at=NOON, at=NOON + timedelta(hours=1))
    assert (made.number, made.total_amount) == (f"refund~{sale.pk}", Decimal(-10))
    with pytest.raises(services.OrderAlreadyRefunded):
        services.refund_order(actor=SYSTEM, order_id=sale.pk, placed_at=NOON, at=NOON)


def test_refunds_from_before_count_still() -> None:
    customer = people.create_customer(actor=SYSTEM, at=NOON, name="A")
    sale = bought(customer.pk, "1")
    bought(customer.pk, f"refund~{sale.pk}", kind="refund", price="-10")
    with pytest.raises(services.OrderAlreadyRefunded):
        services.refund_order(actor=SYSTEM, order_id=sale.pk, placed_at=NOON, at=NOON)
