"""Who belongs to a customer, as far as the reader may know it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse

from zhike.core import fields, masking
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor, Sight
from zhike.customers.guarded import shown_name
from zhike.customers.models import EDIT, Customer
from zhike.relations.aspects import ASPECTS, aspect_of
from zhike.relations.guarded import RELATION
from zhike.relations.models import Relation


@dataclass(frozen=True, kw_only=True)
class Known:
    """A customer as the reader sees it. url: empty for whom they may not see; owner: whom to ask about these."""

    pk: int
    kind: str
    name: str
    url: str
    owner: str = ""
    may_edit: bool = False

    @property
    def is_masked(self) -> bool:
        return not self.url


@dataclass(frozen=True, kw_only=True)
class Related:
    """One relation, from one end. word: what the other one is to this customer. may_change: whether it is the reader's
    to edit."""

    pk: int
    aspect: str
    word: str
    other: Known
    role: str
    role_word: str
    title: str
    started_on: date | None
    ended_on: date | None
    source: str
    note: str
    may_change: bool


def list_related(*, actor: Actor, customer_id: int) -> list[Related]:
    """The relations of a customer whom the caller has found visible: what goes on first, in the order of the words."""
    found = _related(actor, customer_id, Relation.objects.of(customer_id).order_by("-pk"))
    roles = Relation.Role.values

    def place(one: Related) -> tuple[bool, int, int]:
        weight = roles.index(one.role) if one.role else len(roles)
        return one.ended_on is not None, ASPECTS[one.aspect].order, weight

    return sorted(found, key=place)


def get_related(*, actor: Actor, customer_id: int, relation_id: int) -> Related:
    """
    :raises Relation.DoesNotExist: the customer has none of this number, as far as the actor sees
    """
    found = _related(actor, customer_id, Relation.objects.of(customer_id).filter(pk=relation_id))
    if not found:
        raise Relation.DoesNotExist
    return found[0]


def _related(actor: Actor, customer_id: int, relations: Iterable[Relation]) -> list[Related]:
    if not fields.reads(actor, [RELATION]):
        return []
    rows = list(relations)
    known = know(actor, {customer_id, *(_far(row, customer_id) for row in rows)})
    own = known[customer_id]
    may_write = fields.sight(actor, RELATION) is Sight.WRITE
    found = []
    for row in rows:
        other = known.get(_far(row, customer_id))
        if other is None:
            continue
        aspect = aspect_of(row.kind, is_other_end=row.customer_id == customer_id)
        found.append(
            Related(
                pk=row.pk,
                aspect=aspect.key,
                word=str(aspect.label),
                other=other,
                role=row.role,
                role_word=row.get_role_display() if row.role else "",
                title=fields.shown_within(actor, row.title),
                started_on=row.started_on,
                ended_on=row.ended_on,
                source=row.source,
                note=fields.shown_within(actor, row.note),
                may_change=may_write and not other.is_masked and (own.may_edit or other.may_edit),
            )
        )
    return found


def know(actor: Actor, ids: Collection[int]) -> dict[int, Known]:
    """These customers as the actor sees them: of those outside their scope, a masked name and whom to ask."""
    editable = _editable(actor, ids)
    rows: Iterable[Any] = Customer.objects.visible_to(actor).filter(pk__in=ids).values_list("pk", "kind", "name")
    found = {
        pk: Known(
            pk=pk,
            kind=kind,
            name=shown_name(actor, name),
            url=reverse("show_customer", args=[pk]),
            may_edit=editable is None or pk in editable,
        )
        for pk, kind, name in rows
    }
    hidden = set(ids) - set(found)
    return found | _masked(hidden) if hidden else found


def _masked(ids: Collection[int]) -> dict[int, Known]:
    with seeing_everything():
        rows = list(Customer.objects.filter(pk__in=ids).values_list("pk", "kind", "name", "owner__name"))
    return {
        pk: Known(pk=pk, kind=kind, name=masking.name(name), url="", owner=owner or "")
        for pk, kind, name, owner in rows
    }


def _editable(actor: Actor, ids: Collection[int]) -> set[int] | None:
    """Which of them the actor may edit; None for all."""
    if actor.reach_of(EDIT).is_all:
        return None
    if not actor.may(EDIT):
        return set()
    return set(Customer.objects.within(actor, EDIT).filter(pk__in=ids).values_list("pk", flat=True))


def _far(row: Relation, customer_id: int) -> int:
    return row.other_id if row.customer_id == customer_id else row.customer_id
