"""Words that people put on customers."""

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.core import fields
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.core.text import normal
from zhike.customers.guarded import key
from zhike.customers.models import Customer, CustomerTag, Tag
from zhike.customers.services.changes import Change, record_changes
from zhike.customers.tagging import require_by_hand

EDIT = "customers.edit_customer"
MAX_TAGS = 50


class TagNotThere(DomainError):
    code = "tag_not_there"


class TagHeldAlready(DomainError):
    code = "tag_held_already"


class OtherTagsHeld(DomainError):
    """Without this one tag the customer would not be without any."""

    code = "other_tags_held"


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


@transaction.atomic
def exchange_tag(*, actor: Actor, customer_id: int, taken: int | None, given: int | None, at: datetime) -> int | None:
    """Give one tag in place of another; returns the change's id.

    taken: None of a customer without any. given: None to leave none.

    :raises Customer.DoesNotExist: there is none, or not for this actor
    :raises TagNotThere: the customer does not have the one by now, or the other is no tag
    :raises TagHeldAlready, OtherTagsHeld: the customer would stay where it is
    :raises ValidationError: there are too many, or a rule gives and takes one of them
    """
    customer = Customer.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=customer_id)
    require(actor, EDIT, record=customer)
    fields.require_write(actor, key("tags"))
    held = dict(CustomerTag.objects.filter(customer=customer).order_by("tag__name").values_list("tag", "tag__name"))
    if (held if taken is None else taken not in held) or taken == given:
        raise TagNotThere(_("This customer stands elsewhere by now; load the board again."))
    kept = {pk: name for pk, name in held.items() if pk != taken}
    if given is None and kept:
        others = _(", ").join(kept.values())
        raise OtherTagsHeld(_("Other tags stay on this customer: %(tags)s. Take them off first.") % {"tags": others})
    if given in held:
        raise TagHeldAlready(_("This customer has “%(tag)s” already.") % {"tag": held[given]})
    if given is not None:
        tag = Tag.objects.filter(pk=given).first()
        if tag is None:
            raise TagNotThere(_("This tag is no longer there; load the board again."))
        kept[given] = tag.name
    return set_tags(actor=actor, customer_id=customer_id, names=list(kept.values()), at=at)


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
