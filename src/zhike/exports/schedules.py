"""Scheduled exports as their page shows them."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from zhike.accounts.models import SavedView
from zhike.core.actor import Actor
from zhike.core.fields import COVERED
from zhike.exports import registry
from zhike.exports.forms import WEEKDAYS
from zhike.exports.models import Export, Schedule


@dataclass(frozen=True, kw_only=True)
class Line:
    """A schedule in one line. when: in words. stopped: why it does not run. last_id: what it made last."""

    schedule: Schedule
    what: str
    who: str
    list: str
    when: str
    stopped: str
    is_mine: bool
    last_id: int | None


def list_schedules(*, actor: Actor) -> list[Line]:
    """One's own, and others' as far as one may see them; those that run first."""
    found = list(Schedule.objects.visible_to(actor).select_related("owner").order_by("next_at", "pk")[:200])
    views = dict(SavedView.objects.filter(pk__in=[one.view_id for one in found]).values_list("pk", "name"))
    made = Export.objects.visible_to(actor).filter(schedule__in=found).order_by("schedule", "-pk")
    last = dict(made.distinct("schedule").values_list("schedule_id", "pk"))
    return [_line(one, actor, views, last.get(one.pk)) for one in found]


def _line(one: Schedule, actor: Actor, views: dict[int, str], last_id: int | None) -> Line:
    exportable = registry.find(one.kind)
    is_mine = one.owner_id == actor.user_id
    follows = views.get(one.view_id, "—") if one.view_id else _("A list as it was then")
    return Line(
        schedule=one,
        what=f"{exportable.label if exportable else one.kind} · {Export.Format(one.format).label}",
        who=str(one.owner),
        list=follows if is_mine else COVERED,
        when=say_when(one),
        stopped=str(Schedule.Stopped(one.stopped).label) if one.stopped else "",
        is_mine=is_mine,
        last_id=last_id,
    )


def say_when(one: Schedule) -> str:
    told = {"time": f"{one.at:%H:%M}", "weekday": str(dict(WEEKDAYS)[one.weekday]), "day": one.day}
    match one.every:
        case Schedule.Every.DAILY:
            return _("Every day at %(time)s") % told
        case Schedule.Every.WEEKLY:
            return _("Every week, %(weekday)s at %(time)s") % told
    return _("Every month on day %(day)s at %(time)s") % told


def list_views(*, actor: Actor, kind: str) -> list[tuple[str, str]]:
    """The actor's saved views of a list, to be followed."""
    mine = SavedView.objects.filter(user_id=actor.user_id or 0, page=kind).order_by("position", "pk")
    return [(str(view.pk), _("The saved view “%(name)s”") % {"name": view.name}) for view in mine]
