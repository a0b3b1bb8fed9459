"""What can be imported: apps register it here, so that the engine knows none of them."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhike.core import fields
from zhike.core.actor import Actor, Sight
from zhike.core.errors import DomainError
from zhike.exchange.fields import Field
from zhike.exchange.own_fields import list_own

if TYPE_CHECKING:
    import polars as pl

    from zhike.exchange.run import Plan, Run


class KindUnknown(DomainError):
    code = "import_kind_unknown"
    status = 422


class RecordsMoved(Exception):
    """Somebody changed a record between match and merge; the engine matches again."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What the good rows of a file would do. amount: sum of money in the file, where it has any."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    amount: Decimal | None = None


@dataclass(kw_only=True)
class Undone:
    """What an undo did. kept: the rows it left alone, with the reason; kept_count: all of them."""

    kept: list[dict[str, object]] = field(default_factory=list)
    kept_count: int = 0


@dataclass(frozen=True)
class Cells:
    """A batch of converted rows. frame: `ROW`, then for every mapped column its text and its value.

    text(column) is the cell as written, value(column) its canonical form, null where empty.
    """

    frame: "pl.DataFrame"

    def text(self, column: str) -> "pl.Series":
        return self.frame[f"text {column}"]

    def value(self, column: str) -> "pl.Series":
        return self.frame[f"value {column}"]


class Stager(ABC):
    """Turns one file's rows into staging tables, batch by batch.

    tables: name to columns with their SQL types. There is always a table `rows` with a column `row`.
    """

    tables: dict[str, dict[str, str]]

    @abstractmethod
    def frames(self, cells: Cells) -> "dict[str, pl.DataFrame]":
        """Rows for each table, columns in the order of `tables`."""


class Importable(ABC):
    """A kind of record that files can bring.

    Every method but `stager` works on the tables of its `Run` in the schema `staging`: the stager's tables hold the
    rows that could be read, `refused` those that could not.

    fixed_fields: what a column can mean. record: the kind of record whose own fields it can mean as well. limits: the
    most characters a field's value may have, by its code. permissions: what one needs, besides being allowed to import.
    fixed_guards: field codes to the record's fields that they are, which one has to be allowed to write.
    """

    kind: ClassVar[str]
    label: ClassVar[str | Promise]
    permissions: ClassVar[tuple[str, ...]]
    fixed_fields: ClassVar[tuple[Field, ...]]
    limits: ClassVar[Mapping[str, int]] = {}
    fixed_guards: ClassVar[Mapping[str, str]] = {}
    record: ClassVar[str] = ""

    @property
    def fields(self) -> tuple[Field, ...]:
        return (*self.fixed_fields, *(list_own(self.record) if self.record else ()))

    @property
    def guards(self) -> dict[str, str]:
        own = list_own(self.record) if self.record else ()
        return {**self.fixed_guards, **{field.code: f"{self.record}.{field.code}" for field in own}}

    def fields_for(self, actor: Actor) -> tuple[Field, ...]:
        """What a column can mean in a file that this actor imports."""
        guards = self.guards
        return tuple(field for field in self.fields if _may_write(actor, guards, field.code))

    def may_write(self, actor: Actor, code: str) -> bool:
        return _may_write(actor, self.guards, code)

    def may_read_all(self, actor: Actor, used: Collection[str]) -> bool:
        """Whether the actor may see whatever such a file holds.

        used: codes that its columns mean. Secret values are masked wherever the file does not say that it has them, and
        the company's own fields stand only where it does.
        """
        secret = {field.code for field in self.fields if field.is_secret or field.is_own} - {*used}
        return fields.reads(actor, [key for code, key in self.guards.items() if code not in secret])

    @abstractmethod
    def stager(self, plan: "Plan") -> Stager:
        """For one pass over the file."""

    @abstractmethod
    def match(self, run: "Run") -> None:
        """Decide for every row which record it means; refuse rows. Writes staging tables only; may be repeated."""

    @abstractmethod
    def count(self, run: "Run") -> Counts:
        """What the good rows would do, after `match`."""

    @abstractmethod
    def reserve(self, run: "Run") -> None:
        """Give new records their ids, in the order of rows, with `Run.reserve`."""

    @abstractmethod
    def merge(self, run: "Run") -> dict[str, int]:
        """Write; runs in the one transaction of the import, after `reserve`. Returns rows made per table."""

    @abstractmethod
    def finish(self, run: "Run") -> None:
        """Renew what is derived from the records, after they are committed; may be repeated."""

    @abstractmethod
    def undo(self, run: "Run") -> Undone:
        """Take back what the import made and changed, in one transaction."""


def _may_write(actor: Actor, guards: Mapping[str, str], code: str) -> bool:
    return code not in guards or fields.sight(actor, guards[code]) is Sight.WRITE


_importables: dict[str, Importable] = {}


def register(importable: Importable) -> None:
    """Make a kind importable; called when its app is ready."""
    _importables[importable.kind] = importable


def importable(kind: str) -> Importable:
    """The importable of that kind.

    :raises KindUnknown: no app registered it
    """
    try:
        return _importables[kind]
    except KeyError:
        raise KindUnknown(_("Nothing of the kind “%(kind)s” can be imported.") % {"kind": kind}) from None


def list_importables() -> list[Importable]:
    return list(_importables.values())
