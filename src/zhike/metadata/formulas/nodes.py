"""What a formula consists of once it is understood."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.metadata.models import Kind


class Type(StrEnum):
    """NOTHING: an empty text, which is of any type."""

    NUMBER = "number"
    TEXT = "text"
    DATE = "date"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    CHOICES = "choices"
    LINK = "link"
    NOTHING = "nothing"


TYPE_NAMES: Mapping[Type, str | Promise] = {
    Type.NUMBER: _("a number"),
    Type.TEXT: _("a text"),
    Type.DATE: _("a date"),
    Type.BOOLEAN: _("yes or no"),
    Type.CHOICE: _("a choice"),
    Type.CHOICES: _("several choices"),
    Type.LINK: _("a link"),
    Type.NOTHING: pgettext_lazy("type in a formula", "nothing"),
}
TYPES: Mapping[Kind, Type] = {
    Kind.TEXT: Type.TEXT,
    Kind.LONG_TEXT: Type.TEXT,
    Kind.NUMBER: Type.NUMBER,
    Kind.MONEY: Type.NUMBER,
    Kind.DATE: Type.DATE,
    Kind.TIME: Type.TEXT,
    Kind.MOMENT: Type.DATE,
    Kind.CHOICE: Type.CHOICE,
    Kind.CHOICES: Type.CHOICES,
    Kind.BOOLEAN: Type.BOOLEAN,
    Kind.PHONE: Type.TEXT,
    Kind.EMAIL: Type.TEXT,
    Kind.URL: Type.TEXT,
    Kind.USER: Type.LINK,
    Kind.TEAM: Type.LINK,
    Kind.RECORD: Type.LINK,
}


@dataclass(frozen=True, kw_only=True)
class Source:
    """A field that a formula can read.

    name: as formulas are kept, "city" or "custom.seats". path: the record's column, or "" of a field of the company's
    own, which is found by its key. guards: keys of `core.fields` that reading it tells of. options: key to names.
    """

    name: str
    label: str
    kind: Kind
    guards: tuple[str, ...]
    path: str = ""
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)

    @property
    def type(self) -> Type:
        return TYPES[self.kind]


@dataclass(frozen=True, kw_only=True)
class Node:
    """operation: a name in `operations.OPERATIONS`, or "value", "source", "today"."""

    operation: str
    type: Type
    inputs: tuple["Node", ...] = ()
    value: Any = None  # of a value, a Decimal, text, date or bool
    source: Source | None = None

    def walk(self) -> Iterator["Node"]:
        waiting = [self]
        while waiting:
            one = waiting.pop()
            yield one
            waiting += one.inputs

    @property
    def depth(self) -> int:
        deepest, waiting = 0, [(self, 1)]
        while waiting:
            one, depth = waiting.pop()
            deepest = max(deepest, depth)
            waiting += [(child, depth + 1) for child in one.inputs]
        return deepest
