"""Keyset pages: as quick at row a million as at row one, with signed cursors."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core import signing
from django.core.exceptions import BadRequest, FieldDoesNotExist
from django.db.models import BooleanField, F, Func, Model, Q, QuerySet, Value

from zhike.core.acting import acting_user

_SALT = "zhike.core.paging"


class CursorInvalid(BadRequest):
    """The cursor was made up, or belongs to somebody else, to another list or to another order of it."""


def sign_place(place: Any, *, salt: str) -> str:
    """A place in a list as an address carries it, good for whoever acts and nobody else."""
    return signing.dumps([acting_user(), place], salt=salt, compress=True)


def read_place(cursor: str, *, salt: str) -> Any:
    """
    :raises CursorInvalid: it was made up, or made for somebody else
    """
    try:
        whose, place = signing.loads(cursor, salt=salt)
    except (signing.BadSignature, ValueError, TypeError, zlib.error) as error:
        raise CursorInvalid from error
    if whose != acting_user():
        raise CursorInvalid
    return place


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A stretch of a list that one index range answers. by: the order within it, ending in a unique field."""

    where: Q
    by: tuple[str, ...]

    def beyond(self, keys: Sequence[Any] | None) -> Q:
        """The stretch behind these keys; None: all of it."""
        return self.where if keys is None else self.where & Q(_beyond(self.by, keys))


@dataclass(frozen=True, kw_only=True)
class Page:
    """Which rows to take. size: rows a page; after: the cursor of the previous page, or empty."""

    size: int = 50
    after: str = ""

    def of[M](self, rows: QuerySet[Any, M], *, by: Sequence[str], phases: Sequence[Phase] = ()) -> "Rows[M]":
        """The page of `rows` in the order of `by`, which must end in a unique field.

        by: field paths, "-" for descending, all in one direction, so that one index range answers. Where the first
        may be empty, rows without it come last. phases: the list as stretches shown one after another instead, for an
        order that is not the database's own. The last row of a page carries its keys in the cursor, signed. Rows of
        `values()` work where they hold the fields of `by`.

        :raises CursorInvalid: the cursor does not fit
        """

        def find(phase: Phase, after: Sequence[Any] | None, limit: int) -> list[M]:
            return list(rows.filter(phase.beyond(after)).order_by(*phase.by)[:limit])

        stretches = list(phases) or phases_of(rows.model, tuple(by))
        return self.collect(find, stretches, of=rows.model._meta.label)

    def collect[M](
        self, find: Callable[[Phase, Sequence[Any] | None, int], Sequence[M]], phases: Sequence[Phase], *, of: str
    ) -> "Rows[M]":
        """The page from stretches shown one after another. find: (a stretch, the keys behind which to begin, how many
        at most) → its rows in order; of: the list, so that a cursor is good for no other.

        :raises CursorInvalid: the cursor does not fit
        """
        names = [list(phase.by) for phase in phases]
        place, keys = self.position(names, of=of)
        found: list[tuple[int, M]] = []
        for number, phase in enumerate(phases[place:], place):
            after = keys if number == place else None
            found += [(number, row) for row in find(phase, after, self.size + 1 - len(found))]
            if len(found) > self.size:
                break
        return self.cut(found, names, of=of)

    def cut[M](self, found: Sequence[tuple[int, M]], names: list[list[str]], *, of: str) -> "Rows[M]":
        """The page from up to `size` + 1 rows, each with the number of its phase.

        names: the order of each phase; of: the list, so that a cursor is good for no other.
        """
        kept = found[: self.size]
        cursor = ""
        if len(found) > self.size:
            number, last = kept[-1]
            keys = [_key(last, name) for name in names[number]]
            cursor = sign_place([of, names, number, keys], salt=_SALT)
        return Rows(items=[row for _number, row in kept], next_cursor=cursor)

    def position(self, names: list[list[str]], *, of: str) -> tuple[int, list[Any] | None]:
        """The phase and the keys behind which the page begins; no keys at the beginning of the list.

        :raises CursorInvalid: the cursor does not fit
        """
        if not self.after:
            return 0, None
        whose, order, number, keys = read_place(self.after, salt=_SALT)
        if (whose, order) != (of, names):
            raise CursorInvalid
        return int(number), list(keys)


@dataclass(frozen=True, kw_only=True)
class Rows[M]:
    """One page. next_cursor: empty on the last page."""

    items: list[M] = field(default_factory=list)
    next_cursor: str = ""


def _beyond(by: Sequence[str], keys: Sequence[Any]) -> Func:
    """(a, b) < (x, y) as PostgreSQL's row comparison: one index range, however many rows share an `a`."""
    if len(by) != len(keys):
        raise CursorInvalid
    columns = Func(*(F(name.removeprefix("-")) for name in by), function="ROW", output_field=BooleanField())
    bounds = Func(*(Value(key) for key in keys), function="ROW", output_field=BooleanField())
    sign = " < " if by[0].startswith("-") else " > "
    return Func(columns, bounds, template="%(expressions)s", arg_joiner=sign, output_field=BooleanField())


def phases_of(model: type[Model], by: tuple[str, ...]) -> list[Phase]:
    """An order as stretches: rows whose first field may be empty come last without it."""
    if any(name.startswith("-") is not by[0].startswith("-") for name in by):
        raise ValueError("a keyset has one direction")
    lead = by[0].removeprefix("-")
    if len(by) == 1 or not _may_be_empty(model, lead):
        return [Phase(where=Q(), by=by)]
    empty = Q(**{f"{lead}__isnull": True})
    return [Phase(where=~empty, by=by), Phase(where=empty, by=by[1:])]


def _may_be_empty(model: type[Model], path: str) -> bool:
    for part in path.split("__"):
        try:
            column: Any = model._meta.pk if part == "pk" else model._meta.get_field(part)
        except FieldDoesNotExist as error:
            raise ValueError(f"{model.__name__} has no {part}") from error
        if column.null or (column.auto_created and not column.concrete):
            return True
        model = column.related_model or model
    return False


def _key(row: Any, name: str) -> Any:
    path = name.removeprefix("-")
    value = row
    if isinstance(row, Mapping):
        value = row[path]
    else:
        for part in path.split("__"):
            value = getattr(value, part)
    return value if isinstance(value, int | str | float) else str(value)


@dataclass(frozen=True)
class Count:
    """How many rows, exact up to a ceiling: nobody waits for the difference between 10,000 and 1,000,000."""

    value: int
    is_capped: bool


def count_up_to(rows: QuerySet[Any, Any], *, ceiling: int = 10_000) -> Count:
    """Count, looking at no more than `ceiling` + 1 rows."""
    found = rows.order_by().values("pk")[: ceiling + 1].count()
    return Count(min(found, ceiling), found > ceiling)
