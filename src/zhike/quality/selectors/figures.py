"""Figures of the newest run with the trend before it, ready for pages."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext

from zhike.core import fields
from zhike.core.actor import Actor
from zhike.core.lists.grammar import Condition, Group
from zhike.core.lists.state import State, tree_of
from zhike.customers.selectors.listing import list_url
from zhike.quality import catalogue
from zhike.quality.checks import Check
from zhike.quality.choices import Dimension
from zhike.quality.listing import KEY
from zhike.quality.models import Figure, Run, Tally
from zhike.quality.subjects import CUSTOMER, LATE_AFTER, ORDER, Subject, list_subjects

TREND = 60  # runs
COLUMNS = tuple(Dimension)


@dataclass(frozen=True, kw_only=True)
class Rate:
    """The share that is good. bad: records that are not, of how many; url: these records."""

    rate: float
    bad: int
    of: int
    url: str = ""

    @property
    def tone(self) -> str:
        """Never alone: the figure stands beside it."""
        return "good" if self.rate >= 0.98 else "warn" if self.rate >= 0.9 else "bad"

    @property
    def percent(self) -> float:
        return round(100 * self.rate, 2)


@dataclass(frozen=True, kw_only=True)
class FieldRow:
    """One field in all dimensions, in the order of `COLUMNS`; None: not measured."""

    subject: Subject
    records: int
    cells: list[Rate | None]

    @property
    def label(self) -> str | Promise:
        return self.subject.label


@dataclass(frozen=True, kw_only=True)
class SourceRow:
    """One source of a field. name: empty is said in words by the page."""

    name: str
    records: int
    cells: list[Rate | None]


def newest_run() -> Run | None:
    return Run.objects.filter(is_newest=True).order_by("-as_of").first()


def latest_run() -> Run | None:
    """The one begun last, whatever became of it."""
    return Run.objects.order_by("-pk").first()


def list_rows(*, actor: Actor, run: Run, record: str) -> list[FieldRow]:
    """Every measured field of a kind of record that the actor reads."""
    figures = {one.field: one for one in Figure.objects.filter(run=run, record=record, by="")}
    checks = catalogue.list_checks()
    return [
        FieldRow(
            subject=subject,
            records=figures[subject.field].records,
            cells=_cells(subject, figures[subject.field], checks, actor),
        )
        for subject in list_subjects()
        if subject.record == record and subject.field in figures and fields.reads(actor, subject.reads)
    ]


def find_subject(*, actor: Actor, record: str, field: str) -> Subject | None:
    """The measured field, if the actor reads it."""
    found = (one for one in list_subjects() if (one.record, one.field) == (record, field))
    subject = next(found, None)
    return subject if subject is not None and fields.reads(actor, subject.reads) else None


def list_sources(*, actor: Actor, run: Run, subject: Subject, by: str) -> list[SourceRow]:
    """The figures of a field by channel or origin, the largest source first; none by a channel that the actor does not
    read."""
    if by == "channel" and not fields.reads(actor, [f"{subject.record}.channel"]):
        return []
    rows = Figure.objects.filter(run=run, record=subject.record, field=subject.field, by=by)
    checks = catalogue.list_checks()
    return [
        SourceRow(name=one.source, records=one.records, cells=_cells(subject, one, checks, actor))
        for one in rows.order_by("-records", "source")
    ]


def trend_of(*, subject: Subject, by: str = "", source: str = "") -> list[tuple[date, list[float | None]]]:
    """Days with the share that is good in each dimension, the oldest first."""
    rows = Figure.objects.filter(
        record=subject.record, field=subject.field, by=by, source=source, run__is_newest=True
    ).select_related("run")
    found = [(one.run.as_of, [None if rate is None else rate.rate for rate in _rates(one)]) for one in
             rows.order_by("-run__as_of")[:TREND]]  # fmt: skip
    return found[::-1]


def overview_trend() -> list[Run]:
    """The newest runs of their days, the oldest first."""
    found = list(Run.objects.filter(is_newest=True).order_by("-as_of").only("as_of", "metrics")[:TREND])
    return found[::-1]


def tallies_over_time(rules: Sequence[str]) -> Mapping[str, list[int]]:
    """Rule to its findings in the newest runs, the oldest first."""
    runs = list(Run.objects.filter(is_newest=True).order_by("-as_of").values_list("pk", flat=True)[:TREND])[::-1]
    held: dict[str, dict[int, int]] = defaultdict(dict)
    for rule, run, items in Tally.objects.filter(run__in=runs, rule__in=rules).values_list("rule", "run", "items"):
        held[rule][run] = items
    return {rule: [counts[run] for run in runs if run in counts] for rule, counts in held.items()}


def share_of(run: Run, dimension: Dimension) -> float:
    """Of the whole: of completeness the mean share of fields that is filled, else the customers with no finding."""
    if dimension is Dimension.COMPLETENESS:
        return float(run.metrics.get("filled", 0))
    concerned: Mapping[str, Any] = run.metrics.get("concerned", {})
    customers = run.metrics.get("customers", 0)
    return 1 - concerned.get(dimension.value, 0) / customers if customers else 1.0


def _rates(figure: Figure) -> list[Rate | None]:
    found: list[Rate | None] = []
    for dimension in COLUMNS:
        if dimension is Dimension.COMPLETENESS:
            bad, of = figure.records - figure.filled, figure.records
        else:
            counted = getattr(figure, dimension.value)
            if counted is None:
                found.append(None)
                continue
            bad, of = counted, figure.filled
        found.append(Rate(rate=1 - bad / of, bad=bad, of=of) if of else None)
    return found


def _cells(subject: Subject, figure: Figure, checks: Sequence[Check], actor: Actor) -> list[Rate | None]:
    cells = []
    for dimension, rate in zip(COLUMNS, _rates(figure), strict=True):
        url = records_url(subject, dimension, checks, actor, figure) if rate is not None and rate.bad else ""
        cells.append(None if rate is None else Rate(rate=rate.rate, bad=rate.bad, of=rate.of, url=url))
    return cells


def records_url(subject: Subject, dimension: Dimension, checks: Sequence[Check], actor: Actor, figure: Figure) -> str:
    """The list of the customers behind a count, where a filter says the same; of one source only by its channel."""
    if subject.record != CUSTOMER or figure.by == "origin":
        return ""
    more: dict[str, Any] = {}
    if figure.by == "channel":
        more["channel"] = figure.source or None
    if dimension is Dimension.COMPLETENESS:
        return list_url(**{subject.filter: None, **more}) if subject.filter else ""
    if dimension is Dimension.TIMELINESS:
        return _late_url(subject, more)
    mine = [
        check.key
        for check in checks
        if (check.record, check.field, check.dimension) == (CUSTOMER, subject.field, dimension)
        and catalogue.is_open_to(check, actor)
    ]
    return list_url(**{KEY: mine, **more}) if mine else ""


def _late_url(subject: Subject, more: Mapping[str, object]) -> str:
    if not subject.filter and subject.field != "name":
        return ""
    conditions = [Condition("updated", "older", (str(LATE_AFTER),))]
    if subject.filter:
        conditions.append(Condition(subject.filter, "filled"))
    tree = Group("all", (*conditions, *tree_of(**more).items))
    return f"/customers/?{State(tree=tree).query()}"


def record_label(record: str) -> str:
    return pgettext("purchase", "Orders") if record == ORDER else gettext("Customers")
