"""Fields that sum up what hangs on a record, such as its orders of the last 90 days.

The database works them out whenever they are read, of the things that the reader sees.

Apps register what can be summed up when they are ready.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import (
    DateField,
    DateTimeField,
    DecimalField,
    F,
    Func,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
)
from django.db.models import Value as Constant
from django.db.models.functions import Cast, Coalesce, TruncDate
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhike.core.actor import SYSTEM, Actor
from zhike.metadata.formulas.evaluating import as_json, company_today, company_zone
from zhike.metadata.kinds import Json, Known
from zhike.metadata.models import Kind

type Values = dict[str, Json]
type Rows = QuerySet[Any, Any]
type Choices = Callable[[], Sequence[tuple[str, str]]]
COUNT = "count"
FUNCTIONS: Mapping[str, str | Promise] = {
    "sum": _("Sum of %(figure)s"),
    "min": _("Smallest %(figure)s"),
    "max": _("Largest %(figure)s"),
    "first": _("First %(figure)s"),
    "last": _("Last %(figure)s"),
    "latest": _("%(figure)s of the latest"),
}
_SQL = {"sum": "SUM", "min": "MIN", "max": "MAX", "first": "MIN", "last": "MAX", COUNT: "COUNT"}
_OUTPUT: Mapping[Kind, Any] = {
    Kind.NUMBER: DecimalField(max_digits=40, decimal_places=10),
    Kind.MONEY: DecimalField(max_digits=40, decimal_places=10),
    Kind.DATE: DateField(),
    Kind.TEXT: TextField(),
}
MOST_DAYS, MOST_CONDITIONS, MOST_VALUES = 36_500, 2, 20


def no_choices() -> Sequence[tuple[str, str]]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What can be summed up of such things. column: theirs; of a date, the moment. functions: of `FUNCTIONS`. only: the
    things that count. narrower: function to which of them it is about. guards: fields that it tells of."""

    label: str | Promise
    column: str
    kind: Kind
    functions: tuple[str, ...]
    guards: tuple[str, ...] = ()
    only: Q = field(default_factory=Q)
    narrower: Mapping[str, Q] = field(default_factory=dict)

    def counting(self, function: str) -> Q:
        return self.only & self.narrower.get(function, Q())


@dataclass(frozen=True, kw_only=True)
class Condition:
    """By what the things can be narrowed: values of a column, free ones where there are no choices."""

    label: str | Promise
    column: str
    guards: tuple[str, ...] = ()
    choices: Choices = no_choices


@dataclass(frozen=True, kw_only=True)
class Collection:
    """Things that hang on records. seen: those that an actor sees. by, at: their columns with the record and the
    moment. permission: what seeing any asks for. counted: which are counted. guards: fields that already a count tells
    of."""

    record: str
    key: str
    label: str | Promise
    permission: str
    seen: Callable[[Actor], Rows]
    by: str
    at: str
    figures: Mapping[str, Figure]
    conditions: Mapping[str, Condition]
    counted: Q = field(default_factory=Q)
    guards: tuple[str, ...] = ()


_collections: dict[tuple[str, str], Collection] = {}


def register(collection: Collection) -> None:
    _collections[collection.record, collection.key] = collection


def list_collections(record: str) -> list[Collection]:
    return [one for (of, _key), one in _collections.items() if of == record]


def collection_of(known: Known) -> Collection:
    return _collections[known.record, str(known.rules["of"])]


def guards_of(known: Known) -> tuple[str, ...]:
    """The fields that the value tells of."""
    collection = collection_of(known)
    figure = collection.figures.get(str(known.rules.get("figure", "")))
    narrowed = [collection.conditions[one["field"]].guards for one in known.rules.get("where", ())]
    own = figure.guards if figure else ()
    return tuple(dict.fromkeys((*collection.guards, *own, *(guard for guards in narrowed for guard in guards))))


def may_see(actor: Actor, known: Known) -> bool:
    """Whether the actor sees such things at all."""
    return known.kind is not Kind.ROLLUP or actor.may(collection_of(known).permission)


def summed_up(known: Known, actor: Actor = SYSTEM) -> Any:
    """The value for each record of a query. actor: whose things; the policy of their table narrows them as well, unless
    somebody sees everything."""
    collection, rules = collection_of(known), known.rules
    function = str(rules["function"])
    figure = collection.figures.get(str(rules.get("figure", "")))
    rows = collection.seen(actor).filter(**{collection.by: OuterRef("pk")})
    rows = rows.filter(collection.counted if figure is None else figure.counting(function)).order_by()
    for one in rules.get("where", ()):
        rows = rows.filter(**{f"{collection.conditions[one['field']].column}__in": list(one["is"])})
    if rules.get("days"):
        rows = rows.filter(**{f"{collection.at}__gte": _Since(int(rules["days"]))})
    if figure is None:
        counted = Subquery(rows.annotate(_figure=_aggregate("COUNT", F("pk"), Kind.NUMBER)).values("_figure"))
        return Coalesce(counted, Constant(Decimal(0)), output_field=_OUTPUT[Kind.NUMBER])
    column: Any = F(figure.column)
    if figure.kind is Kind.DATE:
        column = TruncDate(figure.column, tzinfo=company_zone())
    if function == "latest":
        latest = rows.order_by(f"-{collection.at}", "-pk").annotate(_figure=Cast(column, _OUTPUT[figure.kind]))
        return Subquery(latest.values("_figure")[:1])
    return Subquery(rows.annotate(_figure=_aggregate(_SQL[function], column, figure.kind)).values("_figure"))


def of_records(model: type[Model], known: Mapping[str, Known], ids: Sequence[int], actor: Actor) -> dict[int, Values]:
    """The values of records that were found for whoever acts, by one query; nothing where there are no such fields."""
    mine = {f"up_{place}": one for place, one in enumerate(known.values()) if _sums_up(actor, one)}
    if not mine or not ids:
        return {}
    expressions = {name: summed_up(one, actor) for name, one in mine.items()}
    rows = model._default_manager.filter(pk__in=ids).annotate(**expressions).values("pk", *mine)
    return {
        row["pk"]: {one.key: as_json(row[name]) for name, one in mine.items() if row[name] not in (None, "")}
        for row in rows
    }


def _sums_up(actor: Actor, known: Known) -> bool:
    return known.kind is Kind.ROLLUP and may_see(actor, known)


def _aggregate(function: str, column: Any, kind: Kind) -> Any:
    """A plain function, so that the ORM groups by nothing: one figure for each record, also for none."""
    return Cast(Func(column, function=function, output_field=_OUTPUT[kind]), _OUTPUT[kind])


class _Since(Func):
    """The beginning of the last so many days of the company, when the question is asked."""

    def __init__(self, days: int) -> None:
        super().__init__(Constant(days), output_field=DateTimeField())
        self.days = days

    def as_sql(self, compiler: Any, connection: Any, *_given: Any, **_more: Any) -> Any:
        day = company_today(timezone.now()) - timedelta(days=self.days)
        return "%s", (datetime.combine(day, time(), company_zone()),)
