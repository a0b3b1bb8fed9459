"""The measures once more, one customer at a time and by the word of their definitions."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from zhike.science.tests.tables import Order


def purchases(orders: list[Order], *, as_of: date, customers: range | None = None) -> dict[int, dict[str, Any]]:
    own: dict[int, list[tuple[date, Decimal]]] = defaultdict(list)
    for customer, day, amount in orders:
        if customer is not None and day <= as_of:
            own[customer].append((day, amount))
    ids = own.keys() if customers is None else customers
    return {customer: _figures(own.get(customer, []), as_of) for customer in ids}


def _figures(orders: list[tuple[date, Decimal]], as_of: date) -> dict[str, Any]:
    bought = [(day, amount) for day, amount in orders if amount >= 0]
    days = sorted({day for day, _ in bought})
    gaps = [(after - before).days for before, after in pairwise(days)]
    return {
        "first_order_on": days[0] if days else None,
        "last_order_on": days[-1] if days else None,
        "recency_days": (as_of - days[-1]).days if days else None,
        "tenure_days": (as_of - days[0]).days if days else None,
        "order_count": len(bought),
        "purchase_days": len(days),
        "amount": sum((amount for _, amount in orders), Decimal(0)),
        "average_amount": sum(amount for _, amount in bought) / len(bought) if bought else None,
        "mean_interval_days": sum(gaps) / len(gaps) if gaps else None,
    }


def score(value: Any, values: list[Any], *, more_is_better: bool) -> int:
    better = sum(1 for other in values if (other > value if more_is_better else other < value))
    return 5 - 5 * better // len(values)


def fixed_score(value: Any, bounds: list[Any], *, more_is_better: bool) -> int:
    for points, bound in zip((5, 4, 3, 2), bounds, strict=True):
        if value >= bound if more_is_better else value <= bound:
            return points
    return 1


def grade(amount: Decimal, contributions: list[Decimal], shares: list[Fraction]) -> str:
    if amount <= 0:
        return "small"
    better = sum(1 for other in contributions if other > amount)
    for name, share in zip(("top", "high", "normal"), shares, strict=False):
        if better < share * len(contributions):
            return name
    return "small"


def retention(orders: list[Order], *, as_of: date) -> dict[tuple[date, int], tuple[int, int]]:
    months: dict[int, set[int]] = defaultdict(set)
    for customer, day, amount in orders:
        if customer is not None and amount >= 0 and day <= as_of:
            months[customer].add(day.year * 12 + day.month - 1)
    last = as_of.year * 12 + as_of.month - 1
    found = {}
    for first in {min(own) for own in months.values()}:
        cohort = [own for own in months.values() if min(own) == first]
        for since in range(last - first + 1):
            active = sum(1 for own in cohort if first + since in own)
            found[date(first // 12, first % 12 + 1, 1), since] = (len(cohort), active)
    return found
