"""By which own fields records stand together, and fields of several choices as rows of single ones."""

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, Func, Q, TextField, Value
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Left

from zhike.core.lists.registry import Grouping
from zhike.metadata.kinds import HOLDER, Known
from zhike.metadata.models import Kind

GROUPED = (Kind.CHOICE, Kind.CHOICES, Kind.BOOLEAN, Kind.USER, Kind.TEAM, Kind.DATE)


def grouping_of(known: Known) -> Grouping:
    """By the key of the option, the number of the colleague or team, or the month of the day. A record stands in the
    group of each of several choices, and moving it changes one of them."""
    text = KeyTextTransform(known.key, HOLDER)
    match known.kind:
        case Kind.CHOICES:
            return Grouping(key=known.name, of=_Each(KeyTransform(known.key, HOLDER)), edit=known.name, is_many=True)
        case Kind.DATE:
            return Grouping(key=known.name, of=Left(text, 7), is_monthly=True)
    return Grouping(key=known.name, of=text, edit=known.name)


def has_others(held: Any, values: Sequence[str]) -> Q:
    """Records of which one choice is none of these. held: the choices, as an expression."""
    return Q(_HasOthers(held, Value(list(values), output_field=ArrayField(TextField()))))


class _HasOthers(Func):
    template = "((%(expressions)s) <> '[]'::jsonb)"
    arg_joiner = " - "

    def __init__(self, held: Any, values: Value) -> None:
        super().__init__(held, values, output_field=BooleanField())


class _Each(Func):
    """A row for each choice, and one that says nothing where there is none."""

    template = "jsonb_array_elements_text(coalesce(nullif(%(expressions)s, '[]'::jsonb), '[null]'::jsonb))"
    set_returning = True

    def __init__(self, held: Any) -> None:
        super().__init__(held, output_field=TextField())
