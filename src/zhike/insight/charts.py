"""The figures of insight as charts: the finding in the title, the customers behind every mark."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from zhike.commerce import guarded as orders
from zhike.core import fields
from zhike.core.actor import Actor
from zhike.customers import guarded as customers
from zhike.customers.models import Grade, Stage
from zhike.customers.selectors.listing import list_url
from zhike.insight.periods import month_end, months_before
from zhike.insight.selectors.figures import Figures, Group
from zhike.scores.models import ScoringRun
from zhike.ui import charts, formatting
from zhike.ui.badges import GRADES, STAGES
from zhike.ui.charts import PERCENT, Datum, Figure, Level, Series, Unit

SCORES = range(5, 0, -1)
WELL = 4  # the scores that count as recent and frequent
CURVE_SHOWN = (1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)


def pyramid(figures: Figures) -> Figure:
    total, buyers = figures.amount, figures.buyers
    groups = [(grade, figures.grades.get(grade, Group())) for grade in Grade.values]
    best = groups[0][1]
    title = _("Key customers are %(customers)s of the buyers and bring %(revenue)s of the revenue") % {
        "customers": _percent(best.customers, buyers),
        "revenue": _percent(best.amount, total),
    }
    return charts.pyramid(
        title=title if total > 0 else _("Value pyramid"),
        subtitle=_("All purchases up to the day of the run, refunds taken off"),
        level_title=_("Grade"),
        count_title=pgettext("figure", "Customers"),
        share_title=_("Share of revenue"),
        levels=[
            Level(
                label=_grade(grade),
                count=group.customers,
                share=group.amount / total if total else Decimal(0),
                href=list_url(grade=grade),
            )
            for grade, group in groups
        ],
    )


def revenue_by_grade(figures: Figures, currency: str) -> Figure:
    first = sum((figures.grades.get(grade, Group()).amount for grade in ("top", "high")), Decimal(0))
    return charts.bar(
        title=_("Key and major customers bring %(share)s of the revenue") % {"share": _percent(first, figures.amount)},
        subtitle=_("Purchases so far, in %(currency)s") % {"currency": currency},
        columns=[_grade(grade) for grade in Grade.values],
        column_title=_("Grade"),
        unit=Unit(kind="money", currency=currency),
        sideways=True,
        series=[
            Series(
                name=_("Revenue"),
                data=[
                    Datum(value=figures.grades.get(grade, Group()).amount, href=list_url(grade=grade, sort="-amount"))
                    for grade in Grade.values
                ],
            )
        ],
    )


def rfm(figures: Figures) -> Figure:
    buyers = sum(figures.rf.values())
    well = sum(count for (r, f), count in figures.rf.items() if r >= WELL and f >= WELL)
    return charts.heatmap(
        title=_("%(share)s of the buyers came recently and come often") % {"share": _percent(well, buyers)},
        subtitle=_("Customers by recency (R) and frequency (F), 5 is best"),
        row_title="R",
        column_title="F",
        columns=[str(f) for f in reversed(SCORES)],
        rows=[
            Series(
                name=str(r),
                data=[Datum(value=figures.rf.get((r, f), 0), href=list_url(r=r, f=f)) for f in reversed(SCORES)],
            )
            for r in SCORES
        ],
    )


def cohorts(figures: Figures, as_of: date) -> Figure:
    """Retention by the month of the first purchase. The running month is not over, so it stays out of the title."""
    over = [cohort for cohort in figures.cohorts if len(cohort.active) > 2]
    again, of = sum(cohort.active[1] for cohort in over), sum(cohort.size for cohort in over)
    width = max((len(cohort.active) for cohort in figures.cohorts), default=0)
    return charts.heatmap(
        title=_("%(share)s of new customers buy again in the month after their first purchase")
        % {"share": _percent(again, of)}
        if of
        else _("Retention by month of the first purchase"),
        subtitle=_("Share of each month's new customers who buy in a later month; the running month is not over"),
        row_title=_("First purchase"),
        column_title=_("Months later"),
        columns=[str(age) for age in range(width)],
        unit=Unit(kind="percent", digits=0),
        rows=[
            Series(
                name=_("%(month)s (%(customers)s)")
                % {"month": cohort.month.strftime("%Y-%m"), "customers": _number(cohort.size)},
                data=[
                    Datum(
                        value=cohort.active[age] / cohort.size,
                        href=_cohort_url(cohort.month, age),
                    )
                    if age < len(cohort.active)
                    else Datum(value=None)
                    for age in range(width)
                ],
            )
            for cohort in figures.cohorts
        ],
    )


def _cohort_url(month: date, age: int) -> str:
    first = (month, month_end(month))
    later = months_before(month, -age)
    return list_url(first_order=first, ordered=(later, month_end(later))) if age else list_url(first_order=first)


def revenue_by_month(figures: Figures, currency: str, as_of: date) -> Figure:
    months = list(figures.months)
    totals = {month: sum(amounts.values(), Decimal(0)) for month, amounts in figures.months.items()}
    names = {**{grade: _grade(grade) for grade in Grade.values}, "": _("Anonymous")}
    return charts.bar(
        title=_month_title(totals, as_of),
        subtitle=_("By today's grade of the customer, in %(currency)s") % {"currency": currency},
        columns=[month.strftime("%Y-%m") for month in months],
        column_title=_("Month"),
        unit=Unit(kind="money", currency=currency),
        stacked=True,
        series=[
            Series(
                name=name,
                data=[
                    Datum(
                        value=figures.months[month].get(grade, Decimal(0)),
                        href=list_url(grade=grade, ordered=(month, month_end(month))) if grade else "",
                    )
                    for month in months
                ],
            )
            for grade, name in names.items()
        ],
    )


def _month_title(totals: dict[date, Decimal], as_of: date) -> str:
    last, before = months_before(as_of, 1), months_before(as_of, 2)
    if totals.get(last, 0) <= 0 or totals.get(before, 0) <= 0:
        return _("Revenue by month")
    change = totals[last] / totals[before] - 1
    values = {"month": last.strftime("%Y-%m"), "share": formatting.percent(abs(change))}
    if change >= 0:
        return _("Revenue of %(month)s was up %(share)s on the month before") % values
    return _("Revenue of %(month)s was down %(share)s on the month before") % values


def concentration(figures: Figures) -> Figure:
    """How much the best customers bring, at round shares."""
    points = {share: _at(figures.curve, share / 100) for share in CURVE_SHOWN}
    return charts.line(
        title=_("The best 20%% of customers bring %(share)s of the revenue") % {"share": formatting.percent(points[20])}
        if figures.curve
        else _("Concentration of revenue"),
        subtitle=_("Customers with revenue, from the best down; Gini coefficient %(gini)s")
        % {"gini": _number(round(Decimal(str(figures.gini)), 2))}
        if figures.gini is not None
        else "",
        columns=[f"{share}%" for share in CURVE_SHOWN] if figures.curve else [],
        column_title=_("Best customers"),
        shares=[share / 100 for share in CURVE_SHOWN],
        unit=PERCENT,
        series=[
            Series(
                name=_("Share of revenue"),
                data=[Datum(value=points[share]) for share in CURVE_SHOWN] if figures.curve else [],
            )
        ],
    )


def _at(curve: list[tuple[float, float]], share: float) -> float:
    """What the best `share` bring, by the nearest point that the curve has."""
    return min(curve, key=lambda point: abs(point[0] - share))[1] if curve else 0.0


def by_grade(grades: dict[str, Group]) -> Figure:
    codes = [code for code in Grade.values if code in grades]
    return _counts(
        _("Customers by grade"),
        _("Grade"),
        {_grade(code): (grades[code].customers, list_url(grade=code)) for code in codes},
    )


def by_stage(stages: dict[str, Group]) -> Figure:
    codes = [code for code in Stage.values if code in stages]
    return _counts(
        _("Customers by life-cycle stage"),
        _("Life-cycle stage"),
        {str(STAGES[code].label): (stages[code].customers, list_url(stage=code)) for code in codes},
    )


def _counts(title: str, column_title: str, rows: dict[str, tuple[int, str]]) -> Figure:
    return charts.bar(
        title=title,
        columns=list(rows),
        column_title=column_title,
        sideways=True,
        series=[
            Series(
                name=pgettext("figure", "Customers"),
                data=[Datum(value=count, href=href) for count, href in rows.values()],
            )
        ],
    )


def of_run(figures: Figures, run: ScoringRun, *, actor: Actor) -> list[Figure]:
    """The charts of the page of insight, in their order: those whose every field the actor reads."""
    currency = run.metrics["currency"]
    bought, of_orders, first = customers.AMOUNT, orders.AMOUNT, customers.key("first_order_on")
    possible: list[tuple[tuple[str, ...], Callable[[], Figure]]] = [
        ((customers.GRADE, bought), lambda: pyramid(figures)),
        ((customers.key("r"), customers.key("f")), lambda: rfm(figures)),
        ((first,), lambda: cohorts(figures, run.as_of)),
        ((customers.GRADE, of_orders), lambda: revenue_by_month(figures, currency, run.as_of)),
        ((customers.GRADE, bought), lambda: revenue_by_grade(figures, currency)),
        ((bought,), lambda: concentration(figures)),
    ]
    found = [make() for reads, make in possible if fields.reads(actor, reads)]
    if fields.reads(actor, [customers.GRADE]) and not fields.reads(actor, [bought]):
        found.insert(0, by_grade(figures.grades))
    return found


def _grade(code: str) -> str:
    return str(GRADES[code].label)


def _percent(part: Decimal | int, whole: Decimal | int) -> str:
    return formatting.percent(part / whole if whole else 0)


def _number(value: Decimal | int) -> str:
    return charts.NUMBER.exact(value)
