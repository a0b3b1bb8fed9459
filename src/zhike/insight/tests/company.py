"""A small company for tests, and what a patient person would find out about its customers by hand."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from zhike.accounts.models import User
from zhike.commerce.models import Order
from zhike.customers.models import Customer

NOW = datetime(2026, 3, 15, 4, tzinfo=UTC)
DAY = date(2026, 3, 15)
ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Sale:
    """customer: place in the company's list, None for nobody. amount: negative for a refund."""

    customer: int | None
    day: date
    amount: str
    currency: str = "CNY"


def add_customers(count: int, *, owner: User | None = None) -> list[Customer]:
    return Customer.objects.bulk_create(
        Customer(
            name=f"客户{number}",
            name_normal=f"客户{number}",
            name_pinyin=f"ke hu {number}",
            owner=owner,
            team=owner.team if owner else None,
            created_at=NOW,
            updated_at=NOW,
        )
        for number in range(count)
    )


def add_orders(customers: Sequence[Customer], sales: Iterable[Sale]) -> list[Order]:
    first = Order.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return Order.objects.bulk_create(
        Order(
            customer=None if sale.customer is None else customers[sale.customer],
            source="test",
            key=str(first + number),
            number=str(first + number),
            kind="refund" if sale.amount.startswith("-") else "sale",
            placed_at=datetime.combine(sale.day, datetime.min.time(), ZONE) + timedelta(hours=1),
            currency=sale.currency,
            total_amount=Decimal(sale.amount),
            line_count=1,
            created_at=NOW,
        )
        for number, sale in enumerate(sales)
    )


@dataclass(frozen=True)
class Figures:
    grade: str
    stage: str
    r: int | None
    f: int | None
    m: int | None
    order_count: int
    amount: Decimal


def by_hand(customer_count: int, sales: Sequence[Sale], as_of: date) -> list[Figures]:
    """The definitions of the measures, word by word, one customer after the other."""
    mine: dict[int, list[Sale]] = defaultdict(list)
    for sale in sales:
        if sale.customer is not None and sale.day <= as_of and sale.currency == "CNY":
            mine[sale.customer].append(sale)
    known = [_Known(mine[number], as_of) for number in range(customer_count)]
    buyers = [one for one in known if one.days]
    worth = [one.amount for one in buyers if one.amount > 0]
    intervals = sorted(one.interval for one in buyers if one.interval is not None)
    rhythm = intervals[(len(intervals) - 1) // 2] if intervals else 90.0
    return [
        Figures(
            grade=_grade(one, worth),
            stage=_stage(one, rhythm),
            r=_score(-one.recency, [-other.recency for other in buyers]) if one.days else None,
            f=_score(one.count, [other.count for other in buyers]) if one.days else None,
            m=_score(one.amount, [other.amount for other in buyers]) if one.days else None,
            order_count=one.count,
            amount=one.amount,
        )
        for one in known
    ]


class _Known:
    def __init__(self, sales: list[Sale], as_of: date) -> None:
        bought = [sale for sale in sales if not sale.amount.startswith("-")]
        self.days = sorted({sale.day for sale in bought})
        self.count = len(bought)
        self.amount = sum((Decimal(sale.amount) for sale in sales), Decimal(0))
        self.recency = (as_of - self.days[-1]).days if self.days else 0
        self.span = (self.days[-1] - self.days[0]).days if self.days else 0
        self.interval = self.span / (len(self.days) - 1) if len(self.days) > 1 else None


def _score(value: Decimal | int, all_values: Sequence[Decimal | int]) -> int:
    better = sum(other > value for other in all_values)
    return 5 - 5 * better // len(all_values)


def _grade(one: _Known, worth: list[Decimal]) -> str:
    if not one.days:
        return ""
    if one.amount <= 0:
        return "small"
    better = sum(other > one.amount for other in worth)
    for grade, percent in (("top", 1), ("high", 20), ("normal", 50)):
        if better * 100 < percent * len(worth):
            return grade
    return "small"


def _stage(one: _Known, rhythm: float) -> str:
    if not one.days:
        return "prospect"
    expected = max(7.0, (2 * rhythm + one.span) / (2 + len(one.days) - 1))
    overdue = one.recency / expected
    if overdue > 4:
        return "lost"
    if overdue > 2:
        return "decline"
    return "new" if len(one.days) == 1 else "growth" if len(one.days) < 4 else "mature"
