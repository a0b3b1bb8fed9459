"""What is kept about people, told by the apps that keep it in their `personal.py`: for the inventory, copies, erasure.

Every column has a class. What hangs on a customer is a `Holding`: rows that are found by the customer's id. What may
hold a person's data without knowing the id (files, undo data, logs, caches) is a `Place`: it is searched for `Traces`.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from django.db.models import BinaryField, CharField, Field, JSONField, Model, TextField
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhike.core.actor import Actor

MASK = "•••"


class Class(StrEnum):
    """How much a column says about people."""

    NONE = "none"
    CONTACT = "contact"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"
    DERIVED = "derived"
    FREE = "free"
    STAFF = "staff"
    SECRET = "secret"  # noqa: S105


CLASS_LABELS: Mapping[Class, str | Promise] = {
    Class.NONE: _("Says nothing about people"),
    Class.CONTACT: _("Name or way to reach somebody"),
    Class.PERSONAL: _("Personal"),
    Class.SENSITIVE: _("Sensitive"),
    Class.DERIVED: _("Computed about a person"),
    Class.FREE: _("Free text, may name anybody"),
    Class.STAFF: _("About our own people"),
    Class.SECRET: _("Secret, stored as a hash or encrypted"),
}


@dataclass(frozen=True, kw_only=True)
class Traces:
    """What persons are recognised by where no id leads to them. Nothing in it is anybody else's as well.

    forms: ways in which phone numbers, addresses and the like may be written. names: as written. cells: what means
    the person only where it stands in a cell by itself. keys: external ids, each with its source system.
    """

    customer_ids: tuple[int, ...]
    forms: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Traces":
        known: dict[str, Any] = json.loads(text)
        return cls(
            # One person in what was written before several were searched for together.
            customer_ids=tuple(known.get("customer_ids") or [known["customer_id"]]),
            forms=tuple(known["forms"]),
            names=tuple(known["names"]),
            cells=tuple(known["cells"]),
            keys=tuple((system, value) for system, value in known["keys"]),
        )

    @classmethod
    def joined(cls, several: "Iterable[Traces]") -> "Traces":
        """Of all of them at once, so that everything is searched a single time."""
        found = list(several)
        return cls(
            customer_ids=tuple(key for one in found for key in one.customer_ids),
            forms=tuple(sorted({text for one in found for text in one.forms})),
            names=tuple(sorted({text for one in found for text in one.names})),
            cells=tuple(sorted({text for one in found for text in one.cells})),
            keys=tuple(sorted({key for one in found for key in one.keys})),
        )

    @property
    def telling(self) -> tuple[str, ...]:
        """What means the person wherever it stands: the forms, and names too long to be words by accident."""
        return (*self.forms, *(name for name in self.names if _is_telling(name)))

    @property
    def least(self) -> tuple[str, ...]:
        """Of these, what does not contain another one: whoever finds the short one finds the long one."""
        telling = set(self.telling)
        return tuple(sorted(one for one in telling if not any(other in one for other in telling - {one})))

    @property
    def words(self) -> tuple[str, ...]:
        """What means the person only where it stands by itself."""
        return tuple(sorted({*self.names, *self.cells} - set(self.telling)))

    @property
    def pattern(self) -> str:
        """A regular expression for Python and PostgreSQL, to be used whatever the case: finds the person in text."""
        return "|".join(filter(None, [*map(escape, self.least), self.words_pattern]))

    @property
    def words_pattern(self) -> str:
        """The part of `pattern` for words."""
        alone = map(escape, self.words)
        return "|".join(part for one in alone for part in (f"^{one}$", f'"{one}"', f"[(,]{one}[,)]"))

    @property
    def mask_pattern(self) -> str:
        """The part of `pattern` that may be replaced within a longer text."""
        return "|".join(escape(one) for one in self.telling)

    @cached_property
    def _matcher(self) -> re.Pattern[str] | None:
        return re.compile(self.pattern, re.IGNORECASE | re.MULTILINE) if self.pattern else None

    def are_in(self, text: str) -> bool:
        return self._matcher is not None and self._matcher.search(text) is not None

    def mask(self, text: str) -> str:
        return re.sub(self.mask_pattern, MASK, text, flags=re.IGNORECASE) if self.mask_pattern else text


def _is_telling(name: str) -> bool:
    return len(name) >= 3 if not name.isascii() else len(name) >= 6


def escape(text: str) -> str:
    """For a regular expression that Python, PostgreSQL and the readers of files understand alike."""
    return re.sub(r"([!-/:;=?@\[-`{-~])", r"\\\1", text)


@dataclass(frozen=True, kw_only=True)
class Holding:
    """Rows about a customer. path: from the model to the customer's id ("customer", "pk").

    erase: takes them away, given the customer's id; how many. Plain deletion where it is not given. stays: why some of
    it is kept, as anonymous facts, in words for the person. is_theirs: the person gave it, or it was observed of them,
    rather than written or worked out by us: what they may take to somebody else. order: ascending; what refers comes
    before what is referred to. is_copied: whether a copy for the person contains them. tell: what the copy says in
    place of the columns, rows under names that `core.fields` knows of this table. is_business: whoever has one of these
    did business with us, and is no mere prospect.
    """

    model: type[Model]
    path: str
    label: str | Promise
    order: int
    erase: Callable[[int], int] | None = None
    stays: str | Promise = ""
    is_copied: bool = True
    is_theirs: bool = True
    tell: Callable[[int], list[dict[str, Any]]] | None = None
    is_business: bool = False

    def rows(self, customer_id: int) -> Any:
        manager: Any = self.model._default_manager
        return manager.filter(**{self.path: customer_id})


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a person may be found by their traces. sweep: takes them away, may be repeated; how many pieces it took.

    search: how many pieces still hold the person; None where these are columns, for all tables are searched anyway.
    order: ascending; history comes last, for sweeps are captured too.
    """

    name: str
    label: str | Promise
    order: int
    sweep: Callable[[Traces], int]
    search: Callable[[Traces], int] | None


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A model in the inventory. default: class of its columns that are not text; text is classed by name."""

    model: type[Model]
    default: Class
    named: Mapping[str, Class]

    def class_of(self, column: str) -> Class:
        return self.named.get(column, self.default)


_holdings: dict[tuple[type[Model], int], Holding] = {}
_places: dict[str, Place] = {}
_kept: dict[type[Model], Kept] = {}
_others: list[Callable[[int], list[int]]] = []
_explanations: list[Callable[[Actor, int], list[str]]] = []


def classify(model: type[Model], default: Class, named: Mapping[Class, Iterable[str]] | None = None) -> None:
    """Say what a model's columns are. named: class to names of columns."""
    by_column = {column: kind for kind, columns in (named or {}).items() for column in columns}
    _kept[model] = Kept(model=model, default=default, named=by_column)


def hold(holding: Holding) -> None:
    _holdings[holding.model, holding.order] = holding


def look_in(place: Place) -> None:
    _places[place.name] = place


def explain_by(explain: Callable[[Actor, int], list[str]]) -> None:
    """Add sentences that explain what was computed about a customer, in the current language.

    explain: from who reads them and the customer's id; the caller has found out that they may.
    """
    _explanations.append(explain)


def same_person_by(find: Callable[[int], list[int]]) -> None:
    """Add records that are the same person under another number, and go with it: merged ones in the recycle bin."""
    _others.append(find)


def list_others(customer_id: int) -> list[int]:
    return sorted({other for find in _others for other in find(customer_id)} - {customer_id})


def list_holdings() -> list[Holding]:
    return sorted(_holdings.values(), key=lambda one: (one.order, one.model._meta.label))


def list_places() -> list[Place]:
    return sorted(_places.values(), key=lambda one: (one.order, one.name))


def list_kept() -> list[Kept]:
    return sorted(_kept.values(), key=lambda one: one.model._meta.label)


def kept(model: type[Model]) -> Kept | None:
    return _kept.get(model)


def list_explanations(reader: Actor, customer_id: int) -> list[str]:
    return [sentence for explain in _explanations for sentence in explain(reader, customer_id)]


def is_text(column: "Field[Any, Any]") -> bool:
    """Whether a column may hold whatever somebody writes."""
    if column.choices or column.is_relation:
        return False
    base = getattr(column, "base_field", column)
    return isinstance(base, CharField | TextField | JSONField | BinaryField)
