"""Customers by a value that is stored encrypted: compared by keyed digests, without opening any."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from zhike.core import fields
from zhike.core.actor import Actor
from zhike.core.lists.grammar import FilterInvalid
from zhike.customers.guarded import SEALED, key
from zhike.customers.models import SealedValue
from zhike.customers.sealed import ID_NUMBER, digests, marks
from zhike.customers.services.sealing import normal_id_number
from zhike.customers.vault import list_sealed
from zhike.metadata.kinds import NotOfItsKind, read_value, written

MOST, LONGEST = 100, 500


def list_asked(*, actor: Actor) -> list[tuple[str, str]]:
    """Encrypted fields that the actor may ask for, with their names: who does not read one learns nothing by it."""
    found = [(ID_NUMBER, str(SEALED[ID_NUMBER])), *((one.name, one.named) for one in list_sealed())]
    return [(name, label) for name, label in found if fields.reads(actor, [key(name)])]


def marks_of(*, actor: Actor, field: str, value: str) -> Sequence[str]:
    """What a list's address asks with for exactly this value, until keys are renewed.

    :raises FilterInvalid: there is no such field, or the actor does not read it
    :raises django.core.exceptions.ValidationError: not of the field's kind, by its name
    """
    return marks(field, _asked_for(actor, field, value))


def find_by_value(*, actor: Actor, field: str, value: str) -> list[int]:
    """Keys of the customers with exactly this value; a hundred at most.

    :raises FilterInvalid, ValidationError: as for the marks
    """
    wanted = digests(field, _asked_for(actor, field, value))
    held = SealedValue.objects.visible_to(actor).filter(field=field, blind_index__in=wanted)
    return list(held.order_by("-customer_id").values_list("customer_id", flat=True)[:MOST])


def _asked_for(actor: Actor, field: str, value: str) -> str:
    """The value as it would be kept."""
    if field not in dict(list_asked(actor=actor)):
        raise FilterInvalid(_("There is no field “%(field)s” to filter by.") % {"field": field})
    if field == ID_NUMBER:
        return normal_id_number(value)
    known = next(one for one in list_sealed() if one.name == field)
    try:
        return written(known, read_value(known, value))
    except NotOfItsKind as refusal:
        raise ValidationError({field: [refusal.message]}) from None
