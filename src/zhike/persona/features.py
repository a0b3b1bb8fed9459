"""What groups are compared in: everything that the list of customers can be filtered by and the reader reads."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from zhike.core.lists import registry
from zhike.core.lists.conditions import compile_tree
from zhike.core.lists.grammar import Condition, Group
from zhike.core.lists.operators import Asking, Kind
from zhike.core.lists.patience import Budget
from zhike.core.lists.registry import Field, List
from zhike.customers.listing import KEY
from zhike.customers.selectors import sampling

MOST_VALUES = 40  # of one field
MOST_TEXTS = 12  # the commonest of what people wrote
NUMBERS = (Kind.INTEGER, Kind.AMOUNT, Kind.DATE)
# Numbers of records, which say nothing about anybody.
NO_QUANTITIES = {"id", "import"}
TAG = "tag"


@dataclass(frozen=True, kw_only=True)
class Quality:
    """Something a customer has or has not: the condition that tells."""

    field: Field
    condition: Condition
    label: str


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """Something a customer has more or less of. name, expressions: where its values stand. sort: the list by it."""

    field: Field
    name: str
    expressions: dict[str, Any]
    label: str
    sort: str


def conditions_in(group: Group) -> list[Condition]:
    """What a filter asks, at every depth."""
    return [one for item in group.items for one in ([item] if isinstance(item, Condition) else conditions_in(item))]


def list_fields(asking: Asking, *, without: set[str]) -> list[Field]:
    """Those whose answers the reader may know, and that the groups were not made by."""
    known = registry.get(KEY).fields_for(asking.actor)
    return [
        field
        for key, field in known.items()
        if key not in without and field.is_typed and not field.is_within and field.sweep is None
    ]


def list_quantities(asking: Asking, *, without: set[str]) -> list[Quantity]:
    spec = registry.get(KEY)
    sorts = spec.sorts_for(asking.actor)
    found = []
    for field in list_fields(asking, without=without):
        if field.kind not in NUMBERS or field.key in NO_QUANTITIES:
            continue
        sort = field.key if field.key in sorts else ""
        if field.path:
            found.append(Quantity(field=field, name=field.path, expressions={}, label=str(field.label), sort=sort))
        elif sort and sorts[sort].expressions:
            [name] = sorts[sort].expressions
            expressions = dict(sorts[sort].expressions)
            found.append(Quantity(field=field, name=name, expressions=expressions, label=str(field.label), sort=sort))
    return found


def iter_qualities(
    asking: Asking, *, without: set[str], tags: set[int], ids: list[int], budget: Budget
) -> Iterator[list[Quality]]:
    """A field's qualities at a time. tags: that are left out. ids: of whom the commonest texts are taken."""
    for field in list_fields(asking, without=without):
        choices: list[tuple[str, str]] = []
        if field.kind in (Kind.CHOICE, Kind.REFERENCE) and "is" in field.allowed:
            choices = list(field.choices(asking.actor))
            left_out = set(map(str, tags)) if field.key == TAG else set()
            values = [one for one in choices if one[0] not in left_out][:MOST_VALUES]
        elif field.kind is Kind.TEXT and field.path:
            values = budget.ask(partial(_commonest, field, ids))
        else:
            values = []
        said = [_quality(field, "is", value, name_value(field, label)) for value, label in values]
        if "filled" in field.allowed and not choices:
            said.append(_quality(field, "filled", "", _("%(field)s is known") % {"field": field.label}))
        if said:
            yield said


def name_value(field: Field, label: str) -> str:
    return _("%(field)s: %(value)s") % {"field": field.label, "value": label}


def count_with(asking: Asking, qualities: list[Quality], ids: list[int], budget: Budget) -> list[int]:
    """How many of these customers have each."""
    if not ids:
        return [0] * len(qualities)
    spec: List = registry.get(KEY)
    counts = {
        f"n{place}": Count("pk", filter=_holds(one.condition, spec, asking)) for place, one in enumerate(qualities)
    }
    found = budget.ask(lambda: sampling.among(ids).aggregate(**counts))
    return [found[f"n{place}"] for place in range(len(qualities))]


def _holds(condition: Condition, spec: List, asking: Asking) -> Any:
    return compile_tree(Group("all", (condition,)), of=spec, asking=asking)


def list_values(quantity: Quantity, ids: list[int], budget: Budget) -> list[Any]:
    """What these customers have of it, those without it left out."""
    rows = sampling.among(ids).annotate(**quantity.expressions) if quantity.expressions else sampling.among(ids)
    found = budget.ask(lambda: list(rows.values_list(quantity.name, flat=True)))
    return [value for value in found if value is not None]


def _quality(field: Field, operator: str, value: str, label: str) -> Quality:
    return Quality(field=field, condition=Condition(field.key, operator, (value,) if value else ()), label=label)


def _commonest(field: Field, ids: list[int]) -> list[tuple[str, str]]:
    rows = sampling.among(ids).exclude(**{field.path: ""}).order_by().values_list(field.path)
    return [
        (text, text) for text, _count in rows.annotate(count=Count("pk")).order_by("-count", field.path)[:MOST_TEXTS]
    ]
