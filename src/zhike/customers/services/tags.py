"""Words that people put on customers."""

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.core import fields
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.text import normal
from zhike.customers.guarded import key
from zhike.customers.models import Customer, CustomerTag, Tag
from zhike.customers.services.changes import Change, record_changes
from zhike.customers.tagging import require_by_hand

EDIT = "customers.edit_customer"
MAX_TAGS = 50


@transaction.atomic
def set_tags(*, actor: Actor, customer_id: int, names: Sequence[str], at: datetime) -> int | None:
    """Give the customer exactly these tags, new words included; returns the change's id, None where nothing changed.

    :raises Customer.DoesNotExist: there is none, or not for this actor
    :raises ValidationError: a word is too long, there are too many, or a rule gives and takes one of them
    """
    customer = Customer.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=customer_id)
    require(actor, EDIT, record=customer)
    fields.require_write(actor, key("tags"))
    before = list_tags_of(customer_id=customer_id)
    put_tags(customer_id=customer_id, names=names)
    after = list_tags_of(customer_id=customer_id)
    if before == after:
        return None
    require_by_hand(set(before) ^ set(after))
    Customer.objects.filter(pk=customer_id).update(version=customer.version + 1, updated_at=at)
    change = Change(field="tags", before="\n".join(before), after="\n".join(after))
    return record_changes(actor=actor, customer=customer, changes=[change], at=at)


def put_tags(*, customer_id: int, names: Sequence[str]) -> None:
    """Make the tags of a customer that the caller holds exactly these."""
    wanted = list(dict.fromkeys(normal.one_line(name) for name in names if normal.one_line(name)))
    if len(wanted) > MAX_TAGS or any(len(name) > 50 or "\0" in name for name in wanted):
        raise ValidationError({"tags": _("At most 50 tags of at most 50 characters each.")})
    Tag.objects.bulk_create([Tag(name=name) for name in wanted], ignore_conflicts=True)
    tags = Tag.objects.filter(name__in=wanted)
    CustomerTag.objects.filter(customer_id=customer_id).exclude(tag__in=tags).delete()
    CustomerTag.objects.bulk_create(
        [CustomerTag(customer_id=customer_id, tag=tag) for tag in tags], ignore_conflicts=True
    )


def list_tags_of(*, customer_id: int) -> list[str]:
    """The tags of a customer that the caller has found visible."""
    return list(
        CustomerTag.objects.filter(customer_id=customer_id).order_by("tag__name").values_list("tag__name", flat=True)
    )
