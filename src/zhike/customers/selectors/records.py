"""Customers and what belongs to them as plain rows, ready to leave as JSON."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from zhike.core.actor import Actor
from zhike.core.money import plain
from zhike.core.paging import Page, Rows
from zhike.customers.models import Activity, Collaborator, Customer, CustomerQuerySet, CustomerTag, Identifier
from zhike.customers.normalising import normal_value
from zhike.customers.services.changes import read_changes

type Row = dict[str, Any]

FIELDS = (
    "id",
    "kind",
    "name",
    "owner_id",
    "team_id",
    "channel",
    "relationship",
    "country",
    "province",
    "city",
    "birthday_on",
    "note",
    "created_at",
    "updated_at",
    "version",
)
FACTS = (
    "as_of",
    "grade",
    "stage",
    "relationship",
    "r",
    "f",
    "m",
    "order_count",
    "amount",
    "first_order_on",
    "last_order_on",
)
_FACTS = tuple(f"facts__{name}" for name in FACTS)
IDENTIFIER_FIELDS = ("id", "kind", "system", "value", "source", "is_primary", "created_at")
ACTIVITY_FIELDS = ("id", "customer_id", "kind", "happened_at", "text", "author_id", "is_pinned", "created_at")


def list_records(*, keys: Sequence[int]) -> list[Row]:
    """The customers of these keys, found for this actor before, in their order: three queries, however many."""
    return _records(Customer.objects.filter(pk__in=keys), keys)


def get_record(*, actor: Actor, customer_id: int) -> Row:
    """One customer.

    :raises Customer.DoesNotExist: not there, or not visible
    """
    found = _records(Customer.objects.visible_to(actor).filter(pk=customer_id), [customer_id])
    if not found:
        raise Customer.DoesNotExist(customer_id)
    return found[0]


def record_of_new(customer: Customer, *, has_identifiers: bool, has_tags: bool) -> Row:
    """A customer that was created in this request; asks only for what the caller cannot know."""
    row = {name: getattr(customer, name) for name in FIELDS}
    identifiers = _identifiers([customer.pk])[customer.pk] if has_identifiers else []
    tags = _tags([customer.pk])[customer.pk] if has_tags else []
    return {**row, "identifiers": identifiers, "tags": tags, "facts": None}


def find_by_identifier(*, actor: Actor, kind: str, value: str, system: str = "") -> list[int]:
    """Keys of the customers who have exactly this identifier, in its normal form; a hundred at most.

    :raises django.core.exceptions.ValidationError: the value is not of its kind
    """
    held = Identifier.objects.visible_to(actor).filter(kind=kind, system=system, value_normal=normal_value(kind, value))
    return list(held.order_by("-customer_id").values_list("customer_id", flat=True).distinct()[:100])


def list_identifiers(*, actor: Actor, customer_id: int) -> list[Row]:
    """All identifiers of a customer.

    :raises Customer.DoesNotExist: not there, or not visible
    """
    _check_visible(actor, customer_id)
    return list(Identifier.objects.filter(customer_id=customer_id).order_by("id").values(*IDENTIFIER_FIELDS))


def get_identifier(*, actor: Actor, customer_id: int, identifier_id: int) -> Row:
    """One identifier of this customer.

    :raises Identifier.DoesNotExist: not there, not this customer's, or not visible
    """
    held = Identifier.objects.visible_to(actor).filter(customer_id=customer_id)
    row: Row = held.values(*IDENTIFIER_FIELDS).get(pk=identifier_id)
    return row


def list_activities(*, actor: Actor, customer_id: int, page: Page) -> Rows[Row]:
    """What was written into a customer's time line, latest first.

    :raises Customer.DoesNotExist: not there, or not visible
    """
    _check_visible(actor, customer_id)
    rows = Activity.objects.filter(customer_id=customer_id).values(*ACTIVITY_FIELDS)
    found = page.of(rows, by=("-happened_at", "-id"))
    return Rows(items=[_activity(row) for row in found.items], next_cursor=found.next_cursor)


def get_activity(*, activity_id: int) -> Row:
    """One activity that the actor has just written."""
    return _activity(Activity.objects.values(*ACTIVITY_FIELDS).get(pk=activity_id))


def _records(customers: CustomerQuerySet, keys: Sequence[int]) -> list[Row]:
    rows = {row["id"]: row for row in customers.values(*FIELDS, *_FACTS)}
    identifiers, tags = _identifiers(list(rows)), _tags(list(rows))
    return [_record(rows[key], identifiers[key], tags[key]) for key in keys if key in rows]


def _record(row: Row, identifiers: list[Row], tags: list[str]) -> Row:
    facts = None
    if row["facts__stage"] is not None:
        facts = {name: row[path] for name, path in zip(FACTS, _FACTS, strict=True)}
        facts["amount"] = plain(facts["amount"])
    known = {name: row[name] for name in FIELDS}
    return {**known, "identifiers": identifiers, "tags": tags, "facts": facts}


def _identifiers(keys: list[int]) -> Mapping[int, list[Row]]:
    held: dict[int, list[Row]] = defaultdict(list)
    for row in Identifier.objects.filter(customer__in=keys).order_by("id").values("customer_id", *IDENTIFIER_FIELDS):
        held[row.pop("customer_id")].append(row)
    return held


def _tags(keys: list[int]) -> Mapping[int, list[str]]:
    held: dict[int, list[str]] = defaultdict(list)
    tags = CustomerTag.objects.filter(customer__in=keys).order_by("tag__name")
    for key, name in tags.values_list("customer_id", "tag__name"):
        held[key].append(name)
    return held


def _activity(row: Row) -> Row:
    if row["kind"] != Activity.Kind.CHANGE:
        return {**row, "changes": []}
    changes = [{"field": one.field, "before": one.before, "after": one.after} for one in read_changes(row["text"])]
    return {**row, "text": "", "changes": changes}


def _check_visible(actor: Actor, customer_id: int) -> None:
    if not Customer.objects.visible_to(actor).filter(pk=customer_id).exists():
        raise Customer.DoesNotExist(customer_id)


def list_collaborators(*, actor: Actor, customer_id: int) -> list[Row]:
    """Who works on the customer besides its owner.

    :raises Customer.DoesNotExist: not there, or not visible
    """
    if not Customer.objects.visible_to(actor).filter(pk=customer_id).exists():
        raise Customer.DoesNotExist(customer_id)
    rows = Collaborator.objects.filter(customer=customer_id).order_by("user_id")
    return [{"user_id": row.user_id, "may_edit": row.may_edit} for row in rows]


def get_collaborator(*, actor: Actor, customer_id: int, user_id: int) -> int:
    """The key of a collaboration.

    :raises Customer.DoesNotExist: the customer is not there, or not visible
    :raises Collaborator.DoesNotExist: they do not collaborate
    """
    list_collaborators(actor=actor, customer_id=customer_id)
    return Collaborator.objects.get(customer=customer_id, user=user_id).pk
