"""Files of customers, beside entries of the time line and in own fields: taken in by their content, and gone from the
disk when nothing leads to them.

They outlive their entry, or the field's value, for as long as that may come back, from the recycle bin or from history
(`services.sweeping`).
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.core.fields import require_write
from zhike.core.scanning import check_file
from zhike.customers import leading, shelf
from zhike.customers.attached import file_of, folder, size_of
from zhike.customers.guarded import ACTIVITY
from zhike.customers.models import Activity, Customer
from zhike.customers.services.activities import EDIT, Beside, add_activity
from zhike.exchange import allowance
from zhike.exchange.files import thumbnails
from zhike.exchange.files.contents import Form, find_form, put_ending

MOST_BYTES = 20 << 20
PRIVATE = 0o700
PIECE = 1 << 20


class AttachmentTooLarge(DomainError):
    code = "attachment_too_large"
    status = 422

    def __init__(self, name: str) -> None:
        said = _("%(file)s is larger than the %(limit)s MB that one file may have.")
        super().__init__(said % {"file": name, "limit": MOST_BYTES >> 20})


@dataclass(frozen=True, kw_only=True)
class Given:
    """A file as it comes in. name: what people call it."""

    content: IO[bytes]
    name: str


def add_with_file(*, actor: Actor, customer_id: int, kind: str, text: str, file: Given, at: datetime) -> Activity:
    """Write an entry as `add_activity` does, with a file beside it.

    :raises AttachmentTooLarge: over the limit
    :raises zhike.exchange.allowance.UploadAllowanceUsed: over what one may upload in a day
    :raises zhike.exchange.files.contents.FileNotTaken: nothing that is kept with records
    :raises zhike.core.scanning.FileInfected: the virus scanner found something
    :raises zhike.core.scanning.ScannerUnavailable: there is one, and it does not answer
    """
    require(actor, EDIT, record=Customer.objects.visible_to(actor).get(pk=customer_id))
    require_write(actor, ACTIVITY)
    with taken_in(file, customer_id) as (kept, form), transaction.atomic():
        count_upload(actor, kept, file.name, at)
        beside = Beside(name=put_ending(file.name, form), path=shelf.place_of(kept))
        return add_activity(actor=actor, customer_id=customer_id, kind=kind, text=text, file=beside, at=at)


@contextmanager
def taken_in(file: Given, customer_id: int, *, prefix: str = "") -> Iterator[tuple[Path, Form]]:
    """The file on the disk, and what it is; gone again where what follows fails. prefix: of its name there.

    :raises AttachmentTooLarge, FileNotTaken, FileInfected, ScannerUnavailable: as for `add_with_file`
    :raises Customer.DoesNotExist: the customer was erased meanwhile, and the beginning of the file with them
    """
    draft = _store(file, customer_id, prefix)
    try:
        kept, form = _checked(draft, file.name)
        yield kept, form
    except BaseException:
        for left in draft.parent.glob(f"{draft.name}*"):
            left.unlink(missing_ok=True)
        raise


def erase_with_files(customer_id: int) -> int:
    """Take all entries of a customer away, and their files once the transaction is through; how many entries."""
    rows = Activity.objects.filter(customer=customer_id)
    for row in rows.exclude(file_path=""):
        transaction.on_commit(partial(thumbnails.remove, file_of(row)))
    return rows.delete()[0]


def erase_customer(customer_id: int) -> int:
    """Take the record away, and the files of its fields that nothing else leads to, once the transaction is through."""
    rows = Customer.objects.filter(pk=customer_id)
    theirs = {shelf.place_of(path): path for one in rows.only("custom") for path in shelf.paths_in(one.custom)}
    count = rows.delete()[0]
    for place in theirs.keys() - leading.in_fields(theirs):
        transaction.on_commit(partial(thumbnails.remove, theirs[place]))
    return count


def count_upload(actor: Actor, kept: Path, name: str, at: datetime) -> None:
    """Count a file that was taken in against the day's limit of its sender, before any other row is locked.

    :raises zhike.exchange.allowance.UploadAllowanceUsed: it is more than is left
    """
    allowance.take(actor=actor, size=size_of(kept) or 0, name=name, at=at)


def _checked(draft: Path, name: str) -> tuple[Path, Form]:
    try:
        check_file(draft, name=name)
        form = find_form(draft, name=name)
        return draft.rename(draft.with_suffix(form.endings[0])), form
    except FileNotFoundError:
        raise Customer.DoesNotExist from None


def _store(file: Given, customer_id: int, prefix: str) -> Path:
    target, size = folder() / str(customer_id) / f"{prefix}{uuid.uuid4().hex}", 0
    target.parent.mkdir(parents=True, mode=PRIVATE, exist_ok=True)
    try:
        with target.open("wb") as copy:
            while piece := file.content.read(PIECE):
                size += len(piece)
                if size > MOST_BYTES:
                    raise AttachmentTooLarge(file.name)
                copy.write(piece)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target
