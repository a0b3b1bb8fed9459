"""A filter while it is put together: a form that holds a tree, and the steps that change it.

Each item is named by its path, the places from the root down: "1.0" is the first item of the second. A group has a
field "join-1", a condition the fields "field-1.0", "was-1.0", "op-1.0", "days-1.0" and "value-1.0". What the form
cannot show stands in "kept-1.0" as it is spelt.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.http import QueryDict

from zhike.core.lists import grammar
from zhike.core.lists.grammar import JOINERS, MAX_CONDITIONS, MAX_DEPTH, Condition, Group, Joiner
from zhike.core.lists.operators import OPERATORS, Kind
from zhike.core.lists.registry import Field

DAYS = "90"
DEEPEST = MAX_DEPTH - 1
_SEPARATORS = re.compile(r"[,，、;；\n]+")
_NAMED = re.compile(r"(?:join|field|kept)-([0-9]{1,3}(?:\.[0-9]{1,3}){0,3})")
_MOST = {"none": 0, "one": 1, "days": 1, "pair": 2}

type Path = tuple[int, ...]
type Fields = Mapping[str, Field]


def read_draft(form: QueryDict, *, fields: Fields) -> Group:
    """The tree that the form holds, conditions without a value included.

    :raises zhike.core.lists.grammar.FilterInvalid: something kept cannot be read, or the whole is too much
    """
    paths = {tuple(map(int, found[1].split("."))) for name in form if (found := _NAMED.fullmatch(name))}
    return grammar.bounded(_group_at((), sorted(paths)[: 2 * MAX_CONDITIONS], form, fields))


def _group_at(path: Path, paths: Sequence[Path], form: QueryDict, fields: Fields) -> Group:
    items: list[Condition | Group] = []
    for child in paths:
        if child[:-1] != path:
            continue
        name = written(child)
        kept = form.get(f"kept-{name}")
        if kept:
            items += grammar.read(kept).items
        elif f"join-{name}" in form:
            items.append(_group_at(child, paths, form, fields))
        elif (condition := _condition_at(name, form, fields)) is not None:
            items.append(condition)
    return Group(_joiner(form.get(f"join-{written(path)}")), tuple(items))


def _joiner(text: str | None) -> Joiner:
    return next((joiner for joiner in JOINERS if joiner == text), "all")


def _condition_at(name: str, form: QueryDict, fields: Fields) -> Condition | None:
    field = fields.get(form.get(f"field-{name}", ""))
    if field is None:
        return None
    operator = form.get(f"op-{name}", "")
    is_new = form.get(f"was-{name}") not in (None, field.key)
    if operator not in field.allowed:
        operator = field.allowed[0]
    arity = OPERATORS[operator].arity
    values = [] if is_new else [value.strip() for value in form.getlist(f"value-{name}")]
    if field.kind is Kind.TEXT and arity == "many":
        values = [part.strip() for value in values for part in _SEPARATORS.split(value)]
    kept = [value for value in values if value][: _MOST.get(arity)]
    if field.is_within:
        kept.insert(0, form.get(f"days-{name}", "").strip() or DAYS)
    return Condition(field.key, operator, tuple(kept))


def written(path: Path) -> str:
    return ".".join(map(str, path))


def read_path(text: str) -> Path | None:
    """None: it is none."""
    parts = text.split(".") if text else []
    if len(parts) > DEEPEST or not all(part.isascii() and part.isdecimal() and len(part) < 4 for part in parts):
        return None
    return tuple(map(int, parts))


def first_of(fields: Fields) -> Condition:
    field = next(iter(fields.values()))
    return Condition(field.key, field.allowed[0])


def change(draft: Group, *, done: str, at: Path, fields: Fields) -> tuple[Group, Path]:
    """The draft after a button, and where one goes on: "add" puts a condition into a group, "group" a group with one,
    "drop" takes an item away."""
    match done:
        case "add":
            return _put(draft, at, first_of(fields))
        case "group":
            inner: Joiner = "any" if _at(draft, at) == "all" else "all"
            changed, path = _put(draft, at, Group(inner, (first_of(fields),)))
            return changed, (*path, 0)
        case "drop":
            return _without(draft, at), at[:-1]
    return draft, at


def _at(group: Group, path: Path) -> Joiner:
    for place in path:
        item = group.items[place] if place < len(group.items) else None
        if not isinstance(item, Group):
            break
        group = item
    return group.joiner


def _put(group: Group, path: Path, new: Condition | Group) -> tuple[Group, Path]:
    if not path:
        return replace(group, items=(*group.items, new)), (len(group.items),)
    place, *rest = path
    inner = group.items[place] if place < len(group.items) else None
    if not isinstance(inner, Group):
        return group, path
    changed, where = _put(inner, tuple(rest), new)
    return replace(group, items=(*group.items[:place], changed, *group.items[place + 1 :])), (place, *where)


def _without(group: Group, path: Path) -> Group:
    """A group that was left empty goes as well."""
    if not path or path[0] >= len(group.items):
        return group
    place, *rest = path
    inner = group.items[place]
    if rest and isinstance(inner, Group):
        left = _without(inner, tuple(rest))
        if left.items:
            return replace(group, items=(*group.items[:place], left, *group.items[place + 1 :]))
    return group.without(place)


def finished(draft: Group, *, fields: Fields) -> Group:
    """The draft as a filter: without conditions that have no value yet, and without brackets around one item."""
    items: list[Condition | Group] = []
    for item in draft.items:
        if isinstance(item, Group):
            inner = finished(item, fields=fields)
            if len(inner.items) == 1 and inner.joiner != "none":
                items += inner.items
            elif inner.items:
                items.append(inner)
        elif _is_told(item, fields):
            items.append(item)
    if len(items) == 1:
        (only,) = items
        if draft.joiner != "none":
            return only if isinstance(only, Group) else Group("all", (only,))
    return Group(draft.joiner if items else "all", tuple(items))


def _is_told(condition: Condition, fields: Fields) -> bool:
    field, operator = fields.get(condition.field), OPERATORS.get(condition.operator)
    if field is None or operator is None or operator.arity == "none":
        return True
    return len(condition.values) > field.is_within


def can_hold_groups(path: Path) -> bool:
    """Whether a group at the path is not as deep as any may be."""
    return len(path) + 1 < DEEPEST
