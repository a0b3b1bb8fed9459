"""What the customer list can show."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Subquery
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.core.lists.registry import Column
from zhike.customers import cells, guarded, sealed
from zhike.customers.cells import Style
from zhike.customers.guarded import NAME, key
from zhike.customers.labels import LABELS
from zhike.customers.models import Customer, CustomerTag, Grade, Identifier, Relationship, Stage
from zhike.customers.sealed import ID_NUMBER

type Values = Mapping[str, Any]

NOTHING: Mapping[str, str] = MappingProxyType({})
# Path of a column's value → the record's field that stands there.
_READS: Mapping[str, Mapping[str, str]] = {
    path: {path: guarded.key(name)}
    for path, name in (
        ("city", "city"),
        ("owner__name", "owner"),
        ("team__name", "team"),
        ("kind", "kind"),
        ("channel", "channel"),
        ("country", "country"),
        ("province", "province"),
        ("birthday_on", "birthday_on"),
        *((f"facts__{name}", name) for name in guarded.COMPUTED),
    )
}
_KINDS = dict(Customer.Kind.choices)
_RELATIONSHIPS = dict(Relationship.choices)
_GRADES, _STAGES = dict(Grade.choices), dict(Stage.choices)


def _reached_by(kind: str) -> Subquery:
    mine = Identifier.objects.filter(customer=OuterRef("pk"), kind=kind)
    return Subquery(mine.order_by("-is_primary", "pk").values("value")[:1])


def _name(row: Values, style: Style) -> str:
    return SafeString(f'<a href="/customers/{row["pk"]}/" data-panel>{escape(row["name"])}</a>')


def _rfm(row: Values, style: Style) -> str:
    scores = (row["facts__r"], row["facts__f"], row["facts__m"])
    return cells.EMPTY if None in scores else " · ".join(map(str, scores))


def _relation(row: Values) -> str:
    return str(_RELATIONSHIPS.get(row["relationship"] or row["facts__relationship"] or "", ""))


def _tags(row: Values, style: Style) -> str:
    if isinstance(row["tags"], str) or not row["tags"]:
        return cells.text(row["tags"])
    tones = row.get("tag_tones") or [""] * len(row["tags"])
    return cells.words(row["tags"], tones)


def _of_tags(path: str) -> ArraySubquery:
    return ArraySubquery(CustomerTag.objects.filter(customer=OuterRef("pk")).order_by("tag__name").values(word=F(path)))


def _open_id_number(row: dict[str, Any]) -> None:
    row[ID_NUMBER] = sealed.open_row(ID_NUMBER, row, customer_id=row["pk"])


def _plain(path: str) -> Any:
    def cell(row: Values, style: Style) -> str:
        return cells.text(row[path])

    return cell


def _day(path: str) -> Any:
    def cell(row: Values, style: Style) -> str:
        return style.day(row[path])

    return cell


def _date(path: str) -> Any:
    """As it is written: a birthday is not so many days ago."""

    def cell(row: Values, style: Style) -> str:
        return cells.text(None if row[path] is None else str(row[path]))

    return cell


def _called(path: str, choices: Mapping[str, Any]) -> Any:
    """As people call it; what is masked stays as it is."""

    def text(row: Values) -> str:
        return str(choices.get(row[path], row[path] or ""))

    return text


def _column(name: str, label: Any, path: str, cell: Any = None, **more: Any) -> Column:
    return Column(
        key=name,
        label=label,
        values=(path,),
        reads=_READS.get(path, NOTHING),
        cell=cell or _plain(path),
        text=more.pop("text", lambda row: row[path]),
        **more,
    )


COLUMNS = (
    Column(
        key="name",
        reads={"name": NAME},
        label=pgettext_lazy("customer", "Name"),
        values=("name",),
        cell=_name,
        text=lambda row: row["name"],
        sort="name",
    ),
    _column(
        "grade",
        _("Grade"),
        "facts__grade",
        lambda row, style: style.grade(row["facts__grade"]),
        sort="grade",
        text=_called("facts__grade", _GRADES),
    ),
    _column(
        "stage",
        _("Stage"),
        "facts__stage",
        lambda row, style: style.stage(row["facts__stage"]),
        text=_called("facts__stage", _STAGES),
    ),
    _column(
        "amount",
        _("Amount bought"),
        "facts__amount",
        lambda row, style: style.money(row["facts__amount"]),
        sort="amount",
        numeric=True,
    ),
    _column(
        "orders",
        _("Orders"),
        "facts__order_count",
        lambda row, style: cells.number(row["facts__order_count"]),
        sort="orders",
        numeric=True,
    ),
    _column("last_order", _("Last order"), "facts__last_order_on", _day("facts__last_order_on"), sort="last_order"),
    Column(
        key="rfm",
        reads={f"facts__{score}": key(score) for score in "rfm"},
        label=_("R · F · M"),
        values=("facts__r", "facts__f", "facts__m"),
        cell=_rfm,
        text=lambda row: "".join(str(row[f"facts__{score}"] or "") for score in "rfm"),
        is_default=False,
    ),
    Column(
        key="phone",
        reads={"phone": key("phone")},
        label=_("Phone"),
        expressions={"phone": _reached_by(Identifier.Kind.PHONE)},
        cell=_plain("phone"),
        text=lambda row: row["phone"],
    ),
    Column(
        key="email",
        reads={"email": key("email")},
        label=_("E-mail"),
        expressions={"email": _reached_by(Identifier.Kind.EMAIL)},
        cell=_plain("email"),
        text=lambda row: row["email"],
        is_default=False,
    ),
    Column(
        key="id_number",
        reads={ID_NUMBER: key(ID_NUMBER)},
        label=guarded.SEALED[ID_NUMBER],
        expressions=sealed.columns(ID_NUMBER),
        opening=_open_id_number,
        cell=_plain(ID_NUMBER),
        text=lambda row: row[ID_NUMBER],
        is_default=False,
    ),
    _column("country", LABELS["country"], "country", is_default=False, edit="country"),
    _column("province", LABELS["province"], "province", is_default=False, edit="province"),
    _column("city", _("City"), "city", edit="city"),
    _column("owner", _("Owner"), "owner__name", edit="owner"),
    _column("team", _("Team"), "team__name", is_default=False, edit="team"),
    _column(
        "kind",
        _("Kind"),
        "kind",
        lambda row, style: str(_KINDS[row["kind"]]),
        text=lambda row: str(_KINDS[row["kind"]]),
        is_default=False,
    ),
    Column(
        key="relationship",
        reads={"relationship": key("relationship"), "facts__relationship": key("relationship")},
        label=_("Relationship"),
        values=("relationship", "facts__relationship"),
        cell=lambda row, style: cells.text(_relation(row)),
        edit="relationship",
        text=_relation,
        is_default=False,
    ),
    _column("channel", _("Source channel"), "channel", is_default=False, edit="channel"),
    Column(
        key="tags",
        reads={"tags": key("tags"), "tag_tones": key("tags")},
        label=_("Tags"),
        expressions={"tags": _of_tags("tag__name"), "tag_tones": _of_tags("tag__tone")},
        cell=_tags,
        edit="tags",
        text=lambda row: ", ".join(row["tags"]),
        is_default=False,
    ),
    _column(
        "birthday", LABELS["birthday_on"], "birthday_on", _date("birthday_on"), is_default=False, edit="birthday_on"
    ),
    _column(
        "first_order",
        guarded.COMPUTED["first_order_on"],
        "facts__first_order_on",
        _day("facts__first_order_on"),
        is_default=False,
    ),
    _column("created", _("Created"), "created_at", _day("created_at"), sort="created"),
    _column("updated", _("Updated"), "updated_at", _day("updated_at"), is_default=False),
)
