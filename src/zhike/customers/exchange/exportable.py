"""What may leave of customers: the columns of their list, and what stands on their page besides."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.core import fields
from zhike.core.actor import Actor, Sight
from zhike.core.lists import registry
from zhike.core.lists.operators import Asking
from zhike.core.lists.operators import Kind as Asked
from zhike.core.lists.registry import Column
from zhike.core.lists.state import State
from zhike.customers.guarded import RECORD, key
from zhike.customers.labels import LABELS
from zhike.customers.listing import KEY
from zhike.customers.models import EXPORT, Customer, CustomerTag, Identifier
from zhike.customers.permissions import CONTAINED
from zhike.customers.searching import SEARCHED
from zhike.customers.selectors import exporting
from zhike.exports.registry import Piece
from zhike.metadata.models import Kind
from zhike.metadata.selectors import design_of

TYPES: Mapping[str, str] = {
    "number": "integer",
    "amount": "decimal",
    "orders": "integer",
    "first_order": "date",
    "last_order": "date",
    "birthday": "date",
    "created": "moment",
    "updated": "moment",
}
OWN_TYPES: Mapping[str, str] = {Kind.NUMBER: "decimal", Kind.MONEY: "decimal", Kind.DATE: "date"}
_KINDS = {Customer.Kind.PERSON: "individual", Customer.Kind.ORGANISATION: "org"}


def _no_cell(row: Mapping[str, Any], style: Any) -> str:
    return ""


def _plain(
    name: str, label: Any, path: str, field: str = "", text: Callable[[Any], Any] = lambda value: value
) -> Column:
    reads = {path: key(field)} if field else {}
    return Column(key=name, label=label, values=(path,), reads=reads, cell=_no_cell, text=lambda row: text(row[path]))


def _every(name: str, label: Any, kind: str) -> Column:
    """All identifiers of a kind, the primary one first."""
    mine = Identifier.objects.filter(customer=OuterRef("pk"), kind=kind).order_by("-is_primary", "pk")
    path = f"every_{kind}"
    return Column(
        key=name,
        label=label,
        expressions={path: ArraySubquery(mine.values("value"))},
        reads={path: key(kind)},
        cell=_no_cell,
        text=lambda row: row[path],
    )


# Beside the list's own columns.
MORE = (
    _plain("number", _("Customer number"), "pk"),
    _every("phones", _("All phones"), Identifier.Kind.PHONE),
    _every("emails", _("All e-mail addresses"), Identifier.Kind.EMAIL),
    *(_every(str(kind), kind.label, kind) for kind in Identifier.Kind if kind not in ("phone", "email")),
    _plain("note", LABELS["note"], "note", "note"),
)
_TAGS = Column(
    key="CATEGORIES",
    label=LABELS["tags"],
    expressions={
        "tags": ArraySubquery(
            CustomerTag.objects.filter(customer=OuterRef("pk")).order_by("tag__name").values(word=F("tag__name"))
        )
    },
    reads={"tags": key("tags")},
    cell=_no_cell,
    text=lambda row: row["tags"],
)
# A contact's property → its column, and the columns of the list that stand for it.
_PROPERTIES: tuple[tuple[Column, tuple[str, ...]], ...] = (
    (_plain("UID", "UID", "pk", text=lambda pk: f"urn:zhike:customer:{pk}"), ("name",)),
    (_plain("KIND", "KIND", "kind", "kind", text=_KINDS.__getitem__), ("name",)),
    (_plain("FN", pgettext_lazy("customer", "Name"), "name", "name"), ("name",)),
    (_every("TEL", _("Phone"), Identifier.Kind.PHONE), ("phone", "phones")),
    (_every("EMAIL", _("E-mail"), Identifier.Kind.EMAIL), ("email", "emails")),
    (_every("X-WECHAT", _("WeChat id"), Identifier.Kind.WECHAT), ("wechat",)),
    (_every("ADR.street", _("Address"), Identifier.Kind.ADDRESS), ("address",)),
    (_plain("ADR.locality", _("City"), "city", "city"), ("city",)),
    (_plain("ADR.region", _("Province"), "province", "province"), ("province",)),
    (_plain("ADR.country", _("Country"), "country", "country"), ("country",)),
    (_plain("BDAY", _("Birthday"), "birthday_on", "birthday_on"), ("birthday",)),
    (_plain("NOTE", _("Notes"), "note", "note"), ("note",)),
    (_TAGS, ("tags",)),
    (_plain("REV", _("Updated"), "updated_at"), ("updated",)),
)


class Customers:
    """The list of customers, as a thing that may leave."""

    key = KEY
    label: str | Promise = _("Customers")
    permission = EXPORT
    view_permission = "customers.view_customer"
    table = Customer._meta.db_table
    contained = CONTAINED
    url = "/customers/"
    searched: Sequence[str] = SEARCHED

    def columns_for(self, actor: Actor) -> Mapping[str, Column]:
        listed = registry.get(KEY).columns_for(actor)
        more = {one.key: one for one in MORE if _is_open(one, actor)}
        return {**{name: one for name, one in more.items() if name == "number"}, **listed, **more}

    def card_columns(self, actor: Actor, chosen: Sequence[str]) -> list[Column]:
        wanted = {*chosen, "name"}
        found = [one for one, stand_for in _PROPERTIES if wanted & {*stand_for} and _is_open(one, actor)]
        # What is masked is no way to reach anybody.
        return [one for one in found if one.key in ("FN", "UID") or fields.reads(actor, one.reads.values())]

    def type_of(self, column: Column, actor: Actor) -> str:
        if not fields.reads(actor, column.reads.values()):
            return "text"
        if column.key in TYPES:
            return TYPES[column.key]
        asked = registry.get(KEY).fixed_fields.get(column.key)
        if asked is not None and asked.kind is Asked.AMOUNT:
            return "decimal"
        own = design_of(RECORD).known.get(column.key.removeprefix("custom."))
        if own is None or own.is_sealed or not column.key.startswith("custom."):
            return "text"
        return OWN_TYPES.get(own.held, "text")

    def list_ids(self, *, actor: Actor, asking: Asking, state: State) -> Iterator[list[int]]:
        return exporting.list_ids(actor=actor, asking=asking, state=state)

    def read(self, *, actor: Actor, ids: Sequence[int], columns: list[Column]) -> Piece:
        return exporting.read(actor=actor, ids=ids, columns=columns)

    def count_beyond(self, *, actor: Actor, ids: Sequence[int], permissions: Sequence[str] = ()) -> int:
        return exporting.count_beyond(actor=actor, ids=ids, permissions=permissions)


def _is_open(column: Column, actor: Actor) -> bool:
    sights = [fields.sight(actor, one) for one in column.reads.values()]
    return Sight.HIDDEN not in sights and (not column.permission or actor.may(column.permission))
