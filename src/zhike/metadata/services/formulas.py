"""What a change of fields does to formulas: the new one is understood, and none of the others may break."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app

from zhike.core.errors import DomainError
from zhike.metadata.formulas.building import readable
from zhike.metadata.formulas.compiling import DECIMALS, RESULTS, Formulas, check_all
from zhike.metadata.formulas.language import FormulaInvalid
from zhike.metadata.kinds import Known
from zhike.metadata.models import FieldDefinition, Index, Kind


class FormulaBreaks(DomainError):
    """Another field is computed from this one, and could not be any more."""

    code = "formula_breaks"

    def __init__(self, field: Known, wrong: FormulaInvalid) -> None:
        words = {"field": field.named, "why": wrong.message}
        super().__init__(_("“%(field)s” is computed from this and would not work any more: %(why)s") % words)


def known_of(record: str) -> dict[str, Known]:
    """As it is in this transaction, which nobody else knows of."""
    found: QuerySet[FieldDefinition] = FieldDefinition.objects.filter(record=record).prefetch_related("options")
    return {one.key: Known.of(one) for one in found}


def understood(definition: FieldDefinition) -> Mapping[str, Any]:
    """The rules of a formula as they are kept, with fields by their keys and what comes out.

    :raises ValidationError: it means nothing, or needs itself; the message says where
    """
    rules = definition.rules
    decimals = rules.get("decimals", DECIMALS)
    if isinstance(decimals, bool) or not isinstance(decimals, int) or not 0 <= decimals <= 6:
        raise ValidationError({"rules": [_("At most %(count)s digits behind the point.") % {"count": 6}]})
    known = known_of(definition.record)
    text = str(rules.get("formula", ""))
    try:
        name = Known.of(definition).name if definition.key in known else ""
        built, node = Formulas(definition.record, known).try_out(text, name=name, decimals=decimals)
    except FormulaInvalid as wrong:
        raise ValidationError({"formula": [wrong.message]}) from None
    result = RESULTS[node.type]
    if result is Kind.NUMBER and rules.get("result") == Kind.MONEY:
        result = Kind.MONEY
    found = {"formula": built.kept, "result": result.value, "decimals": decimals}
    return found | ({"unit": rules["unit"]} if rules.get("unit") and result is Kind.NUMBER else {})


def check_others(record: str) -> None:
    """:raises FormulaBreaks: a formula means nothing after what was changed"""
    known = known_of(record)

    def blame(field: Known, wrong: FormulaInvalid) -> None:
        raise FormulaBreaks(field, wrong)

    check_all(record, known, blame)


def rebuild_indexes(record: str, key: str) -> None:
    """Of the formula and of all that are computed from it."""
    known = known_of(record)
    formulas = Formulas(record, known)
    changed = known[key].name
    for one in known.values():
        if (
            one.kind is Kind.FORMULA
            and not one.is_archived
            and (one.key == key or changed in formulas.get(one.name).uses)
        ):
            waiting = FieldDefinition.objects.filter(pk=one.pk).exclude(index=Index.NONE)
            if waiting.update(index=Index.WANTED):
                app.configure_task("metadata.put_index", allow_unknown=False).defer(definition_id=one.pk)


def shown_formula(record: str, text: str) -> str:
    """A kept formula as people read it."""
    return readable(text, Formulas(record, known_of(record)).sources)
