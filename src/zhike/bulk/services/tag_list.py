"""The company's list of tags: made, renamed, coloured, merged, deleted, and brought back."""

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from zhike.bulk.models import TagRemoval
from zhike.bulk.services.tagging import ADD
from zhike.core.access import array_of, require
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.core.text import normal
from zhike.customers.models import Customer, CustomerTag, Tag
from zhike.customers.permissions import MANAGE_TAGS
from zhike.ui.badges import TONES

MOST_AT_ONCE = 50_000  # customers whose tag goes while a page waits


class TagTaken(DomainError):
    code = "tag_taken"

    def __init__(self, name: str) -> None:
        super().__init__(_("There is a tag “%(name)s” already. Merge the two instead.") % {"name": name})


class TooManyTagged(DomainError):
    code = "too_many_tagged"
    status = 422

    def __init__(self) -> None:
        super().__init__(
            _(
                "More than %(limit)s customers have this tag. Filter the list by it, choose all that match, and take it"
                " off there first: that runs in the background."
            )
            % {"limit": f"{MOST_AT_ONCE:,}"}
        )


class AlreadyBack(DomainError):
    code = "already_back"

    def __init__(self) -> None:
        super().__init__(_("This is back already."))


@transaction.atomic
def create_tag(*, actor: Actor, name: str, tone: str = "") -> Tag:
    """
    :raises ValidationError: the name is empty or too long, or there is no such colour
    :raises TagTaken: there is one of that name
    """
    require(actor, MANAGE_TAGS)
    return _save(Tag(name=_cleaned(name), tone=_toned(tone)))


@transaction.atomic
def edit_tag(*, actor: Actor, tag_id: int, name: str, tone: str) -> Tag:
    """Rename or colour it, for everybody who has it.

    :raises Tag.DoesNotExist: there is none
    :raises ValidationError, TagTaken: as for `create_tag`
    """
    require(actor, MANAGE_TAGS)
    tag = Tag.objects.select_for_update().get(pk=tag_id)
    tag.name, tag.tone = _cleaned(name), _toned(tone)
    return _save(tag)


@transaction.atomic
def remove_tag(*, actor: Actor, tag_id: int, at: datetime, into_id: int | None = None) -> TagRemoval:
    """Take a tag off everybody and out of the list. into_id: a tag that all of them have afterwards instead.

    :raises Tag.DoesNotExist: there is none, or both are the same
    :raises TooManyTagged: more than a page waits for
    """
    require(actor, MANAGE_TAGS)
    wanted = {tag_id} if into_id is None else {tag_id, into_id}
    held = {tag.pk: tag for tag in Tag.objects.filter(pk__in=wanted).order_by("pk").select_for_update()}
    if tag_id not in held or (into_id is not None and (into_id not in held or into_id == tag_id)):
        raise Tag.DoesNotExist
    # The word is the company's: it goes from those as well whom its keeper does not see.
    with seeing_everything():
        rows = CustomerTag.objects.filter(tag=tag_id).order_by("customer")
        customers = list(rows.values_list("customer_id", flat=True)[: MOST_AT_ONCE + 1])
        if len(customers) > MOST_AT_ONCE:
            raise TooManyTagged
        added = _add(customers, into_id) if into_id is not None else []
        rows.delete()
        tag = held[tag_id]
        removal = TagRemoval.objects.create(
            tag_id=tag.pk,
            name=tag.name,
            tone=tag.tone,
            into_id=into_id,
            customer_ids=customers,
            added_ids=added,
            removed_at=at,
            removed_by_id=actor.user_id,
        )
        tag.delete()
    return removal


@transaction.atomic
def undo_removal(*, actor: Actor, removal_id: int, at: datetime) -> Tag:
    """Bring it back to all who are there still; where it was merged, the other tag leaves those who got it by that.

    If somebody has made a tag of that name since, it is that one which they get.

    :raises TagRemoval.DoesNotExist: there is none
    :raises AlreadyBack: it was taken back before
    """
    require(actor, MANAGE_TAGS)
    removal = TagRemoval.objects.select_for_update().get(pk=removal_id)
    if removal.undone_at is not None:
        raise AlreadyBack
    with seeing_everything():
        tag = Tag.objects.filter(name=removal.name).first()
        if tag is None:
            tag = Tag(pk=removal.tag_id, name=removal.name, tone=removal.tone)
            tag.save(force_insert=True)
        there = Customer.objects.filter(pk__in=removal.customer_ids).order_by("pk").select_for_update(of=("self",))
        _add(list(there.values_list("pk", flat=True)), tag.pk)
        CustomerTag.objects.filter(pk__in=removal.added_ids, tag=removal.into_id).delete()
    removal.undone_at = at
    removal.save(update_fields=["undone_at"])
    return tag


def _add(customer_ids: Sequence[int], tag_id: int) -> list[int]:
    """The rows that were made, of those who did not have the tag."""
    with connection.cursor() as cursor:
        cursor.execute(ADD, [array_of(customer_ids), array_of([tag_id])])
        return [row for _customer, row in cursor.fetchall()]


def _cleaned(name: str) -> str:
    word = normal.one_line(name)
    if not word or len(word) > 50 or "\0" in word or any(comma in word for comma in ",，、;；"):
        raise ValidationError({"name": [_("Between 1 and 50 characters, without commas or semicolons.")]})
    return word


def _toned(tone: str) -> str:
    if tone and tone not in TONES:
        raise ValidationError({"tone": [_("Choose one of the list.")]})
    return tone


def _save(tag: Tag) -> Tag:
    try:
        with transaction.atomic():
            tag.save()
    except IntegrityError:
        raise TagTaken(tag.name) from None
    return tag
