"""Files of a company's own fields: put in and taken out, as an edit of the customer like any other."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.fields import require_write
from zhike.customers import shelf
from zhike.customers.models import EDIT, Customer
from zhike.customers.selectors.field_files import FieldUnknown, find_field
from zhike.customers.services import attaching, people
from zhike.customers.services.people import Edit
from zhike.exchange.files.contents import FileNotTaken
from zhike.metadata.models import Kind


def add_file(*, actor: Actor, customer_id: int, field: str, file: attaching.Given, at: datetime) -> tuple[Edit, str]:
    """Put a file into a field, "custom.k", in place of the one that is there where there can be one only; with its id.

    :raises Customer.DoesNotExist: there is none, or not for this actor
    :raises FieldUnknown: no field of files of that name, or hidden from this actor
    :raises zhike.core.fields.FieldClosed: the actor may not write it
    :raises ValidationError: by the field's name: as many as there can be
    :raises AttachmentTooLarge, UploadAllowanceUsed, FileNotTaken, FileInfected, ScannerUnavailable: as for files beside
        entries
    """
    known = find_field(actor, field)
    require(actor, EDIT, record=Customer.objects.visible_to(actor).get(pk=customer_id))
    require_write(actor, known.path)
    prefix = shelf.prefix_of(known.key)
    with attaching.taken_in(file, customer_id, prefix=prefix) as (path, form), transaction.atomic():
        if known.kind is Kind.IMAGE and form.look != "picture":
            raise FileNotTaken(
                _("%(file)s was not taken: this field holds pictures, as PNG, JPEG, GIF or WebP.") % {"file": file.name}
            )
        attaching.count_upload(actor, path, file.name, at)
        customer = people.get_for_edit(actor=actor, customer_id=customer_id)
        held = list(customer.custom.get(known.key, ())) if known.rules.get("files", 1) > 1 else []
        new = {"id": path.stem.removeprefix(prefix), "name": file.name}
        return _put(actor, customer_id, known.name, [*held, new], at), new["id"]


@transaction.atomic
def remove_file(*, actor: Actor, customer_id: int, field: str, file_id: str, at: datetime) -> Edit:
    """Take a file out of a field. It stays on the disk for as long as the edit may be taken back.

    :raises Customer.DoesNotExist: there is none, or not for this actor
    :raises FieldUnknown: no such field, or no such file in it
    :raises zhike.core.fields.FieldClosed: the actor may not write it
    :raises ValidationError: by the field's name: it is the last one, and there has to be one
    """
    known = find_field(actor, field)
    customer = people.get_for_edit(actor=actor, customer_id=customer_id)
    require_write(actor, known.path)
    held = list(customer.custom.get(known.key, ()))
    left = [one for one in held if one["id"] != file_id]
    if len(left) == len(held):
        raise FieldUnknown
    return _put(actor, customer_id, known.name, left, at)


def _put(actor: Actor, customer_id: int, field: str, files: list[Any], at: datetime) -> Edit:
    return people.edit_customer(actor=actor, customer_id=customer_id, changes={field: files}, at=at)
