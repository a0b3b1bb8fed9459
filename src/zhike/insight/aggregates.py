"""What a scoring run found about the whole company, kept with the run so that its pages need not count again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import MAX_PREC, Decimal, localcontext
from typing import TYPE_CHECKING, Any

from zhike.insight.measures import Currencies, Value
from zhike.insight.periods import months_before
from zhike.science.cohort import cohort_retention
from zhike.science.concentration import gini, lorenz_curve, rank_contributors

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from zhike.engine.backend import Engine

MONTHS = 13  # what the charts show: a year, and its first month once more for comparison


def aggregate(engine: Engine, value: Value, *, as_of: date, currencies: Currencies) -> dict[str, Any]:
    """Figures of the run as JSON; amounts as text, so that they stay exact."""
    since = months_before(as_of, MONTHS - 1)
    recent = engine.materialize("recent", _recent(value, since))
    days = _by_day_and_grade(recent)
    groups = _by_grade_stage_and_scores(value.table)
    ranked = engine.materialize("ranked", rank_contributors(value.table))
    found = {
        "currency": currencies.scored,
        "left_out": dict(currencies.left_out),
        "cutoffs": value.cutoffs,
        "thresholds": value.thresholds,
        "rhythm_days": value.rhythm_days,
        "grades": _groups(groups, "grade"),
        "stages": _groups(groups, "stage"),
        "rf": _rf(groups),
        "anonymous": _anonymous(value.orders),
        "days": _days(days),
        "firsts": _firsts(value.table, since),
        "months": _months(days),
        "cohorts": _cohorts(recent, as_of, since),
        "lorenz": _rows(lorenz_curve(ranked).order_by("step"), "customer_rate", "amount_rate"),
        "gini": gini(ranked).to_pyarrow().to_pylist()[0]["gini"],
    }
    return {name: plain(item) for name, item in found.items()}


def _by_grade_stage_and_scores(table: ir.Table) -> list[dict[str, Any]]:
    """One pass over the customers, from which the coarser groups follow."""
    groups = table.group_by("grade", "stage", "r", "f").agg(customers=table.count(), amount=table.amount.sum())
    rows: list[dict[str, Any]] = groups.to_pyarrow().to_pylist()
    return rows


def _groups(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    found = _summed(rows, by=(name,), of=("customers", "amount"))
    return {key: {"customers": customers, "amount": amount} for (key,), (customers, amount) in found.items()}


def _rf(rows: list[dict[str, Any]]) -> list[list[int]]:
    buyers = [row for row in rows if row["r"] is not None]
    return _sorted_rows(_summed(buyers, by=("r", "f"), of=("customers",)))


def _summed(rows: Iterable[dict[str, Any]], *, by: tuple[str, ...], of: tuple[str, ...]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    # Amounts of 38 digits stay exact.
    with localcontext(prec=MAX_PREC):
        for row in rows:
            sums = found.setdefault(tuple(row[name] for name in by), [0] * len(of))
            sums[:] = [total + row[name] for total, name in zip(sums, of, strict=True)]
    return found


def _sorted_rows(found: dict[Any, list[Any]]) -> list[list[Any]]:
    return [[*key, *sums] for key, sums in sorted(found.items())]


def _recent(value: Value, since: date) -> ir.Table:
    """The orders of the months shown, with today's grade and the first order's day of whoever placed them."""
    import ibis

    orders = value.orders.filter(value.orders.placed_on >= ibis.literal(since))
    return orders.left_join(value.table.select("customer_id", "grade", "first_order_on"), "customer_id").drop(
        "customer_id_right"
    )


def _by_day_and_grade(recent: ir.Table) -> list[dict[str, Any]]:
    """Revenue and purchases per day and grade, with the day's month; the grade of anonymous orders is empty."""
    purchases = (recent.amount >= 0).cast("int64").sum()
    days = recent.group_by("placed_on", grade=recent.grade.fill_null("")).agg(
        amount=recent.amount.sum(), orders=purchases
    )
    rows: list[dict[str, Any]] = days.to_pyarrow().to_pylist()
    return [row | {"month": row["placed_on"].replace(day=1)} for row in rows]


def _anonymous(orders: ir.Table) -> dict[str, Any]:
    nobody = orders.filter(orders.customer_id.isnull())
    purchases = (nobody.amount >= 0).cast("int64").sum()
    row: dict[str, Any] = nobody.agg(orders=purchases, amount=nobody.amount.sum()).to_pyarrow().to_pylist()[0]
    return row


def _days(days: list[dict[str, Any]]) -> list[list[Any]]:
    return _sorted_rows(_summed(days, by=("placed_on",), of=("amount", "orders")))


def _firsts(table: ir.Table, since: date) -> list[list[Any]]:
    """How many customers bought for the first time on which day."""
    import ibis

    recent = table.filter(table.first_order_on >= ibis.literal(since))
    by_day = recent.group_by("first_order_on").agg(customers=recent.count())
    return _rows(by_day.order_by("first_order_on"), "first_order_on", "customers")


def _months(days: list[dict[str, Any]]) -> list[list[Any]]:
    return _sorted_rows(_summed(days, by=("month", "grade"), of=("amount", "orders")))


def _cohorts(recent: ir.Table, as_of: date, since: date) -> list[list[Any]]:
    """Retention of those who first bought in the months shown; nobody else's orders are looked at."""
    import ibis

    newcomers = recent.filter(recent.first_order_on >= ibis.literal(since))
    cohorts = cohort_retention(newcomers.select("customer_id", "placed_on", "amount"), as_of=as_of)
    ordered = cohorts.order_by("cohort_on", "months_since")
    return _rows(ordered, "cohort_on", "months_since", "cohort_count", "active_count")


def _rows(table: ir.Table, *names: str) -> list[list[Any]]:
    return [[row[name] for name in names] for row in table.select(*names).to_pyarrow().to_pylist()]


def plain(value: Any) -> Any:
    """The value as JSON takes it; amounts as text."""
    match value:
        case Decimal():
            return format(value.normalize(), "f")
        case date():
            return value.isoformat()
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case _:
            return value
