"""From a filter tree to SQL, and to a sentence of chips."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from zhike.core.lists.grammar import Condition, FilterInvalid, Group
from zhike.core.lists.operators import OPERATORS, Asking, Kind, Operator, predicate, read_days, read_values
from zhike.core.lists.registry import Field, List

ME = "me"


@dataclass(frozen=True, kw_only=True)
class _Compiling:
    """What a tree is read with. sweeps: fields that can are asked by one look at the whole table."""

    asking: Asking
    fields: Mapping[str, Field]
    gone: Mapping[str, str]
    sweeps: bool = False


def compile_tree(tree: Group, *, of: List, asking: Asking, sweeps: bool = False) -> Q:
    """The condition on the list's model.

    :raises FilterInvalid: a field or operator that does not exist here, or a value that does not fit
    """
    return _group(tree, replace(_reading(of, asking), sweeps=sweeps))


def _reading(of: List, asking: Asking) -> _Compiling:
    return _Compiling(asking=asking, fields=of.fields_for(asking.actor), gone=of.gone_for(asking.actor))


def is_dear(tree: Group, *, of: List) -> bool:
    """Whether a row at a time may take too long, because a condition looks at what hangs on each, or works it out."""
    known = of.fields
    asked = [known[one.field] for one in conditions_of(tree) if one.field in known]
    return any(one.sweep is not None or one.is_computed for one in asked)


def conditions_of(tree: Group) -> list[Condition]:
    found: list[Condition] = []
    for item in tree.items:
        found += conditions_of(item) if isinstance(item, Group) else [item]
    return found


def _group(group: Group, reading: _Compiling) -> Q:
    whole = Q()
    for item in group.items:
        part = _group(item, reading) if isinstance(item, Group) else _condition(item, reading)
        whole = whole & part if group.joiner == "all" else whole | part
    return ~whole if group.joiner == "none" and group.items else whole


def _condition(condition: Condition, reading: _Compiling) -> Q:
    field, operator = _known(condition, reading)
    asking = reading.asking
    given = condition.values
    if field.knows_me:
        given = tuple(str(asking.actor.user_id or 0) if value == ME else value for value in given)
    if field.is_within:
        days, given = given[:1], given[1:]
        if not days:
            raise FilterInvalid(_("Say how many days “%(field)s” is about.") % {"field": field.label})
        values: list[Any] = [read_days(days[0]), *read_values(field.kind, operator, given)]
    else:
        values = read_values(field.kind, operator, given)
    compiled = field.sweep if reading.sweeps and field.sweep is not None else field.compile
    if compiled is not None:
        return compiled(operator.key, values, asking)
    return predicate(
        kind=field.kind,
        path=field.path,
        operator=operator.key,
        values=values,
        asking=asking,
        nullable=field.nullable,
    )


def _known(condition: Condition, reading: _Compiling) -> tuple[Field, Operator]:
    field = reading.fields.get(condition.field)
    if field is None:
        if condition.field in reading.gone:
            raise FilterInvalid(
                _(
                    "“%(field)s” cannot be filtered by any more: the field is archived, or not kept ready for lists."
                    " What stands in it is still there."
                )
                % {"field": reading.gone[condition.field]}
            )
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
    reading = _reading(of, asking)
    if tree.joiner != "all" and tree.items:
        return [Clause(sentence=_sentence(tree, reading), rest=Group("all"))]
    return [
        Clause(sentence=_sentence(item, reading), rest=tree.without(place)) for place, item in enumerate(tree.items)
    ]


def in_words(tree: Group, *, of: List, asking: Asking) -> str:
    """The whole filter as one sentence; empty for one that asks nothing."""
    return _sentence(tree, _reading(of, asking))


def _sentence(item: Condition | Group, reading: _Compiling) -> str:
    if isinstance(item, Condition):
        return _said(item, reading)
    parts = [
        _("(%(conditions)s)") % {"conditions": text}
        if isinstance(part, Group) and part.joiner != "none" and len(part.items) > 1
        else text
        for part in item.items
        for text in [_sentence(part, reading)]
    ]
    whole = (_(" and ") if item.joiner == "all" else _(" or ")).join(parts)
    return _("not (%(conditions)s)") % {"conditions": whole} if item.joiner == "none" else whole


def _said(condition: Condition, reading: _Compiling) -> str:
    field, operator = _known(condition, reading)
    label, given = str(field.label), condition.values
    if field.is_within:
        label, given = label.replace("…", f" {given[0]} " if given else "…").replace("  ", " "), given[1:]
    told = given[:5]
    labels = dict(field.labels([value for value in told if value != ME or not field.knows_me], reading.asking.actor))
    if field.knows_me:
        labels[ME] = _("me")
    shown = [labels.get(value) or _unnamed(value, field) for value in told]
    if operator.arity == "pair" and len(shown) == 2:
        value = f"{shown[0]} – {shown[1]}"
    else:
        value = _(", or ").join(shown)
        if len(given) > len(shown):
            value = _("%(values)s and %(count)s more") % {"values": value, "count": len(given) - len(shown)}
    return str(operator.sentence) % {"field": label, "value": value}


def _unnamed(value: str, field: Field) -> str:
    """What is pointed at by a number and has no name is gone; everything else speaks for itself."""
    return _("#%(number)s, no longer there") % {"number": value} if field.kind is Kind.REFERENCE else value


@dataclass(frozen=True, kw_only=True)
class Mended:
    """What is left of a filter without what cannot be asked, and why each of these cannot."""

    tree: Group
    refusals: tuple[str, ...]


def mend(tree: Group, *, of: List, asking: Asking) -> Mended:
    """For a filter that was right when it was kept."""
    refusals: list[str] = []
    kept = _mended(tree, _reading(of, asking), refusals)
    return Mended(tree=kept or Group("all"), refusals=tuple(dict.fromkeys(refusals)))


def _mended(group: Group, reading: _Compiling, refusals: list[str]) -> Group | None:
    kept: list[Condition | Group] = []
    for item in group.items:
        if isinstance(item, Group):
            part = _mended(item, reading, refusals)
            if part is not None:
                kept.append(part)
            continue
        try:
            _condition(item, reading)
        except FilterInvalid as refusal:
            refusals.append(str(refusal))
        else:
            kept.append(item)
    return Group(group.joiner, tuple(kept)) if kept else None
