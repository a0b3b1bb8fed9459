"""What happened: new customers, revenue, who is where, who slipped."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q, Sum
from django.urls import reverse

from zhike.commerce.guarded import AMOUNT
from zhike.commerce.models import Order
from zhike.core import fields
from zhike.core.actor import Actor
from zhike.core.paging import Count, count_up_to
from zhike.customers.guarded import AMOUNT as CUSTOMER_AMOUNT
from zhike.customers.guarded import LAST_ORDER, read_computed, shown_name
from zhike.customers.models import Customer, CustomerFacts, Grade
from zhike.customers.selectors.listing import list_url
from zhike.insight.periods import month_end, months_before
from zhike.insight.selectors.figures import Group, count_left_out, get_groups, sees_everything
from zhike.scores import selectors as scores
from zhike.scores.models import ScoringRun, ValueScoreQuerySet

WEEK = 7
SLIPPED_SHOWN = 8
LAYERS = tuple(Grade.values)


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A figure and the same of the period before. change: null where there was nothing before."""

    value: int | Decimal
    before: int | Decimal
    href: str

    @property
    def change(self) -> float | None:
        return float((self.value - self.before) / self.before) if self.before > 0 else None


@dataclass(frozen=True, kw_only=True)
class Slipped:
    """A customer who lost a layer."""

    customer_id: int
    name: str
    url: str
    grade_before: str
    grade: str
    amount: Decimal | str | None
    last_order_on: date | None


@dataclass(frozen=True, kw_only=True)
class Today:
    """The page's figures as of the run's day, without those of fields that the reader does not read.

    has_history: whether a run before it tells who slipped. shown: names of the fields of customers that are read.
    """

    run: ScoringRun
    currency: str
    left_out: int
    shown: frozenset[str]
    buyers: Compared | None
    revenue: Compared | None
    month: date
    month_before: date
    grades: dict[str, Group]
    stages: dict[str, Group]
    slipped: list[Slipped]
    slipped_count: Count
    slipped_href: str
    has_history: bool


def has_customers(*, actor: Actor) -> bool:
    return Customer.objects.visible_to(actor).exists()


def get_today(*, actor: Actor, run: ScoringRun) -> Today:
    """The figures of the run's day, as far as the actor sees."""
    grades, stages = get_groups(actor=actor, run=run)
    shown = read_computed(actor)
    slipped = scores.list_slipped(actor=actor, latest=run, days=WEEK)
    month = months_before(run.as_of, 0)
    return Today(
        run=run,
        currency=run.metrics["currency"],
        left_out=sum(count_left_out(actor=actor, run=run).values()),
        shown=shown,
        buyers=_buyers(actor, run) if "first_order_on" in shown else None,
        revenue=_revenue(actor, run) if fields.reads(actor, [AMOUNT]) else None,
        month=month,
        month_before=months_before(run.as_of, 1),
        grades=grades if "grade" in shown else {},
        stages=stages if "stage" in shown else {},
        slipped=_slipped_rows(actor, slipped) if "grade" in shown else [],
        slipped_count=count_up_to(slipped) if "grade" in shown else Count(0, False),
        slipped_href=list_url_of_slipped(),
        has_history=ScoringRun.objects.filter(measure=run.measure, pk__lt=run.pk, as_of__lte=run.as_of).exists(),
    )


def list_url_of_slipped() -> str:
    return f"/customers/?f=slipped:last:{WEEK}"


def _buyers(actor: Actor, run: ScoringRun) -> Compared:
    """Who bought for the first time in the last seven days, and in the seven before."""
    week = timedelta(days=WEEK)
    first = run.as_of - week + timedelta(days=1)
    return Compared(
        value=_first_buyers(actor, run, first, run.as_of),
        before=_first_buyers(actor, run, first - week, run.as_of - week),
        href=list_url(first_order=(first, run.as_of)),
    )


def _first_buyers(actor: Actor, run: ScoringRun, first: date, last: date) -> int:
    if sees_everything(actor):
        days = run.metrics["firsts"]
        return sum(customers for day, customers in days if first <= date.fromisoformat(day) <= last)
    mine = CustomerFacts.objects.filter(customer__in=Customer.objects.visible_to(actor))
    return mine.filter(first_order_on__range=(first, last)).count()


def _revenue(actor: Actor, run: ScoringRun) -> Compared:
    """This month up to the run's day, and the same days of the month before."""
    month, before = months_before(run.as_of, 0), months_before(run.as_of, 1)
    before_end = min(before + (run.as_of - month), month_end(before))
    amounts = [_amount(actor, run, first, last) for first, last in ((month, run.as_of), (before, before_end))]
    return Compared(value=amounts[0], before=amounts[1], href=list_url(ordered=(month, run.as_of)))


def _amount(actor: Actor, run: ScoringRun, first: date, last: date) -> Decimal:
    """Revenue of the days from first to last. The run knows the days; only orders of its own last day may be newer."""
    if not sees_everything(actor):
        return _amount_now(actor, run, first, last)
    known = sum(
        (Decimal(row[1]) for row in run.metrics["days"] if first <= date.fromisoformat(row[0]) <= last), Decimal(0)
    )
    if last < run.as_of:
        return known
    of_last_day = next((Decimal(row[1]) for row in run.metrics["days"][-1:] if row[0] == last.isoformat()), Decimal(0))
    return known - of_last_day + _amount_now(actor, run, last, last)


def _amount_now(actor: Actor, run: ScoringRun, first: date, last: date) -> Decimal:
    zone = ZoneInfo(settings.TIME_ZONE)
    placed = Q(
        placed_at__gte=datetime.combine(first, time(), zone),
        placed_at__lt=datetime.combine(last + timedelta(days=1), time(), zone),
    )
    orders = Order.objects.visible_to(actor).filter(placed, currency=run.metrics["currency"])
    return orders.aggregate(amount=Sum("total_amount"))["amount"] or Decimal(0)


def _slipped_rows(actor: Actor, slipped: ValueScoreQuerySet) -> list[Slipped]:
    """The most valuable of those who slipped; for who reads no amounts the latest added, since the order tells."""
    cover, of_days = fields.covering(actor, CUSTOMER_AMOUNT), fields.covering(actor, LAST_ORDER)
    order = ("-amount", "customer_id") if cover is None else ("-customer_id",)
    rows = slipped.order_by(*order).values_list(
        "customer_id", "customer__name", "grade", "grade_change", "amount", "customer__facts__last_order_on"
    )
    return [
        Slipped(
            customer_id=pk,
            name=shown_name(actor, name),
            url=reverse("show_customer", args=[pk]),
            grade_before=LAYERS[LAYERS.index(grade) + change],
            grade=grade,
            amount=amount if cover is None else cover(str(amount)) or None,
            last_order_on=last_order_on if of_days is None else None,
        )
        for pk, name, grade, change, amount, last_order_on in rows[:SLIPPED_SHOWN]
    ]
