"""Conditions about what hangs on a list's rows: whether there is any, how many, what it adds up to.

Each is said twice. `compile` asks each row of the list in turn, through the index by which its things are found: quick
where many rows answer. `sweep` looks once at all such things: quick where few rows answer, and never slower than that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, DecimalField, Exists, F, Func, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Cast, Coalesce
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

from zhike.core.lists.operators import Asking

type Rows = QuerySet[Any, Any]
NUMBER = DecimalField(max_digits=30, decimal_places=8)
EVERY, NONE = ~Q(pk__in=[]), Q(pk__in=[])


def midnight(day: date, asking: Asking) -> datetime:
    """The beginning of a day of whoever asks."""
    return datetime.combine(day, time(), asking.zone)


def since(days: int, asking: Asking) -> datetime:
    """The beginning of the last so many days; today is the last of them and counts besides."""
    return midnight(asking.today - timedelta(days=days), asking)


@dataclass(frozen=True, kw_only=True)
class Linked:
    """Things that hang on rows. rows: which of them count, for these values. by: their column with the row's id."""

    rows: Callable[[list[Any], Asking], Rows]
    by: str = "customer"

    def any_of(self, operator: str, values: list[Any], asking: Asking) -> Q:
        found = Q(Exists(self.rows(values, asking).filter(**{self.by: OuterRef("pk")})))
        return ~found if operator in ABSENT else found

    def any_of_swept(self, operator: str, values: list[Any], asking: Asking) -> Q:
        found = Q(pk__in=self._held(self.rows(values, asking)).values(self.by))
        return ~found if operator in ABSENT else found

    def _held(self, rows: Rows) -> Rows:
        return rows.filter(**{f"{self.by}__isnull": False}).order_by()


ABSENT = ("not", "idle", "empty", "lacks")


@dataclass(frozen=True, kw_only=True)
class Figure(Linked):
    """A figure of such things. function, of: "COUNT" or "SUM" of a column. Rows without any have zero.

    The first of the values is the number of days, the others are compared with.
    """

    function: str = "COUNT"
    of: str = "pk"

    def compared(self, operator: str, values: list[Any], asking: Asking) -> Q:
        mine = self.rows(values[:1], asking).filter(**{self.by: OuterRef("pk")}).order_by()
        figure = Coalesce(
            Subquery(mine.annotate(_figure=self._figure()).values("_figure")), Value(Decimal(0)), output_field=NUMBER
        )
        low, high = _bounds(operator, values[1:])
        found = Q()
        if low is not None:
            found &= Q(GreaterThanOrEqual(figure, low))
        if high is not None:
            found &= Q(LessThanOrEqual(figure, high))
        return ~found if operator == "not" else found

    def compared_swept(self, operator: str, values: list[Any], asking: Asking) -> Q:
        """Those with nothing at all are in no such group: they are found by what they are not."""
        figures = self._held(self.rows(values[:1], asking)).values(self.by).annotate(_figure=self._grouped())
        low, high = _bounds(operator, values[1:])
        found = EVERY
        if low is not None:
            found &= (
                Q(pk__in=figures.filter(_figure__gte=low).values(self.by))
                if low > 0
                else ~Q(pk__in=figures.filter(_figure__lt=low).values(self.by))
            )
        if high is not None:
            found &= (
                Q(pk__in=figures.filter(_figure__lte=high).values(self.by))
                if high < 0
                else ~Q(pk__in=figures.filter(_figure__gt=high).values(self.by))
            )
        return ~found if operator == "not" else found

    def _figure(self) -> Any:
        """Written as a plain function, so that the ORM groups by nothing: one figure for all rows, also for none."""
        return Cast(Func(F(self.of), function=self.function, output_field=NUMBER), NUMBER)

    def _grouped(self) -> Any:
        return Count(self.of) if self.function == "COUNT" else Sum(self.of)


def _bounds(operator: str, values: Sequence[Any]) -> tuple[Decimal | None, Decimal | None]:
    given = [Decimal(value) for value in values]
    match operator:
        case "from":
            return given[0], None
        case "to":
            return None, given[0]
        case "between":
            return given[0], given[1]
        case _:
            return given[0], given[0]
