"""What can be asked of each kind of field, and what it means in SQL."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Literal

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.core.actor import Actor
from zhike.core.lists.grammar import FilterInvalid
from zhike.core.text.normal import ungrouped

MAX_BIGINT = 2**63 - 1
MAX_DAYS = 36_500
MAX_PLACES = 30
EARLIEST, LATEST = date(1800, 1, 1), date(2200, 1, 1)


class Kind(StrEnum):
    """What a field holds, which decides its operators and how its values are read."""

    TEXT = "text"
    CHOICE = "choice"
    REFERENCE = "reference"
    INTEGER = "integer"
    AMOUNT = "amount"
    DATE = "date"
    MOMENT = "moment"


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Who asks, and when: what “me” and “the last 30 days” mean."""

    actor: Actor
    now: datetime
    zone: tzinfo

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()


Arity = Literal["none", "one", "pair", "many", "days"]


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One way to ask. sentence: how a chip says it, with %(field)s and %(value)s."""

    key: str
    arity: Arity
    label: str | Promise
    sentence: str | Promise


def _operator(key: str, arity: Arity, label: Any, sentence: Any) -> Operator:
    return Operator(key=key, arity=arity, label=label, sentence=sentence)


OPERATORS: Mapping[str, Operator] = {
    operator.key: operator
    for operator in (
        _operator("is", "many", pgettext_lazy("filter", "is"), _("%(field)s is %(value)s")),
        _operator(
            "only",
            "many",
            pgettext_lazy("filter", "is, without those below"),
            _("%(field)s is %(value)s, without those below"),
        ),
        _operator("besides", "many", pgettext_lazy("filter", "other than"), _("%(field)s other than %(value)s")),
        _operator("not", "many", pgettext_lazy("filter", "is not"), _("%(field)s is not %(value)s")),
        _operator("has", "one", pgettext_lazy("filter", "contains"), _("%(field)s contains “%(value)s”")),
        _operator("lacks", "one", pgettext_lazy("filter", "does not contain"), _("%(field)s lacks “%(value)s”")),
        _operator("starts", "one", pgettext_lazy("filter", "starts with"), _("%(field)s starts with “%(value)s”")),
        _operator("from", "one", pgettext_lazy("filter", "≥"), _("%(field)s ≥ %(value)s")),
        _operator("to", "one", pgettext_lazy("filter", "≤"), _("%(field)s ≤ %(value)s")),
        _operator("between", "pair", pgettext_lazy("filter", "between"), _("%(field)s %(value)s")),
        _operator(
            "last", "days", pgettext_lazy("filter", "in the last … days"), _("%(field)s in the last %(value)s days")
        ),
        _operator(
            "older",
            "days",
            pgettext_lazy("filter", "more than … days ago"),
            _("%(field)s more than %(value)s days ago"),
        ),
        _operator(
            "idle",
            "days",
            pgettext_lazy("filter", "not in the last … days"),
            _("%(field)s: not in the last %(value)s days"),
        ),
        _operator("empty", "none", pgettext_lazy("filter", "is empty"), _("%(field)s is empty")),
        _operator("filled", "none", pgettext_lazy("filter", "is not empty"), _("%(field)s is not empty")),
    )
}

_RANGE = ("from", "to", "between")
NIL = ("empty", "filled")
BY_KIND: Mapping[Kind, tuple[str, ...]] = {
    Kind.TEXT: ("is", "not", "has", "lacks", "starts", *NIL),
    Kind.CHOICE: ("is", "not", *NIL),
    Kind.REFERENCE: ("is", "not", *NIL),
    Kind.INTEGER: ("is", "not", *_RANGE, *NIL),
    Kind.AMOUNT: (*_RANGE, *NIL),
    Kind.DATE: (*_RANGE, "last", "older", *NIL),
    Kind.MOMENT: (*_RANGE, "last", "older", *NIL),
}


def read_integer(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        raise FilterInvalid(_("“%(value)s” is not a whole number.") % {"value": text[:40]}) from None
    if abs(value) > MAX_BIGINT:
        raise FilterInvalid(_("“%(value)s” is too large.") % {"value": text[:40]})
    return value


def read_amount(text: str) -> Decimal:
    try:
        value = Decimal(ungrouped(text))
    except InvalidOperation:
        raise FilterInvalid(_("“%(value)s” is not a number.") % {"value": text[:40]}) from None
    if not value.is_finite() or abs(value) > MAX_BIGINT:
        raise FilterInvalid(_("“%(value)s” is too large.") % {"value": text[:40]})
    if int(value.as_tuple().exponent) < -MAX_PLACES:
        raise FilterInvalid(_("“%(value)s” has too many decimal places.") % {"value": text[:40]})
    return value


def read_date(text: str) -> date:
    try:
        value = date.fromisoformat(text)
    except ValueError:
        raise FilterInvalid(_("“%(value)s” is not a date such as 2026-11-22.") % {"value": text[:40]}) from None
    if not EARLIEST <= value <= LATEST:
        raise FilterInvalid(_("“%(value)s” is too far away.") % {"value": text})
    return value


def read_days(text: str) -> int:
    days = read_integer(text)
    if not 0 <= days <= MAX_DAYS:
        raise FilterInvalid(_("The number of days must lie between 0 and %(limit)s.") % {"limit": MAX_DAYS})
    return days


_READERS: Mapping[Kind, Callable[[str], Any]] = {
    Kind.TEXT: str,
    Kind.CHOICE: str,
    Kind.REFERENCE: read_integer,
    Kind.INTEGER: read_integer,
    Kind.AMOUNT: read_amount,
    Kind.DATE: read_date,
    Kind.MOMENT: read_date,
}
_COUNTS: Mapping[Arity, tuple[int, int]] = {
    "none": (0, 0),
    "one": (1, 1),
    "days": (1, 1),
    "pair": (2, 2),
    "many": (1, 10_000),
}


def read_values(kind: Kind, operator: Operator, values: tuple[str, ...]) -> list[Any]:
    """The values as Python holds them.

    :raises FilterInvalid: too many, too few, or not of the field's kind
    """
    fewest, most = _COUNTS[operator.arity]
    if not fewest <= len(values) <= most:
        raise FilterInvalid(_("The condition “%(operator)s” needs a value.") % {"operator": operator.label})
    if operator.arity == "days":
        return [read_days(values[0])]
    return [_READERS[kind](value) for value in values]


def predicate(*, kind: Kind, path: str, operator: str, values: list[Any], asking: Asking, nullable: bool) -> Q:
    """The condition on an ordinary column. nullable: whether the column, not an empty text, says “nothing”."""
    if operator in NIL:
        nothing = Q(**{f"{path}__isnull": True}) if nullable else Q()
        if kind in (Kind.TEXT, Kind.CHOICE):
            nothing |= Q(**{path: ""})
        return nothing if operator == "empty" else ~nothing
    if operator in ("is", "not"):
        same = Q(**{path: values[0]}) if len(values) == 1 else Q(**{f"{path}__in": values})
        return same if operator == "is" else ~same
    if kind is Kind.TEXT:
        lookup = "istartswith" if operator == "starts" else "icontains"
        found = Q(**{f"{path}__{lookup}": values[0]})
        return ~found if operator == "lacks" else found
    if operator == "last":
        return _range(kind, path, asking.today - timedelta(days=values[0]), None, asking)
    if operator == "older":
        return _range(kind, path, None, asking.today - timedelta(days=values[0] + 1), asking)
    low, high = {"from": (values[0], None), "to": (None, values[0])}.get(operator, (values[0], values[-1]))
    return _range(kind, path, low, high, asking)


def _range(kind: Kind, path: str, low: Any, high: Any, asking: Asking) -> Q:
    bounds: dict[str, Any] = {}
    if kind is Kind.MOMENT:
        if low is not None:
            bounds[f"{path}__gte"] = datetime.combine(low, time(), asking.zone)
        if high is not None:
            bounds[f"{path}__lt"] = datetime.combine(high + timedelta(days=1), time(), asking.zone)
        return Q(**bounds)
    if low is not None:
        bounds[f"{path}__gte"] = low
    if high is not None:
        bounds[f"{path}__lte"] = high
    return Q(**bounds)
