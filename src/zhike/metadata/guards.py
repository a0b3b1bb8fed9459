"""A company's own field as `core.fields` knows fields: how it is masked, and what it tells of."""

from collections.abc import Callable, Mapping
from typing import Any

from zhike.core import fields, masking
from zhike.core.fields import Care, Mask, RecordField
from zhike.metadata.filed import FILES
from zhike.metadata.kinds import COMPUTED, Json, Known
from zhike.metadata.models import Kind
from zhike.metadata.saying import say_by_itself

_MASKS: Mapping[Kind, Mask] = {
    Kind.TEXT: masking.code,
    Kind.PHONE: masking.phone,
    Kind.EMAIL: masking.email,
    Kind.ADDRESS: masking.address,
    Kind.DATE: masking.day,
    Kind.NUMBER: masking.amount,
    Kind.MONEY: masking.amount,
    **dict.fromkeys(FILES, lambda _value: fields.COVERED),
}


def guard(one: Known, tells: tuple[str, ...] = ()) -> RecordField:
    """A mask covers what people would read; where there is none for the kind, it covers everything. What is computed
    has none: who does not read what it is computed from does not see it at all."""
    return RecordField(
        record=one.record,
        name=one.name,
        label=one.lazily_named,
        care=one.care,
        mask=None
        if one.kind in COMPUTED
        else _MASKS.get(one.kind, _everything if one.care is not Care.PLAIN else None),
        is_computed=one.kind in COMPUTED,
        sums_up=one.kind is Kind.ROLLUP,
        tells=tells,
        said=_saying(one),
        is_archived=one.is_archived,
    )


def _everything(_value: str) -> str:
    return fields.COVERED


def _saying(one: Known) -> Callable[[Any], str]:
    def said(value: Json) -> str:
        return fields.COVERED if value == fields.COVERED else say_by_itself(one, value)

    return said
