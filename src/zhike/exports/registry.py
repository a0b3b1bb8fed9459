"""What can be exported: apps register the lists that may leave."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.utils.functional import Promise

from zhike.core.actor import Actor
from zhike.core.lists import registry
from zhike.core.lists.operators import Asking
from zhike.core.lists.registry import Column, List
from zhike.core.lists.state import State


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Some records in the order of the list. rows: the values of the columns, one list per id."""

    ids: list[int]
    rows: list[list[Any]]


class Exportable(Protocol):
    """A list that may leave.

    permission: what exporting asks for; view_permission: what seeing the records does. table: of the records, for the
    history. contained: the event that names whom an export contains. url: of the list. searched: fields that its
    search looks into.
    """

    key: str
    label: str | Promise
    permission: str
    view_permission: str
    table: str
    contained: str
    url: str
    searched: Sequence[str]

    def columns_for(self, actor: Actor) -> Mapping[str, Column]:
        """Everything about a record that the actor may take along, by key."""

    def card_columns(self, actor: Actor, chosen: Sequence[str]) -> list[Column]:
        """What a vCard holds, named by its properties; as far as the chosen columns go."""

    def type_of(self, column: Column, actor: Actor) -> str:
        """ "text", "integer", "decimal", "date", "moment": what the column's values are to this actor."""

    def list_ids(self, *, actor: Actor, asking: Asking, state: State) -> Iterator[list[int]]:
        """The records of the list that the actor may export, in its order, in pieces.

        :raises zhike.core.lists.grammar.FilterInvalid: the list asks for what does not exist, or is not open to them
        """

    def read(self, *, actor: Actor, ids: Sequence[int], columns: list[Column]) -> Piece:
        """These records, those that are gone or out of reach meanwhile left out."""

    def count_beyond(self, *, actor: Actor, ids: Sequence[int], permissions: Sequence[str] = ()) -> int:
        """How many of these records are there, and not for this actor to export, or not within these permissions."""


_exportables: dict[str, Exportable] = {}


def register(exportable: Exportable) -> None:
    """Called in an app's `ready`."""
    _exportables[exportable.key] = exportable


def find(key: str) -> Exportable | None:
    return _exportables.get(key)


def get(key: str) -> Exportable:
    """:raises LookupError: nothing of that name can be exported"""
    return _exportables[key]


def list_exportables(actor: Actor) -> list[Exportable]:
    return [one for one in _exportables.values() if actor.may(one.permission)]


def list_of(exportable: Exportable) -> List:
    return registry.get(exportable.key)
