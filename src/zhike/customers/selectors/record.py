"""One customer as its page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from zhike.core import fields, masking
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor, Sight
from zhike.core.text import pinyin
from zhike.customers import vault
from zhike.customers.cells import Style
from zhike.customers.guarded import IDENTIFIER_KEYS, NAME, RECORD, conceal, conceal_facts, key
from zhike.customers.models import Customer, CustomerFacts, CustomerTag, Identifier, Relationship
from zhike.customers.normalising import normal_name
from zhike.customers.permissions import REVEAL
from zhike.customers.sealed import ID_NUMBER, columns, open_sealed
from zhike.metadata.selectors.pages import summed_up

VIEW, EDIT, DELETE = "customers.view_customer", "customers.edit_customer", "customers.delete_customer"
MOST_DUPLICATES = 5


@dataclass(frozen=True, kw_only=True)
class Reason:
    """A score with what it rests on."""

    letter: str
    score: int
    sentence: str


@dataclass(frozen=True, kw_only=True)
class ShownIdentifier:
    """A way to reach or recognise a customer, as the reader sees it.

    may_write: whether it is theirs to change. reveal_url: where a masked value is shown in full; empty where not.
    """

    pk: int
    kind: str
    label: str
    system: str
    value: str
    is_primary: bool
    may_write: bool
    reveal_url: str


@dataclass(frozen=True, kw_only=True)
class Record:
    """A customer with what belongs into its header, without what the reader does not see.

    customer, facts: for showing, never for saving. facts: None until the first scoring run; what is closed is empty.
    """

    customer: Customer
    facts: CustomerFacts | None
    relationship: str
    tags: list[str]
    identifiers: list[ShownIdentifier]
    id_number: str


def get_customer(*, actor: Actor, customer_id: int) -> Record:
    """The customer with owner, team, facts, tags and identifiers.

    :raises Customer.DoesNotExist: there is none, or not for this actor
    """
    rows = Customer.objects.visible_to(actor).select_related("owner", "team", "facts")
    if fields.sight(actor, key(ID_NUMBER)) is not Sight.HIDDEN:
        rows = rows.annotate(**columns(ID_NUMBER))
    customer = rows.get(pk=customer_id)
    customer.custom = {
        **customer.custom,
        **vault.opened(actor, [customer_id])[customer_id],
        **summed_up(RECORD, [customer_id], actor).get(customer_id, {}),
    }
    facts: CustomerFacts | None = getattr(customer, "facts", None)
    relationship = customer.relationship or (facts.relationship if facts else "")
    if not fields.reads(actor, [key("relationship")]):
        relationship = ""
    return Record(
        customer=conceal(actor, customer),
        facts=conceal_facts(actor, facts) if facts else None,
        relationship=str(dict(Relationship.choices).get(relationship, "")),
        tags=list_tags(actor=actor, customer_id=customer.pk),
        identifiers=list_identifiers(actor=actor, customer_id=customer.pk),
        id_number=_id_number(actor, customer),
    )


def _id_number(actor: Actor, customer: Customer) -> str:
    """As the actor sees it; organisations have none, and a hidden one is not even opened."""
    found: Any = customer
    if customer.kind != Customer.Kind.PERSON or not getattr(found, "sealed_id_number", None):
        return ""
    number = open_sealed(ID_NUMBER, customer.pk, found.sealed_id_number, found.key_id_number)
    return fields.shown(actor, key(ID_NUMBER), number)


def may_edit(*, actor: Actor, customer_id: int) -> bool:
    """Whether the actor may also edit a customer it has found visible; asks the database only where scopes differ."""
    if actor.reach_of(EDIT).is_all:
        return True
    return actor.may(EDIT) and Customer.objects.within(actor, EDIT).filter(pk=customer_id).exists()


def may_delete(*, actor: Actor, customer_id: int) -> bool:
    """The same for deleting."""
    if actor.reach_of(DELETE).is_all:
        return True
    return actor.may(DELETE) and Customer.objects.within(actor, DELETE).filter(pk=customer_id).exists()


def list_tags(*, actor: Actor, customer_id: int) -> list[str]:
    """The words on a customer whom the caller has found visible; none where the actor does not see tags."""
    if not fields.reads(actor, [key("tags")]):
        return []
    rows = CustomerTag.objects.filter(customer=customer_id).order_by("tag__name")
    return list(rows.values_list("tag__name", flat=True))


def list_identifiers(*, actor: Actor, customer_id: int) -> list[ShownIdentifier]:
    """The identifiers of a customer whom the caller has found visible, the primary one of each kind first.

    Of kinds that are hidden from the actor there are none.
    """
    rows = Identifier.objects.filter(customer=customer_id)
    places = {kind: place for place, kind in enumerate(Identifier.Kind.values)}
    found = sorted(rows, key=lambda row: (places[row.kind], not row.is_primary, row.pk))
    sights = {kind: fields.sight(actor, field) for kind, field in IDENTIFIER_KEYS.items()}
    return [
        ShownIdentifier(
            pk=row.pk,
            kind=row.kind,
            label=row.get_kind_display(),
            system=row.system,
            value=fields.shown(actor, IDENTIFIER_KEYS[row.kind], row.value),
            is_primary=row.is_primary,
            may_write=sights[row.kind] is Sight.WRITE,
            reveal_url=reveal_url(actor, customer_id, row.kind, identifier_id=row.pk),
        )
        for row in found
        if sights[row.kind] is not Sight.HIDDEN
    ]


def reveal_url(actor: Actor, customer_id: int, name: str, *, identifier_id: int | None = None) -> str:
    """Where the actor can see a masked field in full; empty where it is not masked, or not theirs to see."""
    if fields.sight(actor, key(name)) is not Sight.MASKED or not actor.may(REVEAL):
        return ""
    return reverse("reveal_field", args=[customer_id, name]) + (f"?identifier={identifier_id}" if identifier_id else "")


def explain(facts: CustomerFacts, *, style: Style) -> list[Reason]:
    """Why the customer has these scores, a line each; of a figure that is closed to the reader, the score alone."""
    count: int | None = facts.order_count
    spent: Decimal | None = facts.amount
    orders = "" if count is None else ngettext("%(count)s order", "%(count)s orders", count) % {"count": count}
    amount = "" if spent is None else _("%(amount)s in all") % {"amount": style.money(spent)}
    said = (("R", facts.r, _recency(facts, style)), ("F", facts.f, orders), ("M", facts.m, amount))
    return [
        Reason(letter=letter, score=score, sentence=sentence) for letter, score, sentence in said if score is not None
    ]


def _recency(facts: CustomerFacts, style: Style) -> str:
    if facts.last_order_on is None:
        return ""
    today = style.now.astimezone(style.zone).date()
    days = (min(today, facts.as_of) - facts.last_order_on).days
    if not days:
        return _("Ordered on that day")
    counted = {"count": days, "day": facts.as_of.isoformat()}
    if facts.as_of < today:  # the score is of that day, and nobody counts from there by himself
        return (
            ngettext("Last order %(count)s day before %(day)s", "Last order %(count)s days before %(day)s", days)
            % counted
        )
    return ngettext("Last order %(count)s day ago", "Last order %(count)s days ago", days) % counted


def explain_rhythm(facts: CustomerFacts) -> str:
    """How the time since the last order compares with the customer's own rhythm; empty where that is unknown."""
    if not facts.interval_days or facts.last_order_on is None:
        return ""
    # Not the kept rate: a merge moves the last order at once, and that one only with the next refresh.
    rate = (facts.as_of - facts.last_order_on).days / facts.interval_days
    said = (
        _("Orders about every %(days)s days; %(rate)s times that long since the last one.")
        if facts.order_count > 1
        else _(
            "Bought once. Customers usually come back after about %(days)s days; it was %(rate)s times that long ago."
        )
    )
    return said % {"days": round(facts.interval_days), "rate": f"{rate:.1f}"}


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """Customers that might be the one about to be created. hidden: those outside one's scope, as far as they show."""

    customers: Sequence[Customer]
    hidden: Sequence["Masked"]


@dataclass(frozen=True, kw_only=True)
class Masked:
    """A customer whom one may not see: enough of the name to ask its owner about. owner: empty where nobody owns it."""

    name: str
    owner: str


def find_duplicates(*, actor: Actor, kind: str, name: str, values: Sequence[tuple[str, str]]) -> Likeness:
    """Customers who share an identifier, or whose name is the same or sounds the same. values: kind and normal form.

    Only by what the actor reads: of anything else, the answer would tell whose it is.
    """
    same = Q()
    for identifier_kind, value in values:
        if fields.reads(actor, [IDENTIFIER_KEYS[identifier_kind]]):
            same |= Q(kind=identifier_kind, value_normal=value)
    visible = Customer.objects.visible_to(actor)
    with seeing_everything():
        keys = list(Identifier.objects.filter(same).values_list("customer_id", flat=True)[:50]) if same else []
    alike = Q(pk__in=keys)
    if name.strip() and fields.reads(actor, [NAME]):
        alike |= Q(name_normal=normal_name(kind, name)) | Q(name_pinyin=pinyin.reading(name, kind)[:400])
    found = list(visible.filter(alike).order_by("-pk")[:MOST_DUPLICATES]) if alike else []
    seen = set(visible.filter(pk__in=keys).values_list("pk", flat=True)) if keys else set()
    return Likeness(customers=[conceal(actor, one) for one in found], hidden=_masked(set(keys) - seen))


def _masked(keys: set[int]) -> list[Masked]:
    if not keys:
        return []
    with seeing_everything():
        rows = list(Customer.objects.filter(pk__in=keys).order_by("-pk").values_list("name", "owner__name"))
    return [Masked(name=masking.name(name), owner=owner or "") for name, owner in rows[:MOST_DUPLICATES]]
