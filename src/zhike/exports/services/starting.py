"""Asking for an export: what it holds is settled here, small ones are made at once, large ones in the background."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app

from zhike.core import fields
from zhike.core.access import require
from zhike.core.actor import Actor, Sight
from zhike.core.errors import DomainError
from zhike.core.fields import Care
from zhike.core.lists.conditions import compile_tree, describe
from zhike.core.lists.operators import Asking
from zhike.core.lists.registry import Column
from zhike.core.lists.state import State, columns_of, order_of, read_state
from zhike.core.text import joining
from zhike.exports import grounds, registry
from zhike.exports.marks import new_code
from zhike.exports.models import Export
from zhike.exports.registry import Exportable
from zhike.exports.services import keeping, making

MOST_OPEN = 3  # of one person at a time
AT_ONCE = 2_000  # records that somebody waits for
LONGEST_QUERY = 8_000
TASK = "exports.make_export"
OPEN = (Export.Status.WAITING, Export.Status.RUNNING)


class TooManyOpen(DomainError):
    code = "too_many_exports"
    status = 429

    def __init__(self) -> None:
        super().__init__(
            _("%(count)s of your exports are still being made. Wait for one of them.") % {"count": MOST_OPEN}
        )


class ExportsFull(DomainError):
    code = "exports_full"
    status = 507

    def __init__(self) -> None:
        super().__init__(
            _("There is no more room for exports. Remove some that nobody needs, or ask an administrator.")
        )


class ReasonMissing(DomainError):
    code = "reason_missing"
    status = 422

    def __init__(self, names: str) -> None:
        super().__init__(
            _("The file would hold sensitive fields in full (%(fields)s): say what it is for.") % {"fields": names}
        )


class KindUnknown(DomainError):
    code = "export_kind_unknown"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("Nothing of that name can be exported."))


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """kind: a key of the registry. query: the list's address. is_everything: every field the actor may take along, not
    only the list's columns. is_marked: CSV with the mark that Excel needs."""

    kind: str
    format: str
    query: str = ""
    is_everything: bool = False
    is_marked: bool = True
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What an export will hold, for the actor at this moment."""

    exportable: Exportable
    state: State
    columns: list[Column]
    sensitive: list[str]


def settle(*, actor: Actor, wanted: Wanted) -> Settled:
    """
    :raises PermissionDenied: the actor may not export such records
    :raises zhike.core.lists.grammar.FilterInvalid: the list's address makes no sense
    :raises KindUnknown: nothing of that name can be exported
    """
    exportable = registry.find(wanted.kind)
    if exportable is None or wanted.format not in Export.Format.values:
        raise KindUnknown
    require(actor, exportable.permission)
    state = state_of(exportable, wanted.query)
    columns = columns_for(actor=actor, exportable=exportable, state=state, wanted=wanted)
    return Settled(exportable=exportable, state=state, columns=columns, sensitive=_sensitive(actor, columns))


def state_of(exportable: Exportable, query: str) -> State:
    return read_state(dict(parse_qsl(query[:LONGEST_QUERY], keep_blank_values=True)), of=registry.list_of(exportable))


def columns_for(*, actor: Actor, exportable: Exportable, state: State, wanted: Wanted) -> list[Column]:
    """The columns of the list as chosen, or all that there is; of contacts only what fits into one."""
    if wanted.is_everything:
        found = list(exportable.columns_for(actor).values())
    else:
        found = columns_of(state, of=registry.list_of(exportable), actor=actor)
    if wanted.format == Export.Format.VCF:
        return exportable.card_columns(actor, [column.key for column in found])
    return found


def _sensitive(actor: Actor, columns: list[Column]) -> list[str]:
    """Labels of sensitive fields that would leave in full."""
    keys = {key for column in columns for key in column.reads.values()}
    known = [fields.get(key) for key in sorted(keys)]
    return [
        str(one.label) for one in known if one.care is Care.SENSITIVE and fields.sight(actor, one.key) >= Sight.READ
    ]


def asking_of(actor: Actor, at: datetime) -> Asking:
    return Asking(actor=actor, now=at, zone=ZoneInfo(actor.zone))


def is_small(*, actor: Actor, settled: Settled, at: datetime) -> bool:
    """Whether the list is short enough to be waited for."""
    count = 0
    asking = asking_of(actor, at)
    for ids in settled.exportable.list_ids(actor=actor, asking=asking, state=settled.state):
        count += len(ids)
        if count > AT_ONCE:
            return False
    return True


def start_export(*, actor: Actor, wanted: Wanted, at: datetime) -> Export:
    """Make an export: at once where it is small, else in the background.

    :raises PermissionDenied, zhike.core.lists.grammar.FilterInvalid, KindUnknown: as `settle`
    :raises ReasonMissing, TooManyOpen, ExportsFull: as `prepare_export`
    """
    settled = settle(actor=actor, wanted=wanted)
    is_at_once = is_small(actor=actor, settled=settled, at=at)
    with transaction.atomic():
        made = prepare_export(actor=actor, wanted=wanted, at=at)
        if not is_at_once:
            queue(made, at=at)
    if is_at_once:
        making.make_export(actor=actor, export_id=made.pk, now=lambda: at)
        made.refresh_from_db()
    return made


def prepare_export(*, actor: Actor, wanted: Wanted, at: datetime, schedule_id: int | None = None) -> Export:
    """Write down what is wanted, to be made next. schedule_id: of what asked for it.

    :raises PermissionDenied, zhike.core.lists.grammar.FilterInvalid, KindUnknown: as `settle`
    :raises ReasonMissing: a sensitive field would leave in full, and nobody says why
    :raises TooManyOpen: the actor waits for enough others
    :raises ExportsFull: the files of all exports take as much room as they may
    """
    settled = check(actor=actor, wanted=wanted)
    _find_room(actor)
    held = grounds.take(actor=actor, exportable=settled.exportable, state=settled.state, columns=settled.columns)
    with translation.override(actor.locale):
        sentence = sentence_of(actor=actor, settled=settled, at=at)
    return Export.objects.create(
        code=new_code(),
        kind=wanted.kind,
        format=wanted.format,
        query=query_of(settled.state, wanted),
        sentence=sentence,
        columns=[column.key for column in settled.columns],
        grounds={**held.stored(), "is_everything": wanted.is_everything},
        reason=plain(wanted.reason),
        is_marked=wanted.is_marked,
        owner_id=actor.user_id,
        team_id=actor.team_id,
        schedule_id=schedule_id,
        created_at=at,
    )


def check(*, actor: Actor, wanted: Wanted) -> Settled:
    """What an export would hold, if nothing is missing.

    :raises PermissionDenied, zhike.core.lists.grammar.FilterInvalid, KindUnknown: as `settle`
    :raises making.ColumnsGone: none of the columns of the list's address is open
    :raises ReasonMissing: a sensitive field would leave in full, and nobody says why
    """
    settled = settle(actor=actor, wanted=wanted)
    chosen = {*filter(None, dict(parse_qsl(wanted.query)).get("cols", "").split(","))}
    is_listed = not wanted.is_everything and wanted.format != Export.Format.VCF
    if is_listed and chosen and chosen.isdisjoint(column.key for column in settled.columns):
        raise making.ColumnsGone
    if settled.sensitive and len(plain(wanted.reason)) < 2:
        raise ReasonMissing(" / ".join(settled.sensitive))
    # A filter or an order over what is not there, or not read, is refused before anything is written down.
    at = datetime.now(UTC)
    sentence_of(actor=actor, settled=settled, at=at)
    compile_tree(settled.state.tree, of=registry.list_of(settled.exportable), asking=asking_of(actor, at))
    order_of(settled.state, of=registry.list_of(settled.exportable), actor=actor)
    return settled


def plain(reason: str) -> str:
    return " ".join(reason.replace("\0", "").split())[:500]


def permission_of(kind: str) -> str:
    """:raises KindUnknown: nothing of that name can be exported"""
    exportable = registry.find(kind)
    if exportable is None:
        raise KindUnknown
    return exportable.permission


def queue(made: Export, *, at: datetime) -> None:
    Export.objects.filter(pk=made.pk).update(heartbeat_at=at)
    app.configure_task(TASK, allow_unknown=False).defer(export_id=made.pk)


def query_of(state: State, wanted: Wanted) -> str:
    """The list again; of everything its columns say nothing."""
    return replace(state, columns=()).query() if wanted.is_everything else state.query()


def sentence_of(*, actor: Actor, settled: Settled, at: datetime) -> str:
    """What the list was narrowed to, in words; empty for all of it."""
    clauses = describe(settled.state.tree, of=registry.list_of(settled.exportable), asking=asking_of(actor, at))
    said = [clause.sentence for clause in clauses]
    if settled.state.search:
        said.insert(0, gettext("Found by “%(search)s”") % {"search": settled.state.search})
    return joining.clauses(said)


def _find_room(actor: Actor) -> None:
    mine = Export.objects.filter(owner_id=actor.user_id, status__in=OPEN)
    if actor.user_id is not None and mine.count() >= MOST_OPEN:
        raise TooManyOpen
    if keeping.kept_bytes() >= settings.EXPORTS_BYTES:
        raise ExportsFull
