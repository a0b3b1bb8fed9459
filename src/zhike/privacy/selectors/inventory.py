"""The data inventory, made from the models: every column with its class."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Field, Model
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.personal import CLASS_LABELS, Class, kept, list_holdings
from zhike.privacy import wording
from zhike.privacy.permissions import VIEW

# Tables of libraries, with the class of all their columns.
LIBRARIES: Mapping[str, Class] = {
    "account": Class.STAFF,
    "auth": Class.NONE,
    "contenttypes": Class.NONE,
    "mfa": Class.SECRET,
    "procrastinate": Class.NONE,
    "sessions": Class.STAFF,
    "socialaccount": Class.STAFF,
    "usersessions": Class.STAFF,
}


@dataclass(frozen=True, kw_only=True)
class Column:
    """kind: its class; label: what that is called."""

    name: str
    title: str
    type: str
    kind: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table. title: what people call it. erased: how it goes when a person is erased, empty where it holds none."""

    app: str
    name: str
    title: str
    columns: list[Column]
    erased: str

    @property
    def is_personal(self) -> bool:
        return any(column.kind not in {Class.NONE, Class.SECRET} for column in self.columns)


def list_inventory(*, actor: Actor) -> list[Table]:
    """Every table of the database, in the order of the apps."""
    require(actor, VIEW)
    return [_table(model) for model in sorted(apps.get_models(), key=lambda model: model._meta.db_table)]


def csv_rows(*, actor: Actor) -> Iterator[list[str]]:
    """The inventory a line a column, for a file."""
    for table in list_inventory(actor=actor):
        for column in table.columns:
            yield [
                table.app,
                table.name,
                table.title,
                column.name,
                column.title,
                column.type,
                column.label,
                table.erased,
            ]


def _table(model: type[Model]) -> Table:
    known, library = kept(model), LIBRARIES.get(model._meta.app_label, Class.NONE)
    columns = [
        _column(column, known.class_of(column.name) if known else library) for column in model._meta.concrete_fields
    ]
    return Table(
        app=str(apps.get_app_config(model._meta.app_label).verbose_name),
        name=model._meta.db_table,
        title=table_title(model),
        columns=columns,
        erased=_erased(model),
    )


def _column(column: "Field[Any, Any]", kind: Class) -> Column:
    return Column(
        name=str(column.column),
        title=column_title(column),
        type=column.get_internal_type().removesuffix("Field"),
        kind=kind,
        label=str(CLASS_LABELS[kind]),
    )


def table_title(model: type[Model]) -> str:
    """What people call it."""
    name = getattr(getattr(model, "history", None), "label", "") or model._meta.verbose_name
    return str(wording.TABLES.get(str(name), name) if not isinstance(name, Promise) else name)


def column_title(column: "Field[Any, Any]") -> str:
    """What people call it: by its model, or else by the words of this app."""
    name = column.verbose_name
    return str(name if isinstance(name, Promise) else wording.COLUMNS.get(str(name), name))


def _erased(model: type[Model]) -> str:
    holdings = [holding for holding in list_holdings() if holding.model is model]
    if any(holding.stays for holding in holdings):
        return " ".join(str(holding.stays) for holding in holdings if holding.stays)
    return _("Erased with the person") if holdings else ""
