"""Which kinds of record can have fields of the company's own, and to which fields can lead: each app registers its
models when it is ready.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.functional import Promise

from zhike.core.actor import Actor
from zhike.metadata.kinds import HOLDER

if TYPE_CHECKING:
    from zhike.metadata.filed import Shelf
    from zhike.metadata.formulas.nodes import Source
    from zhike.metadata.vaults import Vault

type Choosable = Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Target:
    """A kind of record that fields can lead to. model: has a manager with `visible_to`.

    name, name_field: column that a link to such a record shows, and the field of the record that it is. code: another
    column by which one is meant, and shown where it has no name. url_name: its page. permission: what seeing such
    records asks for where no policy of the database does. is_numbered: whether people know one by its number here;
    otherwise digits are a name or a code like any other. called: of some records, those that a text names as a whole.
    successor: into which record one was merged in the end; merged_into: those that were merged into one.
    """

    key: str
    label: str | Promise
    model: type[models.Model]
    name: str
    name_field: str
    url_name: str
    code: str = ""
    permission: str = ""
    is_numbered: bool = True
    called: "Callable[[models.QuerySet[Any, Any], str], models.QuerySet[Any, Any]] | None" = None
    successor: Callable[[int], int | None] = lambda _pk: None
    merged_into: Callable[[int], Sequence[int]] = lambda _pk: ()

    def visible_to(self, actor: Actor) -> "models.QuerySet[Any, Any]":
        rows: Any = self.model._default_manager.all()
        found: models.QuerySet[Any, Any] = rows.visible_to(actor)
        return found


@dataclass(frozen=True, kw_only=True)
class Designed(Target):
    """A kind of record with fields of the company's own. model: has a column `custom` (`core.database.custom_values`).

    edit: what changing one asks for. conditions: fields of the record itself by which others may be shown or not, with
    the values that they can have. readable: fields of the record itself that formulas can read. vault: where encrypted
    fields lie, shelf: where files do; None where a kind of record has none. reveal: what seeing masked values in full
    asks for.
    """

    edit: str
    conditions: Callable[[], Sequence[tuple[str, str | Promise, Choosable]]] = field(default=tuple)
    readable: "Callable[[], Sequence[Source]]" = field(default=tuple)
    vault: "Vault | None" = None
    shelf: "Shelf | None" = None
    reveal: str = ""


class NotDesigned(LookupError):
    """No app registered this kind of record: a mistake in the code."""


COLUMN = HOLDER
_designed: dict[str, Designed] = {}
_targets: dict[str, Target] = {}


def register(kind: Designed) -> None:
    """Let such records have own fields, and own fields lead to them."""
    _designed[kind.key] = kind
    register_target(kind)


def register_target(kind: Target) -> None:
    _targets[kind.key] = kind


def target(key: str) -> Target:
    try:
        return _targets[key]
    except KeyError:
        raise NotDesigned(key) from None


def list_targets() -> list[Target]:
    """Those that have own fields first."""
    return sorted(_targets.values(), key=lambda one: (one.key not in _designed, one.key))


def get(key: str) -> Designed:
    try:
        return _designed[key]
    except KeyError:
        raise NotDesigned(key) from None


def list_kinds() -> list[Designed]:
    return [_designed[key] for key in sorted(_designed)]


def vault_of(record: str) -> "Vault":
    """
    :raises NotDesigned: such records keep nothing encrypted
    """
    found = get(record).vault
    if found is None:
        raise NotDesigned(record)
    return found


def shelf_of(record: str) -> "Shelf":
    """
    :raises NotDesigned: such records keep no files
    """
    found = get(record).shelf
    if found is None:
        raise NotDesigned(record)
    return found


def table_of(record: str) -> str:
    model: Any = get(record).model
    return str(model._meta.db_table)
