"""Creating and editing customers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from types import MappingProxyType
from typing import Any, cast

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhike.accounts.models import Team, User
from zhike.core import fields as guarding
from zhike.core.access import holds, require
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.core.text import normal, pinyin
from zhike.customers import own_fields
from zhike.customers.guarded import RECORD, key
from zhike.customers.models import Customer, Identifier, Relationship
from zhike.customers.normalising import normal_name
from zhike.customers.searching import FOUND_BY
from zhike.customers.services.changes import Change, record_changes
from zhike.customers.services.identifiers import NewIdentifier, insert_identifiers, naming_holders
from zhike.customers.services.search import Findable, put_search, refresh_search
from zhike.customers.services.tags import put_tags
from zhike.metadata.services.values import refusing_doubles

EDIT = "customers.edit_customer"
CREATE = "customers.create_customer"
FIELDS = (
    "name",
    "kind",
    "owner",
    "team",
    "channel",
    "relationship",
    "country",
    "province",
    "city",
    "birthday_on",
    "note",
)
_REFERENCES: Mapping[str, type[User] | type[Team]] = {"owner": User, "team": Team}
_CHOICES = {"kind": Customer.Kind.values, "relationship": ["", *Relationship.values]}
_LENGTHS = {column.name: getattr(column, "max_length", None) or 0 for column in Customer._meta.concrete_fields}
NOTHING: Mapping[str, Any] = MappingProxyType({})
EARLIEST_BIRTHDAY = date(1850, 1, 1)


class CustomerEditedMeanwhile(DomainError):
    """Somebody else saved the same field, or the same record, first."""

    code = "customer_edited_meanwhile"


@dataclass(frozen=True, kw_only=True)
class Edit:
    """What an edit did. change_id: the activity that records it, for undo; None where nothing changed."""

    customer: Customer
    change_id: int | None


@dataclass(frozen=True, kw_only=True)
class Creation:
    """A customer that was added, with the identifiers it was given."""

    customer: Customer
    identifiers: list[Identifier]


@naming_holders
@transaction.atomic
def add_customer(
    *,
    actor: Actor,
    at: datetime,
    name: str,
    identifiers: Sequence[NewIdentifier] = (),
    tags: Sequence[str] = (),
    source: str = "hand",
    custom: Mapping[str, Any] = NOTHING,
    **fields: Any,
) -> Creation:
    """Add a customer. Where no owner is given it is the actor's own, in the actor's team.

    fields: any of `FIELDS`; owner and team as ids. custom: the company's own fields, by "custom.k".

    :raises ValidationError: a field or identifier is not of its kind, by field name
    :raises zhike.customers.services.identifiers.IdentifierTaken: a unique identifier names another customer
    :raises PermissionDenied: the actor may not create, or not for this owner
    """
    require(actor, CREATE)
    _require_writing(actor, ["name", *(field for field in fields if fields[field] not in ("", None))])
    cleaned = clean({"kind": Customer.Kind.PERSON, **fields, "name": name}, at=at)
    if "owner" not in fields:
        # The actor and their team are known to exist; asking again would cost a tenth of the whole.
        cleaned = {"owner": actor.user_id, "team": actor.team_id, **cleaned}
    customer = Customer(
        created_at=at, updated_at=at, **{f"{key}_id" if key in _REFERENCES else key: cleaned[key] for key in cleaned}
    )
    customer.name_normal = normal_name(customer.kind, customer.name)
    customer.name_pinyin = pinyin.reading(customer.name, customer.kind)[:400]
    own = own_fields.put(actor=actor, customer=customer, changes=custom)
    is_own = customer.owner_id == actor.user_id
    # It may go to somebody in whose hands its maker does not see it any more; whether that is allowed is asked next.
    with nullcontext() if is_own else seeing_everything(), refusing_doubles(RECORD):
        customer.save(force_insert=True)
        own.keep(customer, at=at)
        require(actor, CREATE, record=customer)
    added = insert_identifiers(actor=actor, customer=customer, new=identifiers, source=source, at=at)
    if tags:
        guarding.require_write(actor, key("tags"))
        put_tags(customer_id=customer.pk, names=tags)
    put_search(
        [
            Findable(
                customer_id=customer.pk,
                name=customer.name,
                reading=customer.name_pinyin,
                values=[identifier.value_normal for identifier in added],
                city=customer.city,
                province=customer.province,
            )
        ]
    )
    return Creation(customer=customer, identifiers=added)


def _customer_of[**P](add: Callable[P, Creation]) -> Callable[P, Customer]:
    @wraps(add)
    def create(*args: P.args, **named: P.kwargs) -> Customer:
        return add(*args, **named).customer

    return create


create_customer = _customer_of(add_customer)  # for who asks for nothing but the customer


@transaction.atomic
def edit_customer(
    *,
    actor: Actor,
    customer_id: int,
    changes: Mapping[str, Any],
    at: datetime,
    version: int | None = None,
    was: Mapping[str, Any] | None = None,
) -> Edit:
    """Change fields, those of the company's own by "custom.k". version: refuse if the record was edited since; was:
    refuse if one of these fields was.

    :raises Customer.DoesNotExist: there is none, or not for this actor
    :raises ValidationError: by field name
    :raises CustomerEditedMeanwhile: somebody was quicker
    :raises PermissionDenied: owner or team by somebody who is only a collaborator
    """
    customer = get_for_edit(actor=actor, customer_id=customer_id)
    _require_writing(actor, [field for field in changes if field in FIELDS])
    if version is not None and version != customer.version:
        raise CustomerEditedMeanwhile(_("Somebody edited this customer in the meantime. Load it again first."))
    for field, value in (was or {}).items():
        # Whoever is told what it says now has to be somebody who reads it.
        if own_fields.known_of(field):
            guarding.require_write(actor, key(field))
        if not _says(customer, field, value):
            raise CustomerEditedMeanwhile(
                _("Somebody changed this field in the meantime: it now says “%(value)s”.")
                % {"value": written(customer, field)}
            )
    cleaned = clean({field: value for field, value in changes.items() if not own_fields.is_own(field)}, at=at)
    may_give = holds(actor, EDIT, customer)
    made = []
    for field, value in cleaned.items():
        before = written(customer, field)
        setattr(customer, f"{field}_id" if field in _REFERENCES else field, value)
        if written(customer, field) != before:
            made.append(Change(field=field, before=before, after=written(customer, field)))
    custom = {field: value for field, value in changes.items() if own_fields.is_own(field)}
    own = own_fields.put(actor=actor, customer=customer, changes=custom)
    made += own.changes
    if not made:
        return Edit(customer=customer, change_id=None)
    renamed = any(change.field in ("name", "kind") for change in made)
    if renamed:
        customer.name_normal = normal_name(customer.kind, customer.name)
        customer.name_pinyin = pinyin.reading(customer.name, customer.kind)[:400]
    customer.version += 1
    customer.updated_at = at
    is_given = any(change.field in _REFERENCES for change in made)
    if is_given and not may_give:
        raise PermissionDenied(EDIT)
    with seeing_everything() if is_given else nullcontext(), refusing_doubles(RECORD):
        customer.save()
        own.keep(customer, at=at)
    if any(change.field in FOUND_BY for change in made):
        refresh_search(customer_ids=[customer.pk])
    return Edit(customer=customer, change_id=record_changes(actor=actor, customer=customer, changes=made, at=at))


def _require_writing(actor: Actor, names: Iterable[str]) -> None:
    for name in names:
        if name in FIELDS:
            guarding.require_write(actor, key(name))


def get_for_edit(*, actor: Actor, customer_id: int) -> Customer:
    """The customer, locked; refuses those the actor may see but not edit.

    :raises Customer.DoesNotExist: there is none, or not for this actor
    """
    customer = Customer.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=customer_id)
    require(actor, EDIT, record=customer)
    return customer


def written(customer: Customer, field: str) -> str:
    """A field as text, as forms and change records hold it."""
    if own_fields.is_own(field):
        return own_fields.written_in(customer, field)
    value = getattr(customer, f"{field}_id" if field in _REFERENCES else field)
    return "" if value is None else str(value)


def _says(customer: Customer, field: str, text: str) -> bool:
    return own_fields.says(customer, field, text) if own_fields.is_own(field) else written(customer, field) == text


def clean(changes: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:
    """The values as they are stored.

    :raises ValidationError: by field name
    """
    found: dict[str, Any] = {}
    problems: dict[str, str | Promise] = {}
    for field, value in changes.items():
        if field not in FIELDS:
            problems[field] = _("There is no such field.")
            continue
        try:
            found[field] = _clean_field(field, value, at)
        except ValueError as error:
            problems[field] = cast("str | Promise", error.args[0])
    if problems:
        raise ValidationError({field: [message] for field, message in problems.items()})
    return found


def _clean_field(field: str, value: Any, at: datetime) -> Any:
    if field in _REFERENCES:
        return _reference(_REFERENCES[field], value)
    if field == "birthday_on":
        return _birthday(value, at)
    text = str(value or "")
    if "\0" in text:
        raise ValueError(_("This contains a character that cannot be stored."))
    if field == "note":
        return text.strip()
    text = normal.one_line(text)
    if len(text) > _LENGTHS[field]:
        raise ValueError(_("At most %(limit)s characters.") % {"limit": _LENGTHS[field]})
    if field == "name" and not text:
        raise ValueError(_("Enter a name."))
    if field in _CHOICES and text not in _CHOICES[field]:
        raise ValueError(_("Choose one of the list."))
    return text


def _reference(model: type[User] | type[Team], value: Any) -> int | None:
    if value in (None, ""):
        return None
    try:
        key = int(value)
    except (TypeError, ValueError):
        raise ValueError(_("Choose one of the list.")) from None
    rows = User.objects.filter(is_active=True) if model is User else Team.objects.all()
    if not rows.filter(pk=key).exists():
        raise ValueError(_("Choose one of the list."))
    return key


def _birthday(value: Any, at: datetime) -> date | None:
    if value in (None, ""):
        return None
    try:
        day = value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(_("Enter a date such as 1990-05-17.")) from None
    if not EARLIEST_BIRTHDAY <= day <= at.date():
        raise ValueError(_("A birthday lies in the past."))
    return day
