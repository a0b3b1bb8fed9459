"""Which tables the warehouse carries, and in what shape."""

from django.conf import settings

from zhike.core.database import DELETIONS
from zhike.engine.sources import Column, Source


def sources() -> tuple[Source, ...]:
    """Customers, orders, lines and activities; days are those of the company's zone."""
    return (
        Source(
            name="customers",
            table="customers_customer",
            deletions=DELETIONS,
            columns=(
                Column(name="kind", kind="text"),
                Column(name="channel", kind="text"),
                Column(name="province", kind="text"),
                Column(name="city", kind="text"),
                Column(name="owner_id", kind="bigint"),
                Column(name="team_id", kind="bigint"),
                Column(name="relationship", kind="text"),
                _day("created_on", "created_at"),
            ),
        ),
        Source(
            name="orders",
            table="commerce_order",
            deletions=DELETIONS,
            columns=(
                Column(name="customer_id", kind="bigint"),
                Column(name="kind", kind="text"),
                _day("placed_on", "placed_at"),
                Column(name="placed_at", kind="timestamptz"),
                Column(name="currency", kind="text"),
                Column(name="total_amount", kind="decimal(24,8)"),
                Column(name="channel", kind="text"),
                Column(name="store", kind="text"),
            ),
        ),
        Source(
            name="lines",
            table="commerce_orderline",
            deletions=DELETIONS,
            columns=(
                Column(name="order_id", kind="bigint"),
                Column(name="product_id", kind="bigint"),
                Column(name="quantity", kind="decimal(20,6)"),
                Column(name="amount", kind="decimal(24,8)"),
            ),
        ),
        Source(
            name="activities",
            table="customers_activity",
            deletions=DELETIONS,
            columns=(
                Column(name="customer_id", kind="bigint"),
                Column(name="kind", kind="text"),
                Column(name="happened_at", kind="timestamptz"),
            ),
        ),
    )


def _day(name: str, moment: str) -> Column:
    zone = settings.TIME_ZONE.replace("'", "''")
    return Column(name=name, kind="date", expression=f"({moment} AT TIME ZONE '{zone}')::date")
