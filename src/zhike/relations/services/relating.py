"""Joining customers, and parting them again. Whoever may edit one of them and sees the other may do it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from zhike.audit import services as audit
from zhike.audit.models import Entry
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.core.fields import require_write
from zhike.customers.models import EDIT, Customer
from zhike.customers.services.holding import hold_customer
from zhike.relations.aspects import ASPECTS, Aspect
from zhike.relations.guarded import RELATION
from zhike.relations.models import Relation
from zhike.relations.permissions import RELATED

DETAILS = ("role", "title", "started_on", "ended_on", "note")
MOST = 500  # relations of one customer
CIRCLE = "relations_relation_parents_in_a_line"
TWICE = "relations_relation_goes_on_once"


class RelationUnfit(DomainError):
    """These two cannot be what somebody says they are."""

    code = "relation_unfit"
    status = 422


class RelationKnown(DomainError):
    code = "relation_known"

    def __init__(self) -> None:
        super().__init__(_("That they belong together like this is written down already."))


class ParentsInCircle(DomainError):
    code = "parents_in_circle"
    status = 422

    def __init__(self) -> None:
        super().__init__(
            _("A company cannot be above itself: this parent belongs to it already, if only by way of others.")
        )


class TooManyRelations(DomainError):
    code = "too_many_relations"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("A customer has at most %(count)s relations.") % {"count": MOST})


@transaction.atomic
def add_relation(
    *,
    actor: Actor,
    customer_id: int,
    other_id: int,
    aspect: str,
    details: Mapping[str, Any],
    at: datetime,
    source: str = "hand",
    relation_id: int | None = None,
) -> Relation:
    """Write down what the other customer is to this one. details: any of `DETAILS`; relation_id: where one comes back.

    :raises Customer.DoesNotExist: one of them is not there, or not for this actor
    :raises PermissionDenied: the actor may edit neither
    :raises RelationUnfit, RelationKnown, ParentsInCircle, TooManyRelations: it cannot be
    :raises ValidationError: a detail is not what it should be
    """
    require(actor, EDIT)
    if aspect not in ASPECTS:
        raise ValidationError({"aspect": _("Choose one of the list.")})
    way = ASPECTS[aspect]
    if customer_id == other_id:
        raise RelationUnfit(_("A customer has no relation with itself. Choose another one."))
    own, other = _open(actor, customer_id, other_id)
    _check_fit(way, own, other)
    first, second = (own, other) if way.is_other_end else (other, own)
    if max(Relation.objects.of(one.pk).count() for one in (own, other)) >= MOST:
        raise TooManyRelations
    relation = Relation(
        pk=relation_id,
        customer=first,
        other=second,
        kind=way.kind,
        source=source[:50],
        created_at=at,
        created_by_id=actor.user_id,
        **_clean(way.kind, details, _today(actor, at)),
    )
    with _refusals():
        relation.save(force_insert=True)
    _tell_other(relation)
    return relation


@transaction.atomic
def edit_relation(*, actor: Actor, relation_id: int, details: Mapping[str, Any], at: datetime) -> int | None:
    """Change some of `DETAILS`. Returns the entry of the history that says so; None where it was so already.

    :raises Relation.DoesNotExist: there is none, or not for this actor
    :raises PermissionDenied: the actor may edit neither end, or does not see both
    :raises RelationKnown, ParentsInCircle: going on again, it would be there twice, or in a circle
    :raises ValidationError: a detail is not what it should be
    """
    relation = _lock(actor, relation_id)
    held = {name: getattr(relation, name) for name in DETAILS}
    wanted = _clean(relation.kind, {**held, **details}, _today(actor, at))
    changed = [name for name in DETAILS if wanted[name] != held[name]]
    if not changed:
        return None
    for name in changed:
        setattr(relation, name, wanted[name])
    with _refusals():
        relation.save(update_fields=changed)
    _tell_other(relation)
    return last_entry(relation)


@transaction.atomic
def remove_relation(*, actor: Actor, relation_id: int) -> Relation:
    """Take it away, because it was never true; of what is over, say since when instead. Returns what was there.

    :raises Relation.DoesNotExist: there is none, or not for this actor
    :raises PermissionDenied: the actor may edit neither end, or does not see both
    """
    relation = _lock(actor, relation_id)
    _tell_other(relation)
    Relation.objects.filter(pk=relation.pk).delete()
    return relation


def last_entry(relation: Relation) -> int:
    """The entry of the history that says what was just done to it."""
    found = Entry.objects.filter(table_name=Relation._meta.db_table, ids=[relation.pk]).order_by("-pk")
    return found.values_list("pk", flat=True)[:1].get()


def may_change(actor: Actor, ends: "tuple[Customer, Customer]") -> bool:
    """Whether the actor edits one of two customers whom they see both."""
    return any(
        actor.reach_of(EDIT).is_all or Customer.objects.within(actor, EDIT).filter(pk=one.pk).exists() for one in ends
    )


def _lock(actor: Actor, relation_id: int) -> Relation:
    relation = Relation.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=relation_id)
    try:
        _open(actor, relation.customer_id, relation.other_id)
    except Customer.DoesNotExist:
        raise PermissionDenied(EDIT) from None
    return relation


def _open(actor: Actor, customer_id: int, other_id: int) -> tuple[Customer, Customer]:
    """Both customers, who stay there until the end of the transaction."""
    require(actor, EDIT)
    found = {one.pk: one for one in Customer.objects.visible_to(actor).filter(pk__in=(customer_id, other_id))}
    if len(found) < 2:
        raise Customer.DoesNotExist
    for pk in sorted(found):
        hold_customer(customer_id=pk)
    ends = found[customer_id], found[other_id]
    if not may_change(actor, ends):
        raise PermissionDenied(EDIT)
    require_write(actor, RELATION)
    return ends


def _check_fit(way: Aspect, own: Customer, other: Customer) -> None:
    if own.kind not in way.own or other.kind not in way.theirs:
        kinds = {"person": _("a person"), "organisation": _("an organisation")}
        raise RelationUnfit(
            _("“%(relation)s” does not fit: this customer is %(own)s, the other one %(other)s.")
            % {"relation": way.label, "own": kinds[own.kind], "other": kinds[other.kind]}
        )


def _today(actor: Actor, at: datetime) -> date:
    return at.astimezone(ZoneInfo(actor.zone)).date()


def _clean(kind: str, details: Mapping[str, Any], today: date) -> dict[str, Any]:
    """
    :raises ValidationError: with the name of the detail
    """
    found: dict[str, Any] = {"role": str(details.get("role") or "")}
    if found["role"] and kind != Relation.Kind.WORK:
        raise ValidationError({"role": _("Only who works for an organisation has a role in what it buys.")})
    if found["role"] and found["role"] not in Relation.Role.values:
        raise ValidationError({"role": _("Choose one of the list.")})
    for name, most in (("title", 60), ("note", 500)):
        found[name] = str(details.get(name) or "").strip()
        if len(found[name]) > most or "\0" in found[name]:
            raise ValidationError({name: _("At most %(limit)s characters.") % {"limit": most}})
    started, ended = details.get("started_on"), details.get("ended_on")
    if ended is not None and ended > today:
        raise ValidationError({"ended_on": _("The end lies in the future. Say it when it has come.")})
    if started is not None and ended is not None and ended < started:
        raise ValidationError({"ended_on": _("The end lies before the beginning.")})
    return {**found, "started_on": started, "ended_on": ended}


@contextmanager
def _refusals() -> Iterator[None]:
    """What the database refuses, in words."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as refusal:
        name = getattr(getattr(refusal.__cause__, "diag", None), "constraint_name", "")
        if name == TWICE:
            raise RelationKnown from None
        if name == CIRCLE:
            raise ParentsInCircle from None
        raise


def _tell_other(relation: Relation) -> None:
    """The row stands in the history of one end; that of the other one says that there was something."""
    audit.record(action=RELATED, subject=Customer._meta.db_table, ids=[relation.other_id])
