"""From a filter tree to SQL, and to a sentence of chips."""

from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from zhike.core.lists.grammar import Condition, FilterInvalid, Group
from zhike.core.lists.operators import OPERATORS, Asking, Operator, predicate, read_values
from zhike.core.lists.registry import Field, List


def compile_tree(tree: Group, *, of: List, asking: Asking) -> Q:
    """The condition on the list's model.

    :raises FilterInvalid: a field or operator that does not exist here, or a value that does not fit
    """
    return _group(tree, of.fields_for(asking.actor), asking)


def _group(group: Group, fields: dict[str, Field], asking: Asking) -> Q:
    whole = Q()
    for item in group.items:
        part = _group(item, fields, asking) if isinstance(item, Group) else _condition(item, fields, asking)
        whole = whole & part if group.joiner == "all" else whole | part
    return whole


def _condition(condition: Condition, fields: dict[str, Field], asking: Asking) -> Q:
    field, operator = _known(condition, fields)
    values = read_values(field.kind, operator, condition.values)
    if field.compile is not None:
        return field.compile(operator.key, values, asking)
    return predicate(
        kind=field.kind,
        path=field.path,
        operator=operator.key,
        values=values,
        asking=asking,
        nullable=field.nullable,
    )


def _known(condition: Condition, fields: dict[str, Field]) -> tuple[Field, Operator]:
    field = fields.get(condition.field)
    if field is None:
        raise FilterInvalid(_("There is no field “%(field)s” to filter by.") % {"field": condition.field[:40]})
    if condition.operator not in field.allowed:
        names = {"field": field.label, "operator": condition.operator[:40]}
        raise FilterInvalid(_("“%(field)s” cannot be asked with “%(operator)s”.") % names)
    return field, OPERATORS[condition.operator]


@dataclass(frozen=True, kw_only=True)
class Clause:
    """One item of the filter as people read it, and the filter that is left when it goes."""

    sentence: str
    rest: Group


def describe(tree: Group, *, of: List, asking: Asking) -> list[Clause]:
    """The filter as clauses; an OR over everything is one clause."""
    fields = of.fields_for(asking.actor)
    if tree.joiner == "any" and tree.items:
        return [Clause(sentence=_sentence(tree, fields, asking), rest=Group("all"))]
    return [
        Clause(sentence=_sentence(item, fields, asking), rest=tree.without(place))
        for place, item in enumerate(tree.items)
    ]


def _sentence(item: Condition | Group, fields: dict[str, Field], asking: Asking) -> str:
    if isinstance(item, Condition):
        return _said(item, fields, asking)
    parts = [
        f"({text})" if isinstance(part, Group) and len(part.items) > 1 else text
        for part in item.items
        for text in [_sentence(part, fields, asking)]
    ]
    return (_(" and ") if item.joiner == "all" else _(" or ")).join(parts)


def _said(condition: Condition, fields: dict[str, Field], asking: Asking) -> str:
    field, operator = _known(condition, fields)
    told = condition.values[:5]
    labels = field.labels(told, asking.actor)
    shown = [labels.get(value, value) for value in told]
    if operator.arity == "pair" and len(shown) == 2:
        value = f"{shown[0]} – {shown[1]}"
    else:
        value = _(", or ").join(shown)
        if len(condition.values) > len(shown):
            value = _("%(values)s and %(count)s more") % {
                "values": value,
                "count": len(condition.values) - len(shown),
            }
    return str(operator.sentence) % {"field": field.label, "value": value}
