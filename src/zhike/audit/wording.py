"""Entries in people's words: what happened, to what, and what the fields and values are called."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.audit.triggers import model_of
from zhike.core import fields
from zhike.core.actor import Actor
from zhike.core.fields import RecordField
from zhike.core.history import Captured

ACTIONS: dict[str, str | Promise] = {
    "insert": pgettext_lazy("history", "Created"),
    "update": pgettext_lazy("history", "Changed"),
    "delete": pgettext_lazy("history", "Deleted"),
    "truncate": pgettext_lazy("history", "Emptied the table"),
    "erase": pgettext_lazy("history", "Erased from the history"),
    "end": pgettext_lazy("history", "Ended a month of the history"),
}
ORIGINS: Mapping[str, str | Promise] = {
    "web": pgettext_lazy("origin", "Browser"),
    "api": pgettext_lazy("origin", "API"),
    "cli": pgettext_lazy("origin", "Command line"),
    "task": pgettext_lazy("origin", "Background"),
    "": pgettext_lazy("origin", "Database"),
}


def name_events(events: Mapping[str, str | Promise]) -> None:
    """Give events their names; called once per app when it is ready."""
    ACTIONS.update(events)


def action_label(action: str) -> str:
    return str(ACTIONS.get(action, action))


def table_label(table: str) -> str:
    model = model_of(table)
    if model is None:
        return table
    history = getattr(model, "history", None)
    if isinstance(history, Captured) and history.label:
        return str(history.label)
    if model._meta.auto_created:
        return " – ".join(str(field.related_model._meta.verbose_name) for field in _foreign_keys(model))
    return capfirst(str(model._meta.verbose_name))


def _foreign_keys(model: type[models.Model]) -> list[Any]:
    return [field for field in model._meta.concrete_fields if field.is_relation]


def field_of(table: str, column: str) -> Any:
    """The model's field behind a column, or the company's own; None for a column that is gone."""
    model = model_of(table)
    if model is None:
        return None
    if "." in column:
        try:
            return fields.get(fields.place_of(table).keys(column, {})[0])
        except (fields.FieldUndeclared, IndexError):
            return None
    for field in model._meta.concrete_fields:
        if field.column == column:
            return field
    return None


def field_label(table: str, column: str) -> str:
    field = field_of(table, column)
    if field is None:
        return column
    if isinstance(field, RecordField):
        return str(field.label)
    history = getattr(field.model, "history", None)
    own = history.labels.get(field.name, "") if isinstance(history, Captured) else ""
    return str(own) or capfirst(str(field.verbose_name))


def is_echo(table: str, images: tuple[Mapping[str, Any], Mapping[str, Any]]) -> bool:
    """Whether the row only repeats what other entries say."""
    history = getattr(model_of(table), "history", None)
    if not isinstance(history, Captured) or history.echo is None:
        return False
    column, value = history.echo
    return any(image.get(column) == value for image in images)


class Names:
    """Names of what foreign keys point at, fetched a model at a time.

    Only records that everybody may see by name are named (people, teams, roles, tags, products); others keep their
    number, for whoever reads the entry may not see them.
    """

    def __init__(self) -> None:
        self._asked: dict[type[models.Model], set[int]] = defaultdict(set)
        self._known: dict[tuple[type[models.Model], int], str] = {}

    def ask(self, field: Any, value: Any) -> None:
        target = getattr(field, "related_model", None)
        if target is not None and value not in (None, "") and not hasattr(target._default_manager.all(), "visible_to"):
            self._asked[target].add(int(value))

    def fetch(self) -> None:
        for target, ids in self._asked.items():
            for row in target._default_manager.filter(pk__in=ids):
                self._known[target, row.pk] = str(row)
        self._asked.clear()

    def of(self, field: Any, value: Any) -> str:
        found = self._known.get((field.related_model, int(value)))
        return found or f"#{value}"


def shown(field: Any, value: Any, names: Names) -> str:
    """A value of JSON or of a record's text as people read it."""
    if value is None or value == "":
        return ""
    if field is None:
        return str(value)
    if isinstance(field, RecordField):
        return field.said(value) if field.said is not None else str(value)
    history = getattr(field.model, "history", None)
    if isinstance(history, Captured) and field.name in history.words:
        return history.words[field.name](str(value))
    if field.is_relation:
        return names.of(field, value)
    if field.choices:
        return str(dict(field.flatchoices).get(field.to_python(value), value))
    if isinstance(field, models.BooleanField):
        return str(_("Yes") if value in (True, "t", "true") else _("No"))
    if isinstance(field, models.DateTimeField):
        return _moment(str(value))
    if isinstance(field, models.DecimalField):
        return _number(str(value))
    return str(value)


def _moment(value: str) -> str:
    # PostgreSQL writes the zone in two digits, which Python takes as well.
    at = parse_datetime(value)
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if isinstance(at, datetime) and at.tzinfo else value


def _number(value: str) -> str:
    try:
        return f"{Decimal(value).normalize():f}"
    except InvalidOperation:
        return value


def user_names(ids: Iterable[int | None]) -> dict[int, str]:
    wanted = {one for one in ids if one is not None}
    return {row.pk: str(row) for row in get_user_model()._default_manager.filter(pk__in=wanted)}


DETAILS: dict[str, str | Promise] = {
    "address": pgettext_lazy("event", "Address"),
    "agent": pgettext_lazy("event", "Browser"),
    "methods": pgettext_lazy("event", "How"),
    "by_user_id": pgettext_lazy("event", "By"),
    "query": pgettext_lazy("event", "Filter"),
    "columns": pgettext_lazy("event", "Columns"),
    "format": pgettext_lazy("event", "Format"),
    "field": pgettext_lazy("event", "Field"),
    "factor": pgettext_lazy("event", "Factor"),
    "factors": pgettext_lazy("event", "Factors"),
    "name": pgettext_lazy("event", "Name"),
    "permissions": pgettext_lazy("event", "Permissions"),
    "is_known": pgettext_lazy("event", "Known browser"),
    "is_everywhere": pgettext_lazy("event", "Everywhere"),
    "reason": pgettext_lazy("event", "Reason"),
    "order": pgettext_lazy("event", "Order"),
    "order_lines": pgettext_lazy("event", "Lines of the order"),
}
_pages: dict[str, tuple[str, str]] = {}


def link_records(table: str, url_name: str, permission: str) -> None:
    """Say where the records of a table have a page that takes their number, and what opens it."""
    _pages[table] = (url_name, permission)


def record_url(actor: Actor, table: str, pk: int) -> str:
    """A record's page; empty where it has none, or none that the actor may open."""
    url_name, permission = _pages.get(table, ("", ""))
    return reverse(url_name, args=[pk]) if url_name and actor.may(permission) else ""


def detail_label(key: str) -> str:
    return str(DETAILS.get(key, key))


def detail_value(key: str, value: Any) -> str:
    """What an event tells, for people."""
    if key == "by_user_id" and value is not None:
        return user_names([value]).get(value, f"#{value}")
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
