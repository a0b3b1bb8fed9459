"""Customers and what belongs to them as plain rows, ready to leave as JSON."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from zhike.core import fields
from zhike.core.actor import Actor, Sight
from zhike.core.lists.grammar import FilterInvalid
from zhike.core.money import plain
from zhike.core.paging import Page, Rows
from zhike.customers import guarded, own_fields, vault
from zhike.customers.attached import attached_to
from zhike.customers.guarded import IDENTIFIER_KEYS, withheld
from zhike.customers.labels import LABELS
from zhike.customers.models import (
    Activity,
    Collaborator,
    Customer,
    CustomerQuerySet,
    CustomerTag,
    Identifier,
)
from zhike.customers.normalising import normal_value
from zhike.customers.sealed import ID_NUMBER, columns, open_row
from zhike.customers.selectors.activities import readable
from zhike.customers.services.changes import Change, read_changes, shown_changes
from zhike.metadata import guarding
from zhike.metadata.filed import FILES
from zhike.metadata.formulas.evaluating import company_today
from zhike.metadata.formulas.filling import filled, of_instance
from zhike.metadata.selectors.pages import summed_up

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
    "custom",
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
_READS = {ID_NUMBER: guarded.key(ID_NUMBER)} | {
    name: guarded.key(name.removesuffix("_id")) for name in FIELDS if name.removesuffix("_id") in LABELS
}
_FACTS = tuple(f"facts__{name}" for name in FACTS)
IDENTIFIER_FIELDS = ("id", "kind", "system", "value", "source", "is_primary", "created_at")
ACTIVITY_FIELDS = ("id", "customer_id", "kind", "happened_at", "text", "author_id", "is_pinned", "created_at")
_FILE = ("file_name", "file_path")


def list_records(*, actor: Actor, keys: Sequence[int]) -> list[Row]:
    """The customers of these keys, found for this actor before, in their order: three queries, however many."""
    return _records(actor, Customer.objects.filter(pk__in=keys), keys)


def get_record(*, actor: Actor, customer_id: int) -> Row:
    """One customer.

    :raises Customer.DoesNotExist: not there, or not visible
    """
    found = _records(actor, Customer.objects.visible_to(actor).filter(pk=customer_id), [customer_id])
    if not found:
        raise Customer.DoesNotExist(customer_id)
    return found[0]


def record_of_new(customer: Customer, *, actor: Actor, identifiers: Iterable[Identifier], has_tags: bool) -> Row:
    """A customer that was created in this request; asks only for what the caller cannot know."""
    row = {name: getattr(customer, name) for name in FIELDS}
    today = company_today(timezone.now())
    row["custom"] = {
        **filled(guarded.RECORD, customer.custom, plain=of_instance(customer), today=today),
        **vault.opened(actor, [customer.pk])[customer.pk],
    }
    held = [{name: getattr(one, name) for name in IDENTIFIER_FIELDS} for one in identifiers]
    tags = _tags(actor, [customer.pk])[customer.pk] if has_tags else []
    return _covered(
        [
            {
                **row,
                "identifiers": _shown_identifiers(actor, held),
                "tags": tags,
                "facts": None,
                ID_NUMBER: "",
                "withheld": withheld(actor),
            }
        ],
        actor,
    )[0]


def find_by_identifier(*, actor: Actor, kind: str, value: str, system: str = "") -> list[int]:
    """Keys of the customers who have exactly this identifier, in its normal form; a hundred at most.

    :raises FilterInvalid: the actor does not read identifiers of this kind
    :raises django.core.exceptions.ValidationError: the value is not of its kind
    """
    if not fields.reads(actor, [IDENTIFIER_KEYS[kind]]):
        raise FilterInvalid(_("There is no field “%(field)s” to filter by.") % {"field": kind})
    held = Identifier.objects.visible_to(actor).filter(kind=kind, system=system, value_normal=normal_value(kind, value))
    return list(held.order_by("-customer_id").values_list("customer_id", flat=True).distinct()[:100])


def list_identifiers(*, actor: Actor, customer_id: int) -> list[Row]:
    """All identifiers of a customer.

    :raises Customer.DoesNotExist: not there, or not visible
    """
    _check_visible(actor, customer_id)
    rows = Identifier.objects.filter(customer_id=customer_id).order_by("id").values(*IDENTIFIER_FIELDS)
    return _shown_identifiers(actor, rows)


def get_identifier(*, actor: Actor, customer_id: int, identifier_id: int) -> Row:
    """One identifier of this customer.

    :raises Identifier.DoesNotExist: not there, not this customer's, or not visible
    """
    held = Identifier.objects.visible_to(actor).filter(customer_id=customer_id)
    found = _shown_identifiers(actor, [held.values(*IDENTIFIER_FIELDS).get(pk=identifier_id)])
    if not found:
        raise Identifier.DoesNotExist(identifier_id)
    return found[0]


def list_activities(*, actor: Actor, customer_id: int, page: Page) -> Rows[Row]:
    """What was written into a customer's time line, latest first.

    :raises Customer.DoesNotExist: not there, or not visible
    """
    _check_visible(actor, customer_id)
    rows = readable(actor, customer_id).values(*ACTIVITY_FIELDS, *_FILE)
    found = page.of(rows, by=("-happened_at", "-id"))
    return Rows(items=[_activity(actor, row) for row in found.items], next_cursor=found.next_cursor)


def get_activity(*, actor: Actor, activity_id: int) -> Row:
    """One activity that the actor has just written."""
    return _activity(actor, Activity.objects.values(*ACTIVITY_FIELDS, *_FILE).get(pk=activity_id))


def _records(actor: Actor, customers: CustomerQuerySet, keys: Sequence[int]) -> list[Row]:
    is_closed = fields.sight(actor, guarded.key(ID_NUMBER)) is Sight.HIDDEN
    more, today = {} if is_closed else columns(ID_NUMBER), company_today(timezone.now())
    rows = {row["id"]: row for row in customers.annotate(**more).values(*FIELDS, *_FACTS, *more)}
    summed, opened = summed_up(guarded.RECORD, list(rows), actor), vault.opened(actor, list(rows))
    for key, row in rows.items():
        row[ID_NUMBER] = "" if is_closed else open_row(ID_NUMBER, row, customer_id=key)
        row["custom"] = {
            **filled(guarded.RECORD, row["custom"], plain=row.get, today=today),
            **opened[key],
            **summed.get(key, {}),
        }
    identifiers, tags = _identifiers(actor, list(rows)), _tags(actor, list(rows))
    closed = withheld(actor)
    found = [_record(rows[key], identifiers[key], tags[key]) | {"withheld": closed} for key in keys if key in rows]
    return _covered(found, actor)


def _covered(rows: list[Row], actor: Actor) -> list[Row]:
    """The rows without what the actor does not see. A date is there in full or not at all."""
    for row in rows:
        row["custom"] = guarding.told(guarded.RECORD, guarding.conceal(actor, guarded.RECORD, row["custom"]))
    masks = fields.covers(actor, _READS)
    if masks:
        for row in rows:
            fields.cover_row(row, masks)
            if "birthday_on" in masks:
                row["birthday_on"] = None
            if "relationship" in masks and row["facts"]:
                row["facts"]["relationship"] = ""
    closed = guarded.COMPUTED.keys() - guarded.read_computed(actor)
    for row in rows if closed else []:
        for name in closed if row["facts"] else []:
            row["facts"][name] = "" if name in ("grade", "stage") else None
    return rows


def _shown_identifiers(actor: Actor, rows: Iterable[Row]) -> list[Row]:
    """Without those of kinds that are hidden, masked where they are."""
    masks = fields.covers(actor, IDENTIFIER_KEYS)
    closed = {kind for kind, field in IDENTIFIER_KEYS.items() if fields.sight(actor, field) is Sight.HIDDEN}
    return [
        {**row, "value": masks[row["kind"]](row["value"]) if row["kind"] in masks else row["value"]}
        for row in rows
        if row["kind"] not in closed
    ]


def _record(row: Row, identifiers: list[Row], tags: list[str]) -> Row:
    facts = None
    if row["facts__stage"] is not None:
        facts = {name: row[path] for name, path in zip(FACTS, _FACTS, strict=True)}
        facts["amount"] = plain(facts["amount"])
    known = {name: row[name] for name in (*FIELDS, ID_NUMBER)}
    return {**known, "identifiers": identifiers, "tags": tags, "facts": facts}


def _identifiers(actor: Actor, keys: list[int]) -> Mapping[int, list[Row]]:
    held: dict[int, list[Row]] = defaultdict(list)
    found = Identifier.objects.filter(customer__in=keys).order_by("id").values("customer_id", *IDENTIFIER_FIELDS)
    for row in _shown_identifiers(actor, found):
        held[row.pop("customer_id")].append(row)
    return held


def _tags(actor: Actor, keys: list[int]) -> Mapping[int, list[str]]:
    held: dict[int, list[str]] = defaultdict(list)
    if not fields.reads(actor, [guarded.key("tags")]):
        return held
    tags = CustomerTag.objects.filter(customer__in=keys).order_by("tag__name")
    for key, name in tags.values_list("customer_id", "tag__name"):
        held[key].append(name)
    return held


def _before_and_after(change: Change) -> Row:
    known = own_fields.known_of(change.field, archived=True)
    if known is None or known.kind not in FILES:
        return {"before": change.before, "after": change.after}
    # Files by their names: where they lie is nobody's business.
    return {name: own_fields.said(change.field, getattr(change, name)) for name in ("before", "after")}


def _activity(actor: Actor, row: Row) -> Row:
    beside = attached_to(Activity(**row), actor)
    row = {name: row[name] for name in ACTIVITY_FIELDS} | {"file": None}
    if beside:
        told = {"name": beside.name, "media_type": beside.form.media_type, "size": beside.size}
        row["file"] = {**told, "is_open": beside.is_open}
    if row["kind"] != Activity.Kind.CHANGE:
        return {**row, "text": fields.shown_within(actor, row["text"]), "changes": []}
    seen = shown_changes(actor, read_changes(row["text"]))
    changes = [{"field": one.field, **_before_and_after(one)} for one in seen]
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
