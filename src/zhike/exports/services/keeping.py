"""Where files of exports lie, how many, and for how long."""

import shutil
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from zhike.audit.services import record
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.exports import grounds, registry, telling
from zhike.exports.models import Export, exports_dir

PRIVATE = 0o700
MOST_KEPT = 50  # files of one person; beyond, the oldest go
STRAY = timedelta(hours=1)  # how old a file has to be that belongs to nothing: its export may not be committed yet
Status = Export.Status
OPEN = (Status.WAITING, Status.RUNNING)


class ExportNotThere(DomainError):
    """There is no file, or none any more."""

    code = "export_not_there"
    status = 410

    def __init__(self) -> None:
        super().__init__(_("The file is not there any more. Export the list anew."))


class ExportFailed(DomainError):
    code = "export_failed"
    status = 422


class NotYours(DomainError):
    code = "export_not_yours"
    status = 403

    def __init__(self) -> None:
        super().__init__(_("Only who made an export can do this."))


class ShareRefused(DomainError):
    code = "share_refused"
    status = 422


def make_folder() -> None:
    exports_dir().mkdir(mode=PRIVATE, parents=True, exist_ok=True)


def remove_files(export: Export) -> None:
    export.file.unlink(missing_ok=True)
    export.ids_file.unlink(missing_ok=True)
    shutil.rmtree(export.work_dir, ignore_errors=True)


def kept_bytes() -> int:
    """What all files take."""
    return _bytes_of(exports_dir().rglob("*"))


def bytes_of(export: Export) -> int:
    """What one takes while it is made, with what is put down meanwhile."""
    return _bytes_of([export.file, *export.work_dir.glob("*")])


def _bytes_of(paths: Iterable[Path]) -> int:
    size = 0
    for path in paths:
        with suppress(FileNotFoundError):  # others take files away meanwhile
            size += path.stat().st_size
    return size


@transaction.atomic
def take_file(*, actor: Actor, export_id: int) -> Export:
    """Hand the file out: to its maker, or to a colleague with whom it is shared; each as long as they see all of it.

    :raises Export.DoesNotExist: there is none, or it is nothing to this actor
    :raises NotYours: the actor may know of it, not take it
    :raises zhike.exports.grounds.ExportClosed: they could not make it themselves by now
    :raises ExportNotThere: the file is gone, or not there yet
    """
    export = Export.objects.visible_to(actor).get(pk=export_id)
    is_maker = export.owner_id == actor.user_id
    if not is_maker and actor.user_id not in export.shared_with:
        raise NotYours
    if export.status != Status.DONE or not export.file.exists():
        raise ExportNotThere
    grounds.require_access(actor=actor, export=export)
    if not is_maker and not has_taken(export, actor):
        # Who has whose data is to be known of colleagues too.
        exportable = registry.get(export.kind)
        told = {"format": export.format, "columns": export.columns, "export": export.code}
        for ids in grounds.read_ids(export.ids_file):
            for start in range(0, len(ids), 1_000):
                record(action=exportable.contained, subject=exportable.table, ids=ids[start : start + 1_000], **told)
    record(action="exports.download", subject=Export._meta.db_table, ids=[export.pk], export=export.code)
    note_taken(export=export, actor=actor)
    return export


def note_taken(*, export: Export, actor: Actor) -> None:
    """Count that somebody has the file."""
    taken_by = sorted({*export.taken_by, *([actor.user_id] if actor.user_id else [])})
    Export.objects.filter(pk=export.pk).update(download_count=F("download_count") + 1, taken_by=taken_by)


def require_made(export: Export) -> None:
    """:raises ExportFailed: it was to be made at once, and came to nothing"""
    if export.status != Status.DONE:
        raise ExportFailed(export.error)


def has_taken(export: Export, actor: Actor) -> bool:
    return actor.user_id in export.taken_by


@transaction.atomic
def cancel_export(*, actor: Actor, export_id: int, at: datetime) -> Export:
    """Stop one that is being made; nothing of it stays.

    :raises Export.DoesNotExist, NotYours: it is not the actor's
    """
    export = _own(actor, export_id)
    if export.status == Status.WAITING:
        export.status, export.finished_at = Status.CANCELLED, at
    elif export.status == Status.RUNNING:
        export.is_cancel_requested = True
    export.save(update_fields=["status", "finished_at", "is_cancel_requested"])
    return export


@transaction.atomic
def remove_export(*, actor: Actor, export_id: int, at: datetime) -> Export:
    """Take the file away; that it was made stays known.

    :raises Export.DoesNotExist, NotYours: it is not the actor's
    """
    export = _own(actor, export_id)
    if export.status == Status.DONE:
        remove_for_good(export)
        record(action="exports.remove", subject=Export._meta.db_table, ids=[export.pk], export=export.code)
    return export


@transaction.atomic
def share_export(*, actor: Actor, export_id: int, colleague: Actor, at: datetime) -> Export:
    """Let a colleague take the file who could make it themselves, and tell them.

    :raises Export.DoesNotExist, NotYours: it is not the actor's
    :raises ExportNotThere: there is no file
    :raises ShareRefused: the colleague could not make it
    """
    export = _own(actor, export_id)
    if export.status != Status.DONE:
        raise ExportNotThere
    if colleague.user_id is None or colleague.user_id == actor.user_id:
        raise ShareRefused(_("Choose a colleague."))
    try:
        grounds.require_access(actor=colleague, export=export)
    except grounds.ExportClosed:
        raise ShareRefused(
            _("%(name)s could not make this export themselves: the file holds records or fields they do not see.")
            % {"name": colleague.name}
        ) from None
    if colleague.user_id in export.shared_with:
        return export
    export.shared_with = sorted({*export.shared_with, colleague.user_id})
    export.save(update_fields=["shared_with"])
    told = {"export": export.code, "user": colleague.user_id}
    record(action="exports.share", subject=Export._meta.db_table, ids=[export.pk], **told)
    telling.tell_of_share(export, user_id=colleague.user_id, who=actor.name, at=at)
    return export


@transaction.atomic
def unshare_export(*, actor: Actor, export_id: int, user_id: int) -> Export:
    """:raises Export.DoesNotExist, NotYours: it is not the actor's"""
    export = _own(actor, export_id)
    if user_id in export.shared_with:
        export.shared_with = [one for one in export.shared_with if one != user_id]
        export.save(update_fields=["shared_with"])
        told = {"export": export.code, "user": user_id}
        record(action="exports.unshare", subject=Export._meta.db_table, ids=[export.pk], **told)
    return export


def remove_expired(*, at: datetime) -> int:
    """Take away what was kept long enough, and files that belong to nothing; for the system. How many files."""
    count = 0
    for export in Export.objects.filter(status=Status.DONE, expires_at__lte=at).order_by("pk"):
        remove_for_good(export)
        count += 1
    there = list(exports_dir().glob("*"))  # before it is asked what is alive, so that none has begun since
    alive = set(Export.objects.filter(status__in=[Status.DONE, *OPEN]).values_list("code", flat=True))
    for path in there:
        if path.stem not in alive:
            _remove_stray(path, at)
    return count


def _remove_stray(path: Path, at: datetime) -> None:
    with suppress(FileNotFoundError):
        if datetime.fromtimestamp(path.stat().st_mtime, tz=UTC) > at - STRAY:
            return
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def has_room(actor: Actor) -> bool:
    """Whether one more file of this actor's takes none away."""
    return Export.objects.filter(owner_id=actor.user_id, status=Status.DONE).count() < MOST_KEPT


def make_room(*, owner_id: int | None) -> None:
    """Let the oldest files of somebody go where there are too many."""
    kept = Export.objects.filter(owner_id=owner_id, status=Status.DONE).order_by("-created_at", "-pk")
    for export in kept[MOST_KEPT:]:
        remove_for_good(export)


def remove_for_good(export: Export) -> None:
    remove_files(export)
    export.status, export.shared_with = Status.REMOVED, []
    export.save(update_fields=["status", "shared_with"])


def _own(actor: Actor, export_id: int) -> Export:
    export = Export.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=export_id)
    if export.owner_id != actor.user_id:
        raise NotYours
    return export
