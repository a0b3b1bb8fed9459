"""What becomes of rows that point at a record when it is merged into another one, told by the apps that hold them.

Which rows there are is read from the database's catalogue; a foreign key of which nobody says anything here fails
`tests/architecture/test_merging.py`, and a merge refuses to begin.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model


@dataclass(frozen=True, kw_only=True)
class Keep:
    """Of two rows that collide, the survivor's stays as it is."""


@dataclass(frozen=True, kw_only=True)
class Newest:
    """The survivor's row takes the values of whichever has the highest value in this column."""

    by: str


@dataclass(frozen=True, kw_only=True)
class Combine:
    """Columns of the survivor's row become the sum, the lowest or the highest of both; the others stay."""

    sums: tuple[str, ...] = ()
    lowest: tuple[str, ...] = ()
    highest: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Single:
    """A flag that only one row of a record may have within the same values of other columns."""

    flag: str
    within: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Move:
    """The rows go over to the survivor.

    alike: columns in which two rows of one record may not be the same; what happens then, `collide` says. The row that
    gives way goes into the recycle bin with the record that is given up.
    """

    alike: tuple[str, ...] = ()
    collide: Keep | Newest | Combine = field(default_factory=Keep)
    single: Single | None = None


@dataclass(frozen=True, kw_only=True)
class Stay:
    """The rows stay with the record that is given up. reason: why the survivor can do without them."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class ByService:
    """The app does it itself.

    merge: from pairs (given up, survivor) in their order to what undoing needs, JSON-ready, by survivor. undo: takes
    that back for one survivor.
    """

    merge: Callable[[Sequence[tuple[int, int]]], Mapping[int, Any]]
    undo: Callable[[int, Any], None]


type Rule = Move | Stay | ByService

_rules: dict[tuple[str, str], Rule] = {}
_successors: list[Callable[[int], int | None]] = []


def declare(model: type[Model], name: str, rule: Rule) -> None:
    """Say what becomes of the rows whose foreign key `name` points at a record; called in an app's `ready`."""
    column = model._meta.get_field(name)
    _rules[model._meta.db_table, str(getattr(column, "column", name))] = rule


def list_rules() -> dict[tuple[str, str], Rule]:
    """By table and column."""
    return dict(_rules)


def follow_by(find: Callable[[int], int | None]) -> None:
    """Let apps below ask into which customer another one was merged."""
    _successors.append(find)


def successor_of(customer_id: int) -> int | None:
    """The customer into which this one was merged in the end; None where it was not."""
    return next((found for find in _successors if (found := find(customer_id)) is not None), None)
