"""The figures behind the charts: of the whole company from its run, of a smaller scope counted now."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, DateField, Sum, Value
from django.db.models.functions import Coalesce, TruncMonth

from zhike.commerce.models import Order
from zhike.core.actor import Actor
from zhike.customers.models import Customer, CustomerFacts, CustomerQuerySet
from zhike.insight.periods import months_before
from zhike.scores.models import ScoringRun

SHOWN_MONTHS = 13
COHORTS = 12
CURVE_STEPS = 100
NOTHING = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Customers of a grade or stage, and what they bought so far."""

    customers: int = 0
    amount: Decimal = NOTHING


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """Customers who first bought in a month, and how many of them bought in each month since, that one first."""

    month: date
    size: int
    active: list[int]


@dataclass(kw_only=True)
class Figures:
    """What the charts show. rf: customers by r and f. months: revenue by month and grade ("" is anonymous).

    curve: share of customers to share of revenue, from the best down; gini: null without revenue.
    """

    grades: dict[str, Group]
    stages: dict[str, Group]
    rf: dict[tuple[int, int], int]
    months: dict[date, dict[str, Decimal]] = field(default_factory=dict)
    cohorts: list[Cohort] = field(default_factory=list)
    curve: list[tuple[float, float]] = field(default_factory=list)
    gini: float | None = None

    @property
    def buyers(self) -> int:
        return sum(group.customers for grade, group in self.grades.items() if grade)

    @property
    def amount(self) -> Decimal:
        return sum((group.amount for group in self.grades.values()), NOTHING)


def get_groups(*, actor: Actor, run: ScoringRun) -> tuple[dict[str, Group], dict[str, Group]]:
    """Customers by grade and by stage, as far as the actor sees."""
    if sees_everything(actor):
        return _groups(run.metrics["grades"]), _groups(run.metrics["stages"])
    facts = _facts(actor)
    return _count(facts, "grade"), _count(facts, "stage")


def get_figures(*, actor: Actor, run: ScoringRun) -> Figures:
    """Everything the page of insight draws, as far as the actor sees."""
    grades, stages = get_groups(actor=actor, run=run)
    if sees_everything(actor):
        metrics = run.metrics
        return Figures(
            grades=grades,
            stages=stages,
            rf={(r, f): customers for r, f, customers in metrics["rf"]},
            months=_by_month((date.fromisoformat(row[0]), row[1], Decimal(row[2])) for row in metrics["months"]),
            cohorts=_cohorts((date.fromisoformat(row[0]), *row[1:]) for row in metrics["cohorts"]),
            curve=[(customers, amount) for customers, amount in metrics["lorenz"] if amount is not None],
            gini=metrics["gini"],
        )
    return _of_scope(actor, run, grades, stages)


def sees_everything(actor: Actor) -> bool:
    """Whether the figures of the run are the actor's to see, or have to be counted within a smaller scope."""
    return all(actor.reach_of(code).is_all for code in (CustomerQuerySet.view_permission, "commerce.view_order"))


def count_left_out(*, actor: Actor, run: ScoringRun) -> dict[str, int]:
    """How many orders in which other currencies the figures leave out, as far as the actor sees orders."""
    found: dict[str, int] = run.metrics["left_out"]
    if not found or sees_everything(actor):
        return found
    end = datetime.combine(run.as_of + timedelta(days=1), time(), ZoneInfo(settings.TIME_ZONE))
    mine = Order.objects.visible_to(actor).filter(placed_at__lt=end).exclude(currency=run.metrics["currency"])
    return dict(mine.values_list("currency").annotate(orders=Count("pk")).order_by("currency"))


def _of_scope(actor: Actor, run: ScoringRun, grades: dict[str, Group], stages: dict[str, Group]) -> Figures:
    facts = _facts(actor)
    scores = facts.filter(r__isnull=False).values_list("r", "f").annotate(customers=Count("pk"))
    amounts = sorted(facts.filter(amount__gt=0).values_list("amount", flat=True), reverse=True)
    return Figures(
        grades=grades,
        stages=stages,
        rf={(r, f): customers for r, f, customers in scores},
        months=_months_of(actor, run),
        cohorts=_cohorts_of(actor, run),
        curve=_curve(amounts),
        gini=_gini(amounts),
    )


def _facts(actor: Actor) -> Any:
    return CustomerFacts.objects.filter(customer__in=Customer.objects.visible_to(actor))


def _groups(rows: dict[str, Any]) -> dict[str, Group]:
    return {code: Group(customers=row["customers"], amount=Decimal(row["amount"] or 0)) for code, row in rows.items()}


def _count(facts: Any, name: str) -> dict[str, Group]:
    rows = facts.values_list(name).annotate(customers=Count("pk"), bought=Sum("amount"))
    return {code: Group(customers=customers, amount=amount) for code, customers, amount in rows}


def _orders(actor: Actor, run: ScoringRun) -> Any:
    zone = ZoneInfo(settings.TIME_ZONE)
    first = datetime.combine(months_before(run.as_of, SHOWN_MONTHS - 1), time(), zone)
    end = datetime.combine(run.as_of + timedelta(days=1), time(), zone)
    return (
        Order.objects.visible_to(actor)
        .filter(currency=run.metrics["currency"], placed_at__gte=first, placed_at__lt=end)
        .annotate(month=TruncMonth("placed_at", tzinfo=zone, output_field=DateField()))
    )


def _months_of(actor: Actor, run: ScoringRun) -> dict[date, dict[str, Decimal]]:
    rows = _orders(actor, run).values_list("month", Coalesce("customer__facts__grade", Value("")))
    return _by_month(rows.annotate(amount=Sum("total_amount")))


def _cohorts_of(actor: Actor, run: ScoringRun) -> list[Cohort]:
    first = months_before(run.as_of, COHORTS)
    bought = _orders(actor, run).filter(total_amount__gte=0, customer__facts__first_order_on__gte=first)
    active = bought.annotate(cohort=TruncMonth("customer__facts__first_order_on")).values_list("cohort", "month")
    firsts = _facts(actor).filter(first_order_on__gte=first).annotate(cohort=TruncMonth("first_order_on"))
    sizes = dict(firsts.values_list("cohort").annotate(customers=Count("pk")))
    counts = {
        (cohort, _months_between(cohort, month)): customers
        for cohort, month, customers in active.annotate(customers=Count("customer", distinct=True))
    }
    return [
        Cohort(
            month=month,
            size=size,
            active=[counts.get((month, age), 0) for age in range(_months_between(month, run.as_of) + 1)],
        )
        for month, size in sorted(sizes.items())
    ]


def _by_month(rows: Any) -> dict[date, dict[str, Decimal]]:
    months: dict[date, dict[str, Decimal]] = defaultdict(dict)
    for month, grade, amount in rows:
        months[month][grade] = amount
    return dict(sorted(months.items())[-SHOWN_MONTHS:])


def _cohorts(rows: Any) -> list[Cohort]:
    found: dict[date, Cohort] = {}
    for month, _age, size, active in rows:
        found.setdefault(month, Cohort(month=month, size=size, active=[])).active.append(active)
    return list(found.values())[-COHORTS - 1 :]


def _months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def _curve(amounts: Sequence[Decimal]) -> list[tuple[float, float]]:
    """Share of revenue brought by the best 1 %, 2 % …; amounts from the largest down."""
    count, running = len(amounts), list(accumulate(amounts))
    places = [-(-count * step // CURVE_STEPS) for step in range(1, CURVE_STEPS + 1)] if count else []
    return [(place / count, float(running[place - 1] / running[-1])) for place in dict.fromkeys(places)]


def _gini(amounts: Sequence[Decimal]) -> float | None:
    count, total = len(amounts), sum(amounts)
    if not total:
        return None
    weighted = sum((count + 1 - 2 * place) * amount for place, amount in enumerate(amounts, 1))
    return float(weighted / (count * total))
