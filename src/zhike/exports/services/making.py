"""Writing an export's file: who is in it is settled first, then records are read in pieces and written as they come."""

from array import array
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from zhike.audit.services import record
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.core.lists.operators import Asking
from zhike.core.lists.registry import Column
from zhike.core.lists.state import State, columns_of, read_state
from zhike.exports import formats, grounds, registry
from zhike.exports.formats import csv
from zhike.exports.formats.head import Head
from zhike.exports.marks import Mark
from zhike.exports.models import Export
from zhike.exports.registry import Exportable
from zhike.exports.services import keeping

Status = Export.Status
ATTEMPTS = 5  # at a file while people in it are erased
PIECE = 1_000  # records, as many as an entry of the history names
BEAT = timedelta(seconds=1)
type Clock = Callable[[], datetime]


class ExportCancelled(DomainError):
    code = "export_cancelled"

    def __init__(self) -> None:
        super().__init__(_("The export was cancelled."))


class ExportOutOfHand(DomainError):
    """Somebody took it out of this process's hands: what it read is not to be used."""

    code = "export_out_of_hand"

    def __init__(self) -> None:
        super().__init__(_("The process that made it died."))


class ColumnsGone(DomainError):
    """Nothing of what was asked for is left: the list's first columns are not what is meant."""

    code = "columns_gone"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("None of the chosen columns is there any more, or open to you."))


class ExportTooLarge(DomainError):
    code = "export_too_large"
    status = 422


def make_export(*, actor: Actor, export_id: int, now: Clock, is_awaited: bool = True) -> Export:
    """Carry an export out, as whoever asked and with what they may at this moment.

    is_awaited: somebody looks on; else they are to be told, which `note_told` says was done.

    Nothing is raised for what is wrong with it: the export says so. Where another process has it, nothing happens.
    """
    claimed = Export.objects.filter(pk=export_id, status=Status.WAITING)
    if not claimed.update(status=Status.RUNNING, heartbeat_at=now(), done=0, total=0):
        return Export.objects.get(pk=export_id)
    for _number in range(ATTEMPTS):
        made = Export.objects.get(pk=export_id)
        if made.status != Status.RUNNING:
            return made
        made.done = made.total = 0
        with translation.override(actor.locale):
            if _try(actor, made, now, is_awaited=is_awaited):
                break
    else:
        in_hand = Export.objects.filter(pk=export_id, status=Status.RUNNING)
        beat = None if is_awaited else now()
        in_hand.update(status=Status.FAILED, error=str(ExportOutOfHand()), finished_at=now(), heartbeat_at=beat)
        made.refresh_from_db()
    keeping.make_room(owner_id=made.owner_id)
    return made


def note_told(made: Export) -> None:
    """Everybody concerned knows what became of it."""
    Export.objects.filter(pk=made.pk).update(heartbeat_at=None)


def _try(actor: Actor, made: Export, now: Clock, *, is_awaited: bool) -> bool:
    """Whether it came to an end, and was not taken out of this process's hands before."""
    status, error = Status.FAILED, gettext("The process that made it died.")
    try:
        _carry_out(actor, made, now)
        status, error = Status.DONE, ""
    except ExportCancelled:
        status, error = Status.CANCELLED, ""
    except ExportOutOfHand:
        pass  # `_finish` finds out as well
    except PermissionDenied:
        status, error = Status.REFUSED, gettext("Your role may not export this.")
    except DomainError as refusal:
        status, error = Status.REFUSED, str(refusal)
    except OSError as problem:
        error = gettext("The file could not be written: %(problem)s") % {
            "problem": problem.strerror or type(problem).__name__
        }
    finally:
        made.status, made.error, made.finished_at = status, error[:500], now()
        made.expires_at = made.finished_at + settings.EXPORTS_KEPT if status == Status.DONE else None
        made.heartbeat_at = None if is_awaited else made.finished_at
        is_finished = _finish(made)
        if status != Status.DONE or not is_finished:
            keeping.remove_files(made)
    return is_finished


def _finish(made: Export) -> bool:
    """Write down what became of it, if it is still this process's."""
    told = (
        "status",
        "error",
        "finished_at",
        "expires_at",
        "heartbeat_at",
        "total",
        "done",
        "size",
        "grounds",
        "columns",
    )
    return bool(in_hand(made).update(**{name: getattr(made, name) for name in told}))


def in_hand(made: Export) -> QuerySet[Export]:
    """The export's row as long as nobody took it away since it was read."""
    return Export.objects.filter(pk=made.pk, status=Status.RUNNING, tries=made.tries)


def _carry_out(actor: Actor, made: Export, now: Clock) -> None:
    exportable = registry.get(made.kind)
    require(actor, exportable.permission)
    state = read_state(dict(parse_qsl(made.query, keep_blank_values=True)), of=registry.list_of(exportable))
    columns = _columns(actor, made, exportable, state)
    is_everything = bool(made.grounds.get("is_everything"))
    made.grounds = grounds.take(actor=actor, exportable=exportable, state=state, columns=columns).stored()
    made.grounds["is_everything"] = is_everything
    made.columns = [column.key for column in columns]
    asking = Asking(actor=actor, now=now(), zone=ZoneInfo(actor.zone))
    beat = _Beat(made, now)
    ids = array("q")
    for piece in exportable.list_ids(actor=actor, asking=asking, state=state):
        ids.extend(piece)
        beat()
    ids = array("q", dict.fromkeys(ids))  # the list moves on while it is read
    made.total = len(ids)
    form = formats.FORMATS[made.format]
    if form.most_rows and made.total > form.most_rows:
        raise ExportTooLarge(
            _("%(format)s holds at most %(limit)s records. Filter the list, or choose another format.")
            % {"format": made.get_format_display(), "limit": f"{form.most_rows:,}"}
        )
    keeping.make_folder()
    grounds.write_ids(made.ids_file, ids)
    heads = [Head(key=one.key, label=str(one.label), type=exportable.type_of(one, actor)) for one in columns]
    write: Any = partial(csv.write, has_bom=made.is_marked) if made.format == Export.Format.CSV else form.write
    write(made.file, heads, _rows(actor, made, exportable, columns, ids, beat), _mark(actor, made, exportable, heads))
    made.size = made.file.stat().st_size
    _record(made, exportable)


def _columns(actor: Actor, made: Export, exportable: Exportable, state: State) -> list[Column]:
    """Those that were settled when it was asked for, maybe by a key that may less, as far as they are still open.

    :raises ColumnsGone: none is
    """
    if made.grounds.get("is_everything"):
        found = list(exportable.columns_for(actor).values())
    else:
        found = columns_of(state, of=registry.list_of(exportable), actor=actor)
    if made.format == Export.Format.VCF:
        found = exportable.card_columns(actor, [column.key for column in found])
    found = [column for column in found if column.key in made.columns]
    if not found:
        raise ColumnsGone
    return found


def _rows(
    actor: Actor, made: Export, exportable: Exportable, columns: list[Column], ids: "array[int]", beat: "_Beat"
) -> Iterator[list[Any]]:
    """Whose records these are is in the history before they are in the file."""
    told = {"format": made.format, "columns": made.columns, "export": made.code}
    for start in range(0, len(ids), PIECE):
        piece = exportable.read(actor=actor, ids=ids[start : start + PIECE], columns=columns)
        if piece.ids:
            record(action=exportable.contained, subject=exportable.table, ids=piece.ids, **told)
        yield from piece.rows
        made.done += len(piece.rows)
        beat()


def _mark(actor: Actor, made: Export, exportable: Exportable, heads: list[Head]) -> Mark:
    zone = ZoneInfo(actor.zone)
    at = made.created_at.astimezone(zone)
    lines = (
        (gettext("Export number"), made.code),
        (pgettext("export", "What"), str(exportable.label)),
        (pgettext("export", "By"), actor.name),
        (gettext("When"), f"{at:%Y-%m-%d %H:%M} ({actor.zone})"),
        (gettext("Filter"), made.sentence or gettext("None: all that may be exported")),
        (pgettext("export", "Fields"), ", ".join(head.label for head in heads)),
        (gettext("Records"), f"{made.total:,}"),
        (gettext("Purpose"), made.reason or "—"),
        (
            gettext("Note"),
            gettext("Personal data. Keep it no longer than its purpose asks; the number leads back to who took it."),
        ),
    )
    return Mark(code=made.code, who=actor.name, at=made.created_at, zone=zone, lines=lines)


def _record(made: Export, exportable: Exportable) -> None:
    told: dict[str, Any] = {"format": made.format, "query": made.query, "columns": made.columns, "count": made.done}
    if made.reason:
        told["reason"] = made.reason
    record(action=exportable.permission, export=made.code, size=made.size, **told)


class _Beat:
    """Tells the world how far it is, and is told to stop."""

    def __init__(self, made: Export, now: Clock) -> None:
        self._made, self._now, self._last = made, now, made.created_at

    def __call__(self) -> None:
        at = self._now()
        if at - self._last < BEAT:
            return
        self._last = at
        made = self._made
        if not in_hand(made).update(heartbeat_at=at, done=made.done, total=made.total):
            raise ExportOutOfHand
        if Export.objects.filter(pk=made.pk, is_cancel_requested=True).exists():
            raise ExportCancelled
        if keeping.bytes_of(made) > settings.EXPORTS_LARGEST:
            raise ExportTooLarge(
                _("The file would be larger than %(limit)s MB. Filter the list, or choose fewer columns.")
                % {"limit": settings.EXPORTS_LARGEST >> 20}
            )
