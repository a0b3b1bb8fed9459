"""The file beside an entry of the time line that is there already: put beside it, and taken away, by who wrote it."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.customers import attached, shelf
from zhike.customers.models import Activity
from zhike.customers.services import activities, attaching
from zhike.exchange.files.contents import put_ending


class FileThere(DomainError):
    """An entry has one file at most."""

    code = "file_there"

    def __init__(self) -> None:
        super().__init__(_("This entry has a file already. Remove it first, or write another entry."))


def put_file(*, actor: Actor, customer_id: int, activity_id: int, file: attaching.Given, at: datetime) -> Activity:
    """Put a file beside an entry of one's own, within a day.

    :raises Activity.DoesNotExist: there is none of this customer, or not for this actor
    :raises zhike.core.fields.FieldClosed: the actor may not write into the time line
    :raises zhike.customers.services.activities.ActivityKept: somebody else's, a record of a change, or too old
    :raises FileThere: it has one
    :raises AttachmentTooLarge, UploadAllowanceUsed, FileNotTaken, FileInfected, ScannerUnavailable: as for
        `attaching.add_with_file`
    """
    with transaction.atomic():
        _hold(actor, customer_id, activity_id, at)
    with attaching.taken_in(file, customer_id) as (path, form), transaction.atomic():
        attaching.count_upload(actor, path, file.name, at)
        entry = _hold(actor, customer_id, activity_id, at)
        if entry.file_path:
            raise FileThere
        entry.file_name, entry.file_path = put_ending(file.name, form), shelf.place_of(path)
        entry.save(update_fields=["file_name", "file_path"])
        return entry


@transaction.atomic
def take_file(*, actor: Actor, customer_id: int, activity_id: int, at: datetime) -> None:
    """Take the file away from an entry of one's own, within a day.

    :raises Activity.DoesNotExist: there is no such entry for this actor, or no file beside it
    :raises FieldClosed, ActivityKept: as for `put_file`
    """
    entry = _hold(actor, customer_id, activity_id, at)
    if not entry.file_path:
        raise Activity.DoesNotExist
    attached.keep_a_while(entry, at=at)
    entry.file_name = entry.file_path = ""
    entry.save(update_fields=["file_name", "file_path"])


def _hold(actor: Actor, customer_id: int, activity_id: int, at: datetime) -> Activity:
    entry = activities.lock_activity(actor, activity_id)
    if entry.customer_id != customer_id:
        raise Activity.DoesNotExist
    row = {"author_id": entry.author_id, "kind": entry.kind, "created_at": entry.created_at}
    if not activities.may_remove(actor, row, at=at):
        raise activities.ActivityKept(_("Only its author can change the file beside an entry, within a day."))
    return entry
