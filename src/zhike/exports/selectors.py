"""Exports as pages and the API show them."""

from dataclasses import dataclass
from typing import Any

from zhike.accounts.actors import actor_of, load_user
from zhike.accounts.models import User
from zhike.core.actor import Actor
from zhike.core.fields import COVERED
from zhike.core.paging import Page, Rows
from zhike.exports import grounds, registry
from zhike.exports.marks import find_codes
from zhike.exports.models import Export
from zhike.exports.permissions import VIEW
from zhike.exports.services.keeping import OPEN
from zhike.ui.badges import Tone

Status = Export.Status
MOST_COLLEAGUES = 200
MARKS: dict[str, tuple[str, Tone]] = {
    Status.WAITING: ("clock", "plain"),
    Status.RUNNING: ("loader", "info"),
    Status.DONE: ("circle-check", "good"),
    Status.CANCELLED: ("circle-off", "plain"),
    Status.REFUSED: ("ban", "bad"),
    Status.FAILED: ("alert-circle", "bad"),
    Status.REMOVED: ("trash", "plain"),
}


@dataclass(frozen=True, kw_only=True)
class Outline:
    """An export in one line. sentence: its filter, covered where it tells of what the reader does not see.

    error: why it came to nothing, likewise. is_mine: made by the reader. may_take: made by or shared with the reader,
    and there.
    """

    export: Export
    what: str
    who: str
    format: str
    sentence: str
    error: str
    state: str
    icon: str
    tone: Tone
    is_mine: bool
    is_open: bool
    may_take: bool

    @classmethod
    def of(cls, export: Export, *, actor: Actor) -> "Outline":
        exportable = registry.find(export.kind)
        is_mine = export.owner_id == actor.user_id
        icon, tone = MARKS[export.status]
        may_read = grounds.reads_filter(actor, export)
        return cls(
            export=export,
            what=str(exportable.label) if exportable else export.kind,
            who=str(export.owner) if export.owner else "",
            format=str(Export.Format(export.format).label),
            sentence=export.sentence if not export.sentence or may_read else COVERED,
            error=export.error if not export.error or may_read else COVERED,
            state=str(Status(export.status).label),
            icon=icon,
            tone=tone,
            is_mine=is_mine,
            is_open=export.status in OPEN,
            may_take=export.status == Status.DONE and (is_mine or actor.user_id in export.shared_with),
        )


def may_see_any(actor: Actor) -> bool:
    """Whether the page of exports is anything to this actor."""
    return actor.may(VIEW) or bool(registry.list_exportables(actor))


def list_exports(*, actor: Actor, page: Page, traced: str = "") -> Rows[Outline]:
    """One's own, those shared with one, and of others as far as one may see them; the latest first.

    traced: a number of an export, or anything that holds some: only these.
    """
    rows = Export.objects.visible_to(actor).select_related("owner")
    if traced:
        rows = rows.filter(code__in=find_codes(traced))
    found = page.of(rows, by=("-created_at", "-pk"))
    return Rows(items=[Outline.of(one, actor=actor) for one in found.items], next_cursor=found.next_cursor)


def get_export(*, actor: Actor, export_id: int) -> Export:
    """:raises Export.DoesNotExist: missing, or nothing to the actor"""
    return Export.objects.visible_to(actor).select_related("owner").get(pk=export_id)


def list_labels(export: Export) -> list[str]:
    """What the columns are called."""
    exportable = registry.find(export.kind)
    known: dict[str, Any] = dict(registry.list_of(exportable).columns) if exportable else {}
    return [str(known[key].label) if key in known else key for key in export.columns]


def list_people(ids: list[int]) -> list[tuple[int, str]]:
    return [(user.pk, str(user)) for user in User.objects.filter(pk__in=ids).order_by("name")]


def list_colleagues(actor: Actor) -> list[tuple[str, str]]:
    """People a file may be shared with, if they could make it; which is asked when one is chosen."""
    people = User.objects.filter(is_active=True, kind=User.Kind.PERSON).exclude(pk=actor.user_id or 0)
    return [(str(user.pk), str(user)) for user in people.order_by("name")[:MOST_COLLEAGUES]]


def find_actor(user_id: int) -> Actor | None:
    """Somebody as they may act now; nobody where they may not even log in."""
    user = load_user(user_id=user_id)
    return actor_of(user) if user else None


def find_maker(user_id: int) -> Actor | None:
    """Likewise of whoever asked for an export, which may be a service account."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    return actor_of(user) if user else None
