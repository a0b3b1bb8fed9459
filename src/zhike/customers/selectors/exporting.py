"""Customers on their way out: which ones, in the order of the list, and what the file says of them."""

from collections.abc import Iterator, Sequence

from django.db.models import F

from zhike.core.access import IsAnyOf, Keys
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.core.lists.operators import Asking
from zhike.core.lists.registry import Column
from zhike.core.lists.state import State
from zhike.core.paging import Page
from zhike.customers.models import EXPORT, Customer, CustomerQuerySet
from zhike.customers.selectors.listing import VIEW, find_customers, make_readable, masks_of, openings_of, values_of
from zhike.exports.registry import Piece

PAGE = 10_000


def list_ids(*, actor: Actor, asking: Asking, state: State) -> Iterator[list[int]]:
    """The customers of the list whom the actor may export, in its order.

    :raises zhike.core.lists.grammar.FilterInvalid: the filter asks for what does not exist
    """
    after = ""
    while True:
        found = find_customers(actor=actor, asking=asking, state=state, page=Page(size=PAGE, after=after))
        yield _exported(actor, found.items)
        after = found.next_cursor
        if not after:
            return


def read(*, actor: Actor, ids: Sequence[int], columns: list[Column]) -> Piece:
    """What the file says of these customers; who is gone or out of reach by now is left out."""
    masks, openings = masks_of(columns, actor), openings_of(columns)
    known = {row["pk"]: row for row in values_of(_reached(actor, ids), columns)}
    rows = [known[pk] for pk in ids if pk in known]
    for row in rows:
        make_readable(row, openings, masks)
    return Piece(
        ids=[row["pk"] for row in rows],
        rows=[[column.text(row) if column.text else "" for column in columns] for row in rows],
    )


def count_beyond(*, actor: Actor, ids: Sequence[int], permissions: Sequence[str] = ()) -> int:
    """How many of these customers are there, and not the actor's to export, or not within these permissions.

    Customers that are shared singly are within permissions for customers only.
    """
    if all(actor.reach_of(code).is_all for code in (EXPORT, VIEW, *permissions)):
        return 0
    with seeing_everything():
        there = Customer.objects.filter(_among(ids)).count()
        reached = _reached(actor, ids)
        for code in permissions:
            reached = reached.within(actor, code)
        return there - reached.count()


def _exported(actor: Actor, ids: list[int]) -> list[int]:
    """Exporting may reach less than seeing."""
    if actor.reach_of(EXPORT) == actor.reach_of(VIEW):
        return ids
    reached = set(_reached(actor, ids).values_list("pk", flat=True))
    return [pk for pk in ids if pk in reached]


def _reached(actor: Actor, ids: Sequence[int]) -> CustomerQuerySet:
    return Customer.objects.visible_to(actor).within(actor, EXPORT).filter(_among(ids))


def _among(ids: Sequence[int]) -> IsAnyOf:
    return IsAnyOf(F("pk"), Keys(ids))
