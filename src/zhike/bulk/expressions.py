"""A company's own fields in a statement over many records at once."""

from typing import Any

from django.db.models import BooleanField, F, Func, JSONField, TextField, Value
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Cast
from simplejson import JSONEncoder

from zhike.core.database import CustomValues
from zhike.metadata.kinds import HOLDER, Json


class JsonIs(Func):
    """Whether a field holds just this value; None: nothing."""

    template = "(%(expressions)s)"
    arg_joiner = " IS NOT DISTINCT FROM "

    def __init__(self, key: str, value: Json) -> None:
        super().__init__(KeyTransform(key, HOLDER), _json(value), output_field=BooleanField())


class JsonPut(Func):
    """The column with a field put in, or taken out where there is no value."""

    template = "(%(expressions)s)"

    def __init__(self, column: Any, key: str, value: Json) -> None:
        name = Cast(Value(key), TextField())
        joined = (column, name) if value is None else (column, Func(name, _json(value), function="jsonb_build_object"))
        super().__init__(*joined, arg_joiner=" - " if value is None else " || ", output_field=CustomValues())


def put_all(values: dict[str, Json]) -> Any:
    """The column with all of these put in."""
    column: Any = F(HOLDER)
    for key, value in values.items():
        column = JsonPut(column, key, value)
    return column


def _json(value: Json) -> Cast:
    return Cast(Value(None if value is None else JSONEncoder(ensure_ascii=False).encode(value)), JSONField())
