"""Activities as entries of the time line."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from zhike.accounts.models import Team, User
from zhike.core import fields
from zhike.core.actor import Actor
from zhike.customers import attached, own_fields
from zhike.customers.attached import Attached
from zhike.customers.guarded import ACTIVITY, ALL_LABELS, key
from zhike.customers.models import Activity, ActivityQuerySet, Customer, Identifier, Relationship
from zhike.customers.services.activities import WRITTEN_KINDS
from zhike.customers.services.changes import Change, read_changes, shown_changes
from zhike.customers.timeline import Entry, Request, Source, behind

SOURCE = "activity"
FILES = "file"


@dataclass(frozen=True, kw_only=True)
class _Face:
    icon: str


_FACES = {
    Activity.Kind.NOTE: _Face(icon="note"),
    Activity.Kind.FOLLOW_UP: _Face(icon="message-2"),
    Activity.Kind.CALL: _Face(icon="phone"),
    Activity.Kind.VISIT: _Face(icon="map-pin"),
    Activity.Kind.MAIL: _Face(icon="mail"),
    Activity.Kind.CHANGE: _Face(icon="pencil"),
}
_CHOICES: Mapping[str, Mapping[str, object]] = {
    "kind": dict(Customer.Kind.choices),
    "relationship": dict(Relationship.choices),
}


def list_pinned(*, actor: Actor, customer_id: int) -> list[Entry]:
    """What people pinned to the top."""
    rows = readable(actor, customer_id).filter(is_pinned=True).select_related("author")
    found = list(rows.order_by("-happened_at", "-pk")[:20])
    return [_entry(row, actor, {}) for row in found]


def readable(actor: Actor, customer_id: int) -> ActivityQuerySet:
    """What the time line tells the actor about a customer whom the caller has found visible."""
    rows = Activity.objects.filter(customer=customer_id)
    return rows if fields.reads(actor, [ACTIVITY]) else rows.filter(kind=Activity.Kind.CHANGE)


def _entries(asked: Request) -> list[Entry]:
    rows = readable(asked.actor, asked.customer_id).filter(behind(asked.before, source=SOURCE, at="happened_at"))
    if asked.kinds == {FILES}:
        rows = rows.exclude(file_path="")
    elif asked.kinds:
        rows = rows.filter(kind__in=asked.kinds)
    found = list(rows.select_related("author").order_by("-happened_at", "-pk")[: asked.limit])
    names = _names([change for row in found if row.kind == Activity.Kind.CHANGE for change in read_changes(row.text)])
    return [_entry(row, asked.actor, names) for row in found]


def _entry(row: Activity, actor: Actor, names: Mapping[tuple[str, str], str]) -> Entry:
    changes = read_changes(row.text) if row.kind == Activity.Kind.CHANGE else []
    return Entry(
        at=row.happened_at,
        source=SOURCE,
        key=row.pk,
        kind=row.kind,
        title=row.get_kind_display(),
        icon=_FACES[Activity.Kind(row.kind)].icon,
        lines=_lines(row, changes, actor, names),
        file=attached.attached_to(row, actor),
        by=str(row.author) if row.author else "",
        is_pinned=row.is_pinned,
        is_own=row.author_id == actor.user_id and not changes,
        is_change=bool(changes),
    )


def get_file(*, actor: Actor, activity_id: int, customer_id: int | None = None) -> tuple[Path, Attached]:
    """Where the file beside an entry lies, and what its reader learns of it. customer_id: whose entry it has to be.

    :raises Activity.DoesNotExist: no such entry for this actor, no file that is still there, or not theirs to look into
    """
    rows = Activity.objects.visible_to(actor).exclude(file_path="")
    entry = rows.get(pk=activity_id, **({"customer_id": customer_id} if customer_id else {}))
    found = attached.attached_to(entry, actor)
    if found is None or found.size is None or not found.is_open:
        raise Activity.DoesNotExist
    return attached.file_of(entry), found


def _lines(row: Activity, changes: list[Change], actor: Actor, names: Mapping[tuple[str, str], str]) -> list[str]:
    if not changes:
        return [fields.shown_within(actor, row.text)]
    seen = shown_changes(actor, changes)
    return [_said(change, names) for change in seen] or [_("Fields that your role does not see")]


def _names(changes: list[Change]) -> dict[tuple[str, str], str]:
    """Owners and teams stand in a change by their ids; here by their names."""
    found: dict[tuple[str, str], str] = {}
    for field, model in (("owner", User), ("team", Team)):
        keys = {key for change in changes if change.field == field for key in (change.before, change.after) if key}
        if keys:
            found |= {
                (field, str(pk)): name
                for pk, name in model._default_manager.filter(pk__in=keys).values_list("pk", "name")
            }
    return found


def _said(change: Change, names: Mapping[tuple[str, str], str]) -> str:
    if change.field == "identifier":
        label = str(Identifier.Kind(change.kind).label)
    elif change.field == "tags":
        label = _("Tags")
    elif own_fields.is_own(change.field):
        field = fields.get(key(change.field))
        return _told(str(field.label), *own_fields.said_change(field.name, change.before, change.after))
    else:
        label = str(ALL_LABELS[change.field])
    before, after = (_value(change.field, value, names) for value in (change.before, change.after))
    return _told(label, before, after)


def _told(label: str, before: str, after: str) -> str:
    if not before:
        return _("%(field)s: %(after)s added") % {"field": label, "after": after}
    if not after:
        return _("%(field)s: %(before)s removed") % {"field": label, "before": before}
    return _("%(field)s: %(before)s → %(after)s") % {"field": label, "before": before, "after": after}


def _value(field: str, value: str, names: Mapping[tuple[str, str], str]) -> str:
    if field in ("owner", "team"):
        return names.get((field, value), value)
    if field == "tags":
        return "、".join(value.split("\n")) if value else ""
    return str(_CHOICES.get(field, {}).get(value, value))


def source() -> Source:
    """Activities as the time line's own source."""
    return Source(
        key=SOURCE,
        kinds=[*Activity.Kind.choices, (FILES, gettext_lazy("With a file"))],
        permission=Activity.objects.all().view_permission,
        entries=_entries,
        reads=dict.fromkeys((*WRITTEN_KINDS, FILES), ACTIVITY),
    )
