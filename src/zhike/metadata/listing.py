"""A record's own fields as a list's filters, orders and columns."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import (
    BigIntegerField,
    BooleanField,
    DecimalField,
    F,
    Func,
    OuterRef,
    Q,
    Subquery,
    TextField,
    Value,
)
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, Collate
from django.db.models.lookups import GreaterThanOrEqual, In, IsNull, LessThan, LessThanOrEqual
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from zhike.core.actor import SYSTEM, Actor
from zhike.core.lists.operators import NIL, Asking
from zhike.core.lists.operators import Kind as Asked
from zhike.core.lists.registry import Column, Compile, Field, Gone, Parts, Sort, Total
from zhike.core.paging import Phase
from zhike.core.text.normal import sought_phone
from zhike.metadata import references, rollups
from zhike.metadata.filed import FILES
from zhike.metadata.filed_parts import file_column, file_field
from zhike.metadata.formulas.composing import Composed
from zhike.metadata.groupings import GROUPED, grouping_of, has_others
from zhike.metadata.indexes import EXPRESSIONS, TEXT, WHOLE, can_hold
from zhike.metadata.kinds import HOLDER, MOMENT, Json, Known
from zhike.metadata.models import Kind
from zhike.metadata.saying import say
from zhike.metadata.sealed_parts import EMPTY, sealed_column, sealed_field
from zhike.metadata.selectors.designs import Designed, design_of

ASKED: Mapping[Kind, Asked] = {
    Kind.TEXT: Asked.TEXT,
    Kind.NUMBER: Asked.AMOUNT,
    Kind.MONEY: Asked.AMOUNT,
    Kind.DATE: Asked.DATE,
    Kind.TIME: Asked.TEXT,
    Kind.MOMENT: Asked.MOMENT,
    Kind.CHOICE: Asked.CHOICE,
    Kind.CHOICES: Asked.CHOICE,
    Kind.BOOLEAN: Asked.CHOICE,
    Kind.PHONE: Asked.TEXT,
    Kind.EMAIL: Asked.TEXT,
    Kind.USER: Asked.REFERENCE,
    Kind.TEAM: Asked.REFERENCE,
    Kind.RECORD: Asked.REFERENCE,
}
# Cells that a double click edits: what one input takes.
EDITED = {
    Kind.TEXT,
    Kind.NUMBER,
    Kind.MONEY,
    Kind.DATE,
    Kind.TIME,
    Kind.CHOICE,
    Kind.BOOLEAN,
    Kind.PHONE,
    Kind.EMAIL,
    Kind.USER,
    Kind.TEAM,
}
NUMBERS = (Kind.NUMBER, Kind.MONEY)
SEVERAL = ("is", "besides", "not", *NIL)
_parts: dict[str, tuple[Designed, Parts]] = {}


def parts_of(record: str) -> Parts:
    """What a list of such records can be filtered by, ordered by and show. Made once for each design."""
    design = design_of(record)
    held = _parts.get(record)
    if held is None or held[0] is not design:
        known = list(design.known.values())
        ready = [one for one in known if one.is_indexed and one.kind in EXPRESSIONS and not one.is_sealed]
        indexed = [one for one in ready if one.kind not in FILES]
        asked = {one.name: file_field(one) for one in ready if one.kind in FILES}
        asked |= {one.name: sealed_field(one) for one in known if one.is_sealed}
        held = _parts[record] = (
            design,
            Parts(
                fields={one.name: field_of(one) for one in indexed} | asked,
                sorts={one.name: sort_of(one) for one in indexed if is_ordered(one)},
                columns={one.name: _column(one) for one in known},
                groupings={one.name: grouping_of(one) for one in indexed if one.kind in GROUPED},
                sums={one.name: total_of(one) for one in indexed if one.kind in NUMBERS},
                gone={
                    one.name: Gone(label=one.lazily_named, reads=(one.path,))
                    for one in design.every.values()
                    if one not in indexed and one.name not in asked
                },
            ),
        )
    return held[1]


def field_of(known: Known, *, path: str = HOLDER) -> Field:
    """What a list can be filtered by. path: to the record's column, from the list's model."""
    return Field(
        key=known.name,
        label=known.lazily_named,
        kind=ASKED[known.held],
        reads=(known.path,),
        permission=_permission(known),
        compile=_compiling(known, path),
        choices=lambda actor: _choices(known, actor),
        naming=lambda values: _names(known, values),
        section=pgettext_lazy("filter", "Own fields"),
        operators=SEVERAL if known.kind is Kind.CHOICES else (),
        is_computed=not can_hold(known),
    )


def total_of(known: Known) -> Total:
    return Total(key=known.name, of=value_of(known), unit="money" if known.kind is Kind.MONEY else "number")


def sort_of(known: Known) -> Sort:
    """Records without the field come last, whichever way the others run."""
    alias = f"{HOLDER}_{known.key}"
    held = _is_held(known)
    rest = Phase(where=~held, by=("-pk",))
    return Sort(
        key=known.name,
        label=known.lazily_named,
        reads=(known.path,),
        descending=(Phase(where=held, by=(f"-{alias}", "-pk")), rest),
        ascending=(Phase(where=held, by=(alias, "pk")), rest),
        first_descending=known.held in (*NUMBERS, Kind.DATE, Kind.MOMENT),
        expressions={alias: value_of(known)},
        is_computed=not can_hold(known),
    )


def is_ordered(known: Known) -> bool:
    """What sums up is not: an order is found among everything, also what its reader does not see."""
    return EXPRESSIONS.get(known.kind, WHOLE) is not WHOLE and known.kind is not Kind.ROLLUP


def _permission(known: Known) -> str:
    return rollups.collection_of(known).permission if known.kind is Kind.ROLLUP else references.permission(known)


def _column(known: Known) -> Column:
    if known.kind in FILES:
        return file_column(known)
    return sealed_column(known) if known.is_sealed else column_of(known)


def column_of(known: Known) -> Column:
    alias = f"{HOLDER}_{known.key}"
    is_linked = known.kind in references.KINDS
    return Column(
        key=known.name,
        label=known.lazily_named,
        reads={alias: known.path, **_name_reads(known, alias)},
        expressions={alias: _shown(known), **_name_expressions(known, alias)},
        cell=_cell(known, alias),
        text=lambda row: _linked(row[alias], row[f"{alias}_name"]) if is_linked else _exported(known, row[alias]),
        opening=_opening(known, alias),
        sort=known.name if known.is_indexed and is_ordered(known) else "",
        permission=_permission(known),
        numeric=known.held in NUMBERS,
        is_default=False,
        edit=known.name if known.kind in EDITED else "",
    )


def same_as(known: Known, value: Json) -> Q:
    """Records that have just this in the field, by its index."""
    return _is_held(known) & Q(In(value_of(known), [value]))


def holding(design: Designed, condition: Mapping[str, Any]) -> Q:
    """Records of which a condition holds, as `conditions.holds` says of one."""
    name, wanted = str(condition["field"]), list(condition["is"])
    known = design.every.get(name.removeprefix(f"{HOLDER}.")) if name.startswith(f"{HOLDER}.") else None
    if known is None:
        return Q(pk__in=[]) if name.startswith(f"{HOLDER}.") else Q(**{f"{name}__in": wanted})
    if known.kind is Kind.CHOICES:
        found = Q(pk__in=[])
        for one in wanted:
            found |= Q(_Joined(KeyTransform(known.key, HOLDER), Value(json.dumps([one])), " @> "))
        return found
    return Q(_Joined(F(HOLDER), Value(known.key), " ? ")) & Q(In(KeyTextTransform(known.key, HOLDER), wanted))


def _name_expressions(known: Known, alias: str) -> dict[str, Any]:
    """The name of what is linked to, read under the policies of its table."""
    if known.kind not in references.KINDS:
        return {}
    target: Any = references.model_of(known)
    linked = Cast(KeyTextTransform(known.key, OuterRef(HOLDER)), BigIntegerField())
    names = target._default_manager.filter(pk=linked).values_list(references.named(known))
    return {f"{alias}_name": Subquery(names[:1])}


def _name_reads(known: Known, alias: str) -> dict[str, str]:
    guard = references.name_field(known) if known.kind in references.KINDS else ""
    return {f"{alias}_name": guard} if guard else {}


def _cell(known: Known, alias: str) -> Any:
    def cell(row: Mapping[str, Any], style: Any) -> str:
        value = row[alias]
        if value is None or value == "":
            return EMPTY
        if known.kind is Kind.CHOICE and value in known.options and known.options[value].tone:
            option = known.options[value]
            return SafeString(f'<span class="zk-badge" data-tone="{escape(option.tone)}">{escape(option.named)}</span>')
        if known.kind in references.KINDS:
            return escape(_linked(value, row[f"{alias}_name"]))
        if known.kind is Kind.URL:
            return SafeString(f'<a href="{escape(value)}" rel="noreferrer noopener">{escape(value)}</a>')
        return escape(_said(known, value))

    return cell


def _said(known: Known, value: Json) -> str:
    """What is masked is a text already, whatever the kind."""
    value = value.isoformat() if isinstance(value, date) else value
    is_masked = isinstance(value, str) and known.held in (*NUMBERS, Kind.ADDRESS, Kind.LOCATION, Kind.CHOICES)
    return str(value) if is_masked or value == "" else say(known, value)


def _linked(value: Json, name: str | None) -> str:
    return "" if value is None else name or f"#{value}"


def _opening(known: Known, alias: str) -> Callable[[dict[str, Any]], None] | None:
    def as_text(row: dict[str, Any]) -> None:
        """As one text, of which a mask leaves the beginning."""
        row[alias] = say(known, row[alias]) or None

    def followed(row: dict[str, Any]) -> None:
        """What a link leads to that was merged, or is gone."""
        if row[alias] is not None and row[f"{alias}_name"] is None:
            row[f"{alias}_name"] = references.name_of_linked(known, int(row[alias])) or None

    if known.kind is Kind.RECORD:
        return followed
    return as_text if known.kind in (Kind.ADDRESS, Kind.LOCATION) else None


def _exported(known: Known, value: Json) -> Any:
    """As a file has it: numbers and days as such."""
    if value is None:
        return None
    if (known.held in NUMBERS and not isinstance(value, str)) or isinstance(value, date):
        return value
    if known.held is Kind.DATE and isinstance(value, str) and len(value) == 10 and "*" not in value:
        return date.fromisoformat(value)
    return _said(known, value)


def _choices(known: Known, actor: Actor) -> Sequence[tuple[str, str]]:
    if known.held is Kind.BOOLEAN:
        return [("true", _("Yes")), ("false", _("No"))]
    if known.kind in references.KINDS:
        return references.choices(known, actor)
    return [(key, option.named) for key, option in known.options.items() if option.is_offered]


def _names(known: Known, values: Sequence[str]) -> Mapping[str, str]:
    if known.held is Kind.BOOLEAN:
        return {"true": _("Yes"), "false": _("No")}
    if known.kind in (Kind.USER, Kind.TEAM):
        ids = [int(value) for value in values if value.isascii() and value.isdecimal() and len(value) < 19]
        return {str(pk): name for pk, name in references.names(known, SYSTEM, ids).items()}
    if known.kind is Kind.RECORD:
        # Not everybody sees who it is.
        return {value: f"#{value}" for value in values}
    return {value: known.options[value].named for value in values if value in known.options}


def _compiling(known: Known, path: str) -> Compile:
    def compiled(operator: str, values: list[Any], asking: Asking) -> Q:
        held = _is_held(known, path, asking.actor)
        if operator in ("empty", "filled"):
            return held if operator == "filled" else ~held
        # Said in every question, for the index holds only records that have something in the field.
        found = held & _asked(known, path, operator, values, asking)
        return ~found if operator in ("not", "lacks") else found

    return compiled


def _asked(known: Known, path: str, operator: str, values: list[Any], asking: Asking) -> Q:
    value = value_of(known, path, asking.actor)
    values = [sought_phone(one, operator) for one in values] if known.kind is Kind.PHONE else values
    if EXPRESSIONS[known.kind] is WHOLE and operator == "besides":
        return has_others(value, values)
    if EXPRESSIONS[known.kind] is WHOLE:
        found = Q()
        for one in values:
            found |= Q(_Joined(value, Value(json.dumps([one])), " @> "))
        return found
    match operator:
        case "is" | "not":
            return Q(In(value, references.same_records(known, values)))
        case "has" | "lacks":
            return Q(_Joined(value, Value(f"%{_plain(values[0])}%"), " ILIKE "))
        case "starts":
            return Q(_Joined(value, Value(f"{_plain(values[0])}%"), " LIKE "))
        case "older":
            return Q(LessThan(value, _start(known, asking.today - timedelta(days=values[0]), asking)))
        case "last":
            return Q(GreaterThanOrEqual(value, _start(known, asking.today - timedelta(days=values[0]), asking)))
        case "between":
            first, last = values
        case "from":
            return Q(GreaterThanOrEqual(value, _start(known, values[0], asking)))
        case _:
            return Q(LessThanOrEqual(value, _end(known, values[0], asking)))
    return Q(GreaterThanOrEqual(value, _start(known, first, asking))) & Q(
        LessThanOrEqual(value, _end(known, last, asking))
    )


def value_of(known: Known, path: str = HOLDER, actor: Actor = SYSTEM) -> Any:
    """The field as its index holds it. actor: who asks, of whose things it may tell."""
    if known.kind is Kind.ROLLUP:
        return rollups.summed_up(known, actor)
    if known.kind is Kind.FORMULA:
        return _composed(known, path, as_text=True)
    expression = EXPRESSIONS[known.kind]
    if expression is WHOLE:
        return KeyTransform(known.key, path)
    text = KeyTextTransform(known.key, path)
    return Collate(text, "C") if expression is TEXT else _Number(text)


def _shown(known: Known) -> Any:
    if known.kind is Kind.ROLLUP:
        return rollups.summed_up(known)
    return _composed(known) if known.kind is Kind.FORMULA else KeyTransform(known.key, HOLDER)


def _composed(known: Known, path: str = HOLDER, *, as_text: bool = False) -> Any:
    formula = design_of(known.record).formulas.get(known.key)
    return Composed(formula.node, path=path, as_text=as_text) if formula else Value(None, output_field=TextField())


def _is_held(known: Known, path: str = HOLDER, actor: Actor = SYSTEM) -> Q:
    """Records that have something in the field."""
    if known.kind is Kind.ROLLUP:
        return Q(IsNull(rollups.summed_up(known, actor), False))
    if known.kind is Kind.FORMULA:
        return Q(IsNull(_composed(known, path, as_text=True), False))
    return Q(_Joined(F(path), Value(known.key), " ? "))


def _start(known: Known, value: Any, asking: Asking) -> Any:
    return _instant(known, value, time.min, asking)


def _end(known: Known, value: Any, asking: Asking) -> Any:
    return _instant(known, value, time(23, 59, 59), asking)


def _instant(known: Known, value: Any, at: time, asking: Asking) -> Any:
    """The bound as it lies in the record: a day of the asker's as an instant where the field is one."""
    if known.kind is Kind.MOMENT:
        return datetime.combine(value, at, asking.zone).astimezone(UTC).strftime(MOMENT)
    return value.isoformat() if isinstance(value, date) else value


def _plain(text: Any) -> str:
    return str(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


class _Number(Func):
    template = "(%(expressions)s)::numeric"

    def __init__(self, text: Any) -> None:
        super().__init__(text, output_field=DecimalField(max_digits=30, decimal_places=6))


class _Joined(Func):
    """Two expressions with an operator of PostgreSQL between them."""

    template = "(%(expressions)s)"

    def __init__(self, one: Any, other: Any, operator: str) -> None:
        super().__init__(one, other, arg_joiner=operator, output_field=BooleanField())
