"""Files of a company's own fields, as their reader finds them."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ObjectDoesNotExist

from zhike.core import fields
from zhike.core.actor import Actor, Sight
from zhike.customers import own_fields, shelf
from zhike.customers.models import Customer
from zhike.customers.shelf import KeptFile
from zhike.metadata.filed import FILES
from zhike.metadata.kinds import Known


class FieldUnknown(ObjectDoesNotExist):
    """There is no field of files of that name, no such file in it, or neither for this actor."""


def find_field(actor: Actor, field: str) -> Known:
    """The field "custom.k", as long as it holds files and is not hidden.

    :raises FieldUnknown: otherwise
    """
    known = own_fields.known_of(field)
    if known is None or known.kind not in FILES or fields.sight(actor, known.path) is Sight.HIDDEN:
        raise FieldUnknown
    return known


def list_files(*, actor: Actor, customer_id: int, field: str) -> list[KeptFile]:
    """Files of a field that the actor reads; masked is as good as hidden, for nothing within a file can be masked.

    :raises Customer.DoesNotExist: there is none, or not for this actor
    :raises FieldUnknown: no such field that the actor reads
    """
    known = find_field(actor, field)
    if not fields.reads(actor, [known.path]):
        raise FieldUnknown
    customer = Customer.objects.visible_to(actor).only("custom").get(pk=customer_id)
    return files_of(customer.custom.get(known.key, ()), known=known, customer_id=customer_id)


def get_file(*, actor: Actor, customer_id: int, field: str, file_id: str) -> KeptFile:
    """One that is there.

    :raises Customer.DoesNotExist, FieldUnknown: as for the list; or no such file, or no longer
    """
    found = list_files(actor=actor, customer_id=customer_id, field=field)
    for one in found:
        if one.id == file_id and one.size is not None:
            return one
    raise FieldUnknown


def files_of(entries: Sequence[Mapping[str, Any]], *, known: Known, customer_id: int) -> list[KeptFile]:
    return [shelf.kept(one, key=known.key, customer_id=customer_id) for one in entries]
