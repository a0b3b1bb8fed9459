"""Which fields are measured, and when one of them is filled: as columns of what a run reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.commerce import guarded as orders
from zhike.core import fields
from zhike.customers import guarded as customers
from zhike.customers.models import Identifier
from zhike.metadata.kinds import COMPUTED, Known
from zhike.metadata.models import Kind
from zhike.metadata.selectors import list_known

CUSTOMER, ORDER = customers.RECORD, orders.RECORD
LATE_AFTER = 365  # days without a word about it
LATE_ORDER = 7  # days from the purchase until it is known here

# Field of a customer to the filter of the list that finds it empty.
_FILTERS: Mapping[str, str] = {
    **{name: name for name in ("owner", "team", "channel", "country", "province", "city", "phone", "email")},
    "birthday_on": "birthday",
    "tags": "tag",
    "id_number": "id_number",
}
_COLUMNS: Mapping[str, str] = {
    "name": "name <> ''",
    "owner": "owner_id IS NOT NULL",
    "team": "team_id IS NOT NULL",
    "channel": "channel <> ''",
    "relationship": "relationship <> ''",
    "country": "country <> ''",
    "province": "province <> ''",
    "city": "city <> ''",
    "birthday_on": "birthday_on IS NOT NULL",
    "note": "has_note",
    "tags": "has_tag",
    "id_number": "has_id_number",
}
TEXTS = {Kind.TEXT, Kind.LONG_TEXT, Kind.PHONE, Kind.EMAIL, Kind.URL, Kind.CHOICE, Kind.TIME, Kind.MOMENT}
NUMBERS = {Kind.NUMBER, Kind.MONEY}
_HELD: Mapping[Kind, str] = {
    **dict.fromkeys(TEXTS, "VARCHAR"),
    **dict.fromkeys(NUMBERS, "DOUBLE"),
    Kind.DATE: "VARCHAR",
    Kind.BOOLEAN: "BOOLEAN",
    **dict.fromkeys((Kind.USER, Kind.TEAM, Kind.RECORD), "BIGINT"),
}


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A measured field. reads: what has to be read of records by whoever is told of values. filled: SQL of the engine.

    filter: of the list of customers, that finds the records without it; empty where there is none.
    """

    record: str
    field: str
    label: str | Promise
    reads: tuple[str, ...]
    filled: str
    late: str
    filter: str = ""


def own_column(known: Known) -> str:
    return f'own."{known.key}"'


def own_types(known: Sequence[Known]) -> dict[str, str]:
    """Key of a field of the company's own to the engine's type; what is not a single value is held as JSON."""
    return {one.key: _HELD.get(one.kind, "JSON") for one in known}


def measured_own() -> list[Known]:
    """Computed ones are as good as what they are computed from; of those stored encrypted nothing is read."""
    return [one for one in list_known(CUSTOMER) if one.kind not in COMPUTED and not one.is_sealed]


def list_subjects() -> list[Subject]:
    """Every field that is measured, in the order of pages."""
    late = f"updated_on < as_of() - {LATE_AFTER}"
    found = [
        Subject(
            record=CUSTOMER,
            field=name,
            label=fields.get(customers.key(name)).label,
            reads=(customers.key(name),),
            filled=filled,
            late=late,
            filter=_FILTERS.get(name, ""),
        )
        for name, filled in _COLUMNS.items()
    ]
    found[1:1] = [
        Subject(
            record=CUSTOMER,
            field=str(kind),
            label=kind.label,
            reads=(customers.key(str(kind)),),
            filled=f"has_{kind.value}",
            late=late,
            filter=_FILTERS.get(str(kind), ""),
        )
        for kind in Identifier.Kind
    ]
    found += [
        Subject(
            record=CUSTOMER,
            field=one.name,
            label=one.lazily_named,
            reads=(one.path,),
            filled=f"{own_column(one)} IS NOT NULL",
            late=late,
            filter=one.name if one.is_indexed else "",
        )
        for one in measured_own()
    ]
    return [*found, *_of_orders()]


def _of_orders() -> list[Subject]:
    late = f"created_on - placed_on > {LATE_ORDER}"
    said: tuple[tuple[str, str | Promise, tuple[str, ...], str], ...] = (
        ("customer", _("Customer"), (), "customer_id IS NOT NULL"),
        ("number", fields.get(orders.NUMBER).label, (orders.NUMBER,), "has_number"),
        ("amount", pgettext_lazy("order", "Amount"), (orders.AMOUNT,), "amount IS NOT NULL"),
        ("placed_at", _("Day of purchase"), (), "placed_on IS NOT NULL"),
        ("channel", fields.get(orders.CHANNEL).label, (orders.CHANNEL,), "channel <> ''"),
        ("store", fields.get(orders.STORE).label, (orders.STORE,), "has_store"),
    )
    return [
        Subject(record=ORDER, field=name, label=label, reads=reads, filled=filled, late=late)
        for name, label, reads, filled in said
    ]
