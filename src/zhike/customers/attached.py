"""The file beside an entry of the time line, as pages show it."""

import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist

from zhike.core import fields
from zhike.core.actor import Actor
from zhike.customers.guarded import ACTIVITY, IDENTIFIER_KEYS
from zhike.customers.models import Activity, Identifier
from zhike.exchange.files.contents import FORMS, Form

FOLDER = "attached"
FORM_BY_ENDING = {form.endings[0]: form for form in FORMS.values()}


class FileGone(ObjectDoesNotExist):
    """A file was removed while somebody asked for it."""


@dataclass(frozen=True, kw_only=True)
class Attached:
    """activity_id: of its entry. size: in bytes; None once it is no longer there. is_open: its reader may look in."""

    activity_id: int
    name: str
    form: Form
    size: int | None
    is_open: bool


def folder() -> Path:
    return Path(settings.HOME.files_dir) / FOLDER


def file_of(activity: Activity) -> Path:
    return Path(settings.HOME.files_dir) / activity.file_path


def keep_a_while(activity: Activity, *, at: datetime) -> None:
    """An entry goes that may come back from history: its file stays, for the days of `services.attaching` from now."""
    if activity.file_path:
        begin_anew(file_of(activity), at=at)


def begin_anew(path: Path, *, at: datetime) -> None:
    """The days for which a file stays that nothing leads to are counted from now, if it is still there."""
    with suppress(FileNotFoundError):
        os.utime(path, (at.timestamp(), at.timestamp()))


def size_of(path: Path) -> int | None:
    """In bytes; None once the file is no longer there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def opened(path: Path) -> BinaryIO:
    """:raises FileGone: it is no longer there"""
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise FileGone from None


def attached_to(activity: Activity, actor: Actor) -> Attached | None:
    """What the reader of an entry learns of its file."""
    if not activity.file_path:
        return None
    path = file_of(activity)
    return Attached(
        activity_id=activity.pk,
        name=fields.shown_within(actor, activity.file_name),
        form=FORM_BY_ENDING[path.suffix],
        size=size_of(path),
        is_open=may_open(actor, activity),
    )


def may_open(actor: Actor, activity: Activity) -> bool:
    """Whether the actor may look into the file of an entry that they see. Nothing within it can be masked, so it opens
    to its author and to who reads phone numbers and addresses in full.
    """
    open_to_all = [ACTIVITY, *(IDENTIFIER_KEYS[kind] for kind in (Identifier.Kind.PHONE, Identifier.Kind.EMAIL))]
    is_own = actor.user_id is not None and activity.author_id == actor.user_id
    return fields.reads(actor, [ACTIVITY] if is_own else open_to_all)
