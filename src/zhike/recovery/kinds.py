"""What can go into the recycle bin; apps register their records when they are ready."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.db.models import Model, Q
from django.utils.functional import Promise

from zhike.core import fields
from zhike.core.actor import Actor


@dataclass(frozen=True, kw_only=True)
class Collision:
    """A row that cannot come back because another record has taken its place.

    said: for people, what is taken and by whom. url: the other record, where the actor may see it.
    """

    said: str
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Restorable:
    """How rows of a table come back from history.

    columns: that can be put back in a row that is there; a holder of a company's own fields stands for all of them.
    names: that tell people which row it is. is_named: a record
    has at most one row of these names, so that a row that came back under another number counts as back. put_back: does
    it for one row, where another app than the record's holds the table. may: whether the actor could do this to the row
    as it is now by hand, where that takes more than to edit the record; what they could not, no plan offers.
    """

    columns: Collection[str] = ()
    names: Sequence[str]
    is_named: bool = False
    put_back: "Callable[[Actor, int, Back, datetime], None] | None" = None
    may: "Callable[[Actor, Back, Mapping[str, Any] | None], bool] | None" = None


@dataclass(kw_only=True)
class Back:
    """What it takes to bring one row back to what it was.

    action: "change" its columns, "add" it again, or "remove" it. then: columns as they were (of "add", the whole row).
    expected: columns as they should be now if nobody touched them since.
    """

    action: Literal["change", "add", "remove"]
    table: str
    row_id: int
    then: dict[str, Any] = field(default_factory=dict)
    expected: dict[str, Any] = field(default_factory=dict)

    def is_restorable(self, column: str) -> bool:
        return column.partition(".")[0] in restorable_of(self.table).columns

    def key(self, column: str) -> str:
        """Names a value of the row, or with an empty column the row itself."""
        return f"{self.table}:{self.row_id}:{column}"

    def narrow(self, chosen: Collection[str]) -> bool:
        """Keep only what was chosen; whether anything is left."""
        if self.action != "change":
            return self.key("") in chosen
        self.then = {column: value for column, value in self.then.items() if self.key(column) in chosen}
        return bool(self.then)


@dataclass(frozen=True, kw_only=True)
class Bin:
    """How records of a kind go into the recycle bin.

    keywords: column that they are also searched by there, if any. left_out: models whose rows are not kept, because
    `restored` makes them anew from the ids of what has come back. collided: a table and one of its rows in words, where
    something else holds what only one may have. restored: may also refuse, by a DomainError. binned: told the ids of
    what goes in; returning: told the rows of the bin that are about to come back, says what of them cannot, and takes
    that out of them.

    above: column that names the record in whose scope it lies, where it has no owner_id and team_id of its own; scope:
    the rows of the bin whose `above_id` a permission then reaches. along: ids of records that go with these, and come
    back with them.
    """

    delete_permission: str
    keywords: str = ""
    left_out: tuple[type[Model], ...] = ()
    restored: Callable[[Sequence[int]], None]
    collided: Callable[[Actor, str, Mapping[str, Any]], Collision]
    binned: Callable[[Sequence[int]], None] | None = None
    returning: Callable[[Sequence[int]], Sequence[Collision] | None] | None = None
    above: str = ""
    scope: Callable[[Actor, str], Q] | None = None
    along: Callable[[Sequence[int]], Mapping[int, int]] | None = None


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of record that comes back from history.

    name: column that it is listed by. guard: the field of the record that the name is; who does not read it sees it
    masked, and cannot search by it; empty where nobody is kept from it. lock: the record, held for an edit by the
    actor. restorable: tables whose rows can be brought back; other apps add theirs by `add_part`. put_back: does so by
    the services that edit the record. bin: where it can be deleted by hand.
    """

    code: str
    model: type[Model]
    label: str | Promise
    view_permission: str
    edit_permission: str
    url_name: str
    name: str
    guard: str
    lock: Callable[[Actor, int], object]
    restorable: dict[str, Restorable]
    put_back: Callable[[Actor, int, Sequence[Back], datetime], None]
    bin: Bin | None = None

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    def shown_name(self, actor: Actor, name: str) -> str:
        return fields.shown(actor, self.guard, name) if self.guard and name else name


@dataclass(frozen=True, kw_only=True)
class Act:
    """Rows that stand for something done in one go that has an undo of its own, on their own pages: imports.

    A set in which such a row changed is taken back there, and not record by record.
    """

    model: type[Model]
    url_name: str


_kinds: dict[str, Kind] = {}
_guards: dict[str, list[Callable[[Actor, Sequence[int]], None]]] = {}
_acts: dict[str, Act] = {}


def register(kind: Kind) -> None:
    """Add a kind; called in an app's `ready`."""
    _kinds[kind.code] = kind


def register_act(act: Act) -> None:
    """Called in an app's `ready`."""
    _acts[act.model._meta.db_table] = act


def add_part(code: str, table: str, restorable: Restorable) -> None:
    """Let rows of another app come back with the records they hang on; called in that app's `ready`."""
    get(code).restorable[table] = restorable


def add_guard(code: str, guard: Callable[[Actor, Sequence[int]], None]) -> None:
    """Let another app refuse to restore records by hand, because it put them into the bin; called in its `ready`.

    guard: raises a DomainError that says which way leads back.
    """
    _guards.setdefault(code, []).append(guard)


def ask_guards(actor: Actor, code: str, record_ids: Sequence[int]) -> None:
    """
    :raises DomainError: some of these do not come back like this
    """
    for guard in _guards.get(code, []):
        guard(actor, record_ids)


def get(code: str) -> Kind:
    return _kinds[code]


def binned_kind_of(model: type[Model]) -> Kind | None:
    """The kind whose records these are, where they go into the recycle bin."""
    return next((kind for kind, _how in list_binned_kinds() if kind.model is model), None)


def list_kinds() -> list[Kind]:
    return [_kinds[code] for code in sorted(_kinds)]


def list_binned_kinds() -> list[tuple[Kind, Bin]]:
    """Those that go into the recycle bin."""
    return [(kind, kind.bin) for kind in list_kinds() if kind.bin is not None]


def bin_of(code: str) -> tuple[Kind, Bin]:
    """
    :raises LookupError: records of this kind are not deleted by hand
    """
    kind = get(code)
    if kind.bin is None:
        raise LookupError(code)
    return kind, kind.bin


def get_act(table: str) -> Act | None:
    return _acts.get(table)


def restorable_of(table: str) -> Restorable:
    return next(kind.restorable[table] for kind in list_kinds() if table in kind.restorable)


def may_use_bin(actor: Actor) -> bool:
    return any(actor.may(how.delete_permission) for _kind, how in list_binned_kinds())
