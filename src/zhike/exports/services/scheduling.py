"""Exports that come again by themselves."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.utils.translation import gettext_lazy as _

from zhike.accounts.models import SavedView
from zhike.core.access import require
from zhike.core.acting import acting
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.core.lists.grammar import FilterInvalid
from zhike.exports import telling
from zhike.exports.models import Export, Schedule
from zhike.exports.rhythm import Rhythm
from zhike.exports.selectors import find_actor
from zhike.exports.services import making, starting
from zhike.exports.services.starting import Wanted

MOST = 10  # of one person
AT_ONCE = 100
Stopped = Schedule.Stopped
# What no schedule is known to raise: none of them is to keep the others waiting.
UNFORESEEN = (ArithmeticError, DatabaseError, DomainError, LookupError, TypeError, ValueError)
logger = logging.getLogger("zhike.exports")


class ScheduleRefused(DomainError):
    code = "schedule_refused"
    status = 422


class ViewGone(DomainError):
    code = "view_gone"

    def __init__(self) -> None:
        super().__init__(_("The saved view is gone."))


@dataclass(frozen=True, kw_only=True)
class Draft:
    """view_id: the saved view to follow instead of `wanted.query`."""

    name: str
    wanted: Wanted
    rhythm: Rhythm
    view_id: int | None = None
    share_with: tuple[int, ...] = ()


@transaction.atomic
def create_schedule(*, actor: Actor, draft: Draft, at: datetime) -> Schedule:
    """Let an export come again. What it would hold is looked at as for one that is made now.

    :raises PermissionDenied, zhike.core.lists.grammar.FilterInvalid, starting.KindUnknown: as `starting.settle`
    :raises ScheduleRefused: it has no name, or there are too many
    :raises starting.ReasonMissing: a sensitive field would leave in full, and nobody says why
    :raises ViewGone: the view is not the actor's
    """
    if actor.user_id is None:
        raise PermissionDenied
    name = " ".join(draft.name.replace("\0", "").split())
    if not name or len(name) > 60:
        raise ScheduleRefused(_("Give it a name of at most 60 characters."))
    if Schedule.objects.filter(owner_id=actor.user_id).count() >= MOST:
        raise ScheduleRefused(_("You have %(count)s scheduled exports already. Remove one first.") % {"count": MOST})
    wanted = draft.wanted
    query = query_of_view(actor=actor, kind=wanted.kind, view_id=draft.view_id) if draft.view_id else wanted.query
    starting.check(actor=actor, wanted=Wanted(**{**vars(wanted), "query": query}))
    return Schedule.objects.create(
        name=name,
        kind=wanted.kind,
        format=wanted.format,
        query=query,
        view_id=draft.view_id,
        is_everything=wanted.is_everything,
        is_marked=wanted.is_marked,
        reason=starting.plain(wanted.reason),
        share_with=sorted({*draft.share_with} - {actor.user_id}),
        every=draft.rhythm.every,
        weekday=draft.rhythm.weekday,
        day=draft.rhythm.day,
        at=draft.rhythm.at,
        owner_id=actor.user_id,
        team_id=actor.team_id,
        next_at=draft.rhythm.next_after(at, zone=actor.zone),
        created_at=at,
    )


def query_of_view(*, actor: Actor, kind: str, view_id: int) -> str:
    """:raises ViewGone: there is none, or it is none of theirs"""
    view = SavedView.objects.filter(pk=view_id, user_id=actor.user_id or 0, page=kind).first()
    if view is None:
        raise ViewGone
    return view.query


@transaction.atomic
def pause_schedule(*, actor: Actor, schedule_id: int) -> Schedule:
    """:raises Schedule.DoesNotExist: there is none, or it is somebody else's"""
    found = _own(actor, schedule_id)
    found.next_at, found.stopped = None, found.stopped or Stopped.BY_HAND
    found.save(update_fields=["next_at", "stopped"])
    return found


@transaction.atomic
def resume_schedule(*, actor: Actor, schedule_id: int, at: datetime) -> Schedule:
    """Go on, if it could be made now.

    :raises Schedule.DoesNotExist: there is none, or it is somebody else's
    :raises PermissionDenied, ViewGone, zhike.core.lists.grammar.FilterInvalid: what stopped it still holds
    """
    found = _own(actor, schedule_id)
    require(actor, starting.permission_of(found.kind))
    starting.check(actor=actor, wanted=wanted_of(actor, found))
    found.next_at, found.stopped = found.rhythm.next_after(at, zone=actor.zone), ""
    found.save(update_fields=["next_at", "stopped"])
    return found


@transaction.atomic
def delete_schedule(*, actor: Actor, schedule_id: int) -> None:
    """What it made stays. :raises Schedule.DoesNotExist: there is none, or it is somebody else's"""
    _own(actor, schedule_id).delete()


def run_due(*, at: datetime) -> int:
    """Begin what is due; for the system. What was due while nothing ran is made up for once. How many began."""
    due = list(Schedule.objects.filter(next_at__lte=at).order_by("next_at", "pk").values_list("pk", flat=True))
    count = 0
    for schedule_id in due:
        if count < AT_ONCE:
            count += _begin(schedule_id, at)
    return count


def _begin(schedule_id: int, at: datetime) -> bool:
    try:
        return _run(schedule_id, at)
    except UNFORESEEN:
        logger.exception("Scheduled export %s cannot be made and is stopped", schedule_id)
    with transaction.atomic():
        found = Schedule.objects.select_for_update(skip_locked=True).filter(pk=schedule_id, next_at__lte=at).first()
        return _stop(found, Stopped.LIST_CHANGED, at) if found else False


@transaction.atomic
def _run(schedule_id: int, at: datetime) -> bool:
    found = Schedule.objects.select_for_update(skip_locked=True).filter(pk=schedule_id, next_at__lte=at).first()
    if found is None:
        return False
    actor = find_actor(found.owner_id)
    if actor is None:
        return _stop(found, Stopped.ACCOUNT, at)
    try:
        with acting(actor, origin="task"), transaction.atomic():
            made = starting.prepare_export(actor=actor, wanted=wanted_of(actor, found), at=at, schedule_id=found.pk)
    except PermissionDenied:
        return _stop(found, Stopped.RIGHTS, at)
    except ViewGone:
        return _stop(found, Stopped.VIEW_GONE, at)
    except (FilterInvalid, making.ColumnsGone, starting.KindUnknown, starting.ReasonMissing):
        return _stop(found, Stopped.LIST_CHANGED, at)
    except starting.TooManyOpen:
        return False  # its turn comes when one of them is done
    except starting.ExportsFull as refusal:
        telling.tell(found.owner_id, "export_skipped", {"name": found.name, "why": str(refusal)}, at=at)
        _go_on(found, actor, at)
        return False
    starting.queue(made, at=at)
    _go_on(found, actor, at)
    return True


def wanted_of(actor: Actor, schedule: Schedule) -> Wanted:
    """What it exports by now. :raises ViewGone: the view that it follows is gone"""
    view = schedule.view_id
    query = query_of_view(actor=actor, kind=schedule.kind, view_id=view) if view else schedule.query
    return Wanted(
        kind=schedule.kind,
        format=schedule.format,
        query=query,
        is_everything=schedule.is_everything,
        is_marked=schedule.is_marked,
        reason=schedule.reason,
    )


def _go_on(schedule: Schedule, actor: Actor, at: datetime) -> None:
    schedule.next_at = schedule.rhythm.next_after(at, zone=actor.zone)
    schedule.save(update_fields=["next_at"])


def _stop(schedule: Schedule, why: str, at: datetime) -> bool:
    schedule.next_at, schedule.stopped = None, why
    schedule.save(update_fields=["next_at", "stopped"])
    telling.tell(schedule.owner_id, "export_stopped", {"name": schedule.name, "why": why}, at=at)
    return False


def list_willing(export: Export) -> Iterable[Actor]:
    """Colleagues who are to get what a schedule made, as they may act by now."""
    if export.schedule is None:
        return []
    return [one for one in map(find_actor, export.schedule.share_with) if one is not None]


def _own(actor: Actor, schedule_id: int) -> Schedule:
    return Schedule.objects.select_for_update().get(pk=schedule_id, owner_id=actor.user_id or 0)
