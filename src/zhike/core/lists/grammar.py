"""A list's filter in its address: short, readable, bounded.

    grade:is:top,high;last_order:older:90;any(city:is:上海;city:is:北京)

Items joined by ";" must all hold; `any(…)` holds where one of its items does, `all(…)` where all do, `none(…)` where
none does. A condition is field:operator:values with "," between values; of a field that asks about the last so many
days, the first value is their number. A backslash takes the meaning from the character behind it.
"""

from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhike.core.errors import DomainError

MAX_LENGTH = 4000
# One more than the editor offers: what it holds may stand in brackets as a whole.
MAX_DEPTH = 5
MAX_CONDITIONS = 40
MAX_VALUES = 500

_MARKS = set("\\,;:()")
Joiner = Literal["all", "any", "none"]
JOINERS: tuple[Joiner, ...] = ("all", "any", "none")


class FilterInvalid(DomainError):
    """The filter cannot be understood, or asks for something that does not exist."""

    code = "filter_invalid"
    status = 400


@dataclass(frozen=True)
class Condition:
    """One question to a row: field, operator and the values as they were written."""

    field: str
    operator: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.field}:{self.operator}:{','.join(_escape(value) for value in self.values)}"


@dataclass(frozen=True)
class Group:
    """Questions that must all hold, or one of which must, or none."""

    joiner: Joiner
    items: tuple["Condition | Group", ...] = ()

    def __str__(self) -> str:
        return f"{self.joiner}({';'.join(map(str, self.items))})"

    def without(self, place: int) -> "Group":
        return Group(self.joiner, self.items[:place] + self.items[place + 1 :])


EVERYTHING = Group("all")


def write(tree: Group) -> str:
    """The tree as it stands in an address."""
    return ";".join(map(str, tree.items)) if tree.joiner == "all" else str(tree) if tree.items else ""


def bounded(tree: Group) -> Group:
    """The tree, if an address may spell it; groups that are empty as yet included.

    :raises FilterInvalid: it is too long, too deep or too wide
    """
    if len(write(tree)) > MAX_LENGTH:
        raise _too_long()
    if _depth(tree) > MAX_DEPTH - (tree.joiner != "all"):
        raise _too_deep()
    if _width(tree) > MAX_CONDITIONS:
        raise _too_wide()
    return tree


def _depth(group: Group) -> int:
    return 1 + max((_depth(item) for item in group.items if isinstance(item, Group)), default=0)


def _width(group: Group) -> int:
    return sum(_width(item) if isinstance(item, Group) else 1 for item in group.items)


def read(text: str) -> Group:
    """The tree that an address spells.

    :raises FilterInvalid: it is too long, too deep, too wide, or not of the grammar
    """
    if len(text) > MAX_LENGTH:
        raise _too_long()
    if "\0" in text:
        raise FilterInvalid(_("The filter contains a character that cannot be stored."))
    reader = _Reader(text)
    items = reader.items(depth=1) if text else ()
    if not reader.at_end():
        raise reader.refusal()
    if len(items) == 1 and isinstance(items[0], Group):
        return items[0]
    return Group("all", items)


def _too_long() -> FilterInvalid:
    return FilterInvalid(_("The filter is too long."))


def _too_deep() -> FilterInvalid:
    return FilterInvalid(_("The filter has too many brackets inside each other."))


def _too_wide() -> FilterInvalid:
    return FilterInvalid(_("The filter has too many conditions."))


class _Reader:
    def __init__(self, text: str) -> None:
        self._text, self._at, self._conditions = text, 0, 0

    def at_end(self) -> bool:
        return self._at >= len(self._text)

    def items(self, *, depth: int) -> tuple[Condition | Group, ...]:
        if depth > MAX_DEPTH:
            raise _too_deep()
        found = [self._item(depth)]
        while self._take(";"):
            found.append(self._item(depth))
        return tuple(found)

    def _item(self, depth: int) -> Condition | Group:
        for joiner in JOINERS:
            if self._take(f"{joiner}("):
                items = self.items(depth=depth + 1)
                if not self._take(")"):
                    raise self.refusal()
                return Group(joiner, items)
        return self._condition()

    def _condition(self) -> Condition:
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise _too_wide()
        field = self._word()
        if not field or not self._take(":"):
            raise self.refusal()
        operator = self._word()
        if not operator or not self._take(":"):
            raise self.refusal()
        values = [self._word()]
        while self._take(","):
            values.append(self._word())
            if len(values) > MAX_VALUES:
                raise FilterInvalid(_("The filter lists too many values."))
        return Condition(field, operator, () if values == [""] else tuple(values))

    def _word(self) -> str:
        letters = []
        while not self.at_end():
            letter = self._text[self._at]
            if letter == "\\" and self._at + 1 < len(self._text):
                self._at += 1
                letter = self._text[self._at]
            elif letter in _MARKS:
                break
            letters.append(letter)
            self._at += 1
        return "".join(letters)

    def _take(self, mark: str) -> bool:
        if self._text.startswith(mark, self._at):
            self._at += len(mark)
            return True
        return False

    def refusal(self) -> FilterInvalid:
        rest = self._text[self._at : self._at + 20]
        message: str | Promise = _("The filter cannot be read from here on: “%(rest)s”.") % {"rest": rest}
        return FilterInvalid(message)


def _escape(value: str) -> str:
    return "".join(f"\\{letter}" if letter in _MARKS else letter for letter in value)
