"""A formula worked out in Python, for one record."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from zhike.metadata.formulas.nodes import Node, Source
from zhike.metadata.formulas.operations import LONGEST_RESULT, OPERATIONS
from zhike.metadata.kinds import HOLDER, MOMENT, Json
from zhike.metadata.models import Kind

type LookUp = Callable[[str], Any]


@cache
def company_zone() -> ZoneInfo:
    """Days are the company's, so that everybody sees the same."""
    return ZoneInfo(settings.TIME_ZONE)


def company_today(at: datetime) -> date:
    return at.astimezone(company_zone()).date()


def as_json(value: Any) -> Json:
    """A result as a field of its kind would be kept."""
    return value.isoformat() if isinstance(value, date) else +value if isinstance(value, Decimal) else value


def evaluate(node: Node, *, custom: Mapping[str, Json], plain: LookUp, today: date) -> Any:
    """A Decimal, text of at most `LONGEST_RESULT` characters, date, or bool; None where it is empty.

    plain: a column of the record itself, by its path.
    """
    value = _evaluated(node, custom=custom, plain=plain, today=today)
    return value[:LONGEST_RESULT] if isinstance(value, str) else value


def _evaluated(node: Node, *, custom: Mapping[str, Json], plain: LookUp, today: date) -> Any:
    if node.operation == "value":
        return node.value
    if node.operation == "today":
        return today
    if node.source is not None:
        return _read(node.source, custom, plain)
    operation = OPERATIONS[node.operation]
    inputs = [_evaluated(one, custom=custom, plain=plain, today=today) for one in node.inputs]
    if None in inputs and not operation.takes_empty:
        return None
    return operation.python(*inputs)


def _read(source: Source, custom: Mapping[str, Json], plain: LookUp) -> Any:
    value = plain(source.path) if source.path else custom.get(source.name.removeprefix(f"{HOLDER}."))
    if value is None or value == "":
        return None
    match source.kind:
        case Kind.NUMBER | Kind.MONEY:
            return Decimal(str(value))
        case Kind.DATE:
            return value if isinstance(value, date) else date.fromisoformat(str(value))
        case Kind.MOMENT:
            at = value if isinstance(value, datetime) else datetime.strptime(str(value), MOMENT).replace(tzinfo=UTC)
            return company_today(at)
    return value
