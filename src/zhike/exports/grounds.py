"""What somebody saw when an export was made, and whether whoever takes it sees as much."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhike.core import fields
from zhike.core.actor import Actor, Reach, Sight
from zhike.core.errors import DomainError
from zhike.core.fields import FieldUndeclared
from zhike.core.lists.grammar import Condition, Group
from zhike.core.lists.registry import Column
from zhike.core.lists.state import State, order_of
from zhike.exports import registry
from zhike.exports.models import Export
from zhike.exports.registry import Exportable

ID_BYTES = 8
AT_ONCE = 20_000


class ExportClosed(DomainError):
    """Whoever asks no longer sees, or does not see, all that the file holds."""

    code = "export_closed"
    status = 403


@dataclass(frozen=True, kw_only=True)
class Grounds:
    """permissions: all of them held. reaches: of those that cells and filter ask for besides, what each reached.
    sights: field to how much of it was seen. searched: fields that a search looked into."""

    permissions: tuple[str, ...]
    reaches: dict[str, Reach]
    sights: dict[str, int]
    searched: tuple[str, ...] = ()

    def stored(self) -> dict[str, Any]:
        return {
            "permissions": list(self.permissions),
            "reaches": {code: asdict(reach) for code, reach in self.reaches.items()},
            "fields": self.sights,
            "searched": list(self.searched),
        }


def take(*, actor: Actor, exportable: Exportable, state: State, columns: Iterable[Column]) -> Grounds:
    """What the actor sees of what a file of these columns tells: by its cells, its search, filter and order."""
    spec = registry.list_of(exportable)
    columns = list(columns)
    asked = [spec.fields[key] for key in sorted(_asked(state.tree)) if key in spec.fields]
    sort, _is_descending = order_of(state, of=spec, actor=actor)
    keys = {key for column in columns for key in column.reads.values()}
    keys |= {key for field in asked for key in field.reads} | {*sort.reads}
    searched = exportable.searched if state.search else ()
    own = {exportable.permission, exportable.view_permission}
    besides = {column.permission for column in columns} | {field.permission for field in asked}
    besides -= {"", *own}
    return Grounds(
        permissions=tuple(sorted(own | besides)),
        reaches={code: actor.reach_of(code) for code in sorted(besides)},
        # Who may change a field sees no more of it than who reads it.
        sights={key: min(int(fields.sight(actor, key)), int(Sight.READ)) for key in sorted({*keys, *searched})},
        searched=tuple(searched),
    )


def _asked(group: Group) -> set[str]:
    return {key for item in group.items for key in ([item.field] if isinstance(item, Condition) else _asked(item))}


def reads_filter(actor: Actor, export: Export) -> bool:
    """Whether the actor may be told what an export was filtered by.

    What somebody searched for may stand in any of the fields, also in those of which they saw less themselves.
    """
    if export.owner_id == actor.user_id:
        return True
    held = export.grounds
    return "fields" in held and _closed_field(actor, export) is None and fields.reads(actor, held.get("searched", ()))


def require_access(*, actor: Actor, export: Export) -> None:
    """Refuse who could not make this file themselves, at this moment.

    :raises ExportClosed: a permission, a field or some of the records are not theirs
    """
    held = export.grounds.get("permissions", [])
    if not held or not all(actor.may(code) for code in held):
        raise ExportClosed(_("Your role may not export this."))
    closed = _closed_field(actor, export)
    if closed is not None:
        raise ExportClosed(_("The file holds “%(field)s”, of which your role sees less.") % {"field": closed})
    exportable = registry.get(export.kind)
    permissions = _permissions_to_compare(actor, export, exportable)
    count = 0
    for ids in read_ids(export.ids_file):
        count += exportable.count_beyond(actor=actor, ids=ids, permissions=permissions)
    if count:
        raise ExportClosed(
            _("%(count)s of the records in the file are not, or no longer, yours to export. Export the list anew.")
            % {"count": count}
        )


def _permissions_to_compare(actor: Actor, export: Export, exportable: Exportable) -> list[str]:
    """Those by which more than the records themselves was seen, such as their orders, and that have to reach every
    record in the file: all but those by which its maker sees no less than then."""
    besides = {*export.grounds["permissions"]} - {exportable.permission, exportable.view_permission}
    if export.owner_id == actor.user_id:
        then = {code: Reach(**reach) for code, reach in export.grounds.get("reaches", {}).items()}
        besides -= {code for code, reach in then.items() if actor.reach_of(code).contains(reach)}
    return sorted(besides)


def _closed_field(actor: Actor, export: Export) -> str | Promise | None:
    for key, level in export.grounds.get("fields", {}).items():
        try:
            if fields.sight(actor, key) < Sight(level):
                return fields.get(key).label
        except FieldUndeclared:
            return _("a field that is gone")
    return None


def write_ids(path: Path, ids: "array[int]") -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        ids.tofile(file)
    part.replace(path)  # whoever looks for somebody finds it whole


def read_ids(path: Path) -> Iterable[Sequence[int]]:
    """Whom a file contains, in pieces; nobody where nothing is kept any more."""
    if not path.exists():
        return
    with path.open("rb") as file:
        while content := file.read(AT_ONCE * ID_BYTES):
            ids = array("q")
            ids.frombytes(content)
            yield ids


def contains(path: Path, wanted: Iterable[int]) -> bool:
    """Whether one of these records is in the file."""
    sought = set(wanted)
    return any(not sought.isdisjoint(ids) for ids in read_ids(path))
