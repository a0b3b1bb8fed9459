"""Safe fixes: what a value becomes, looked at before anything is changed."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from zhike.core.text import normal
from zhike.customers.guarded import key
from zhike.customers.models import Identifier
from zhike.customers.sealed import ID_NUMBER, read_sealed
from zhike.metadata.kinds import HOLDER
from zhike.quality import regions
from zhike.quality.builtin import DOUBLE_SURNAMES, MISTYPED, TITLES
from zhike.quality.checks import Label
from zhike.quality.models import Run

_WIDE = {code: code - 0xFEE0 for low, high in ((0xFF10, 0xFF19), (0xFF21, 0xFF3A), (0xFF41, 0xFF5A))
         for code in range(low, high + 1)} | {0x3000: 0x20}  # fmt: skip
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
_BLANK_BETWEEN_HAN = re.compile(rf"(?<=[{_HAN}]) +(?=[{_HAN}])")
_TITLED = re.compile(rf"([{_HAN}]{{2,4}})(?:{TITLES})")


@dataclass(frozen=True, kw_only=True)
class Fix:
    """changes: from a record as it is to fields and what they become; nothing where it is as it should be.

    writes: fields of customers that are written; none: the one that the rule is about. said: what it does, in words.
    is_filling: it fills what was empty, from the source that `said` names.
    """

    key: str
    said: Label
    writes: tuple[str, ...]
    changes: "Callable[[Any, Around], dict[str, Any]]"
    is_filling: bool = False

    def after(self, subject: Any, around: "Around") -> str:
        """What a page shows behind the arrow."""
        values = self.changes(subject, around).values()
        return " ".join(" ".join(one.values()) if isinstance(one, dict) else one for one in values)


@dataclass(frozen=True, kw_only=True)
class Around:
    """What fixes have to know besides the record. forms: column to how most write what others write otherwise, by the
    newest run. addresses, numbers: addresses and ID numbers of customers, by the customers' numbers. field: that the
    rule is about."""

    field: str
    forms: Mapping[str, Mapping[str, str]]
    addresses: Mapping[int, str]
    numbers: Mapping[int, str]


def look_around(fix: Fix, field: str, customer_ids: Collection[int]) -> Around:
    """For records of these customers; for those who read what the rule reads, ID numbers too."""
    numbers: dict[int, str] = {}
    if fix.key == "birthday":
        numbers = {pk: read_sealed(ID_NUMBER, pk) for pk in customer_ids}
    forms: Mapping[str, Mapping[str, str]] = {}
    addresses: dict[int, str] = {}
    if fix.key in ("place_form", "province", "place_in_address"):
        run = Run.objects.filter(is_newest=True).order_by("-as_of").only("metrics").first()
        forms = run.metrics.get("forms", {}) if run else {}
    if fix.key == "place_in_address":
        rows = Identifier.objects.filter(customer__in=customer_ids, kind=Identifier.Kind.ADDRESS)
        # The primary one last, so that it stays.
        addresses = dict(rows.order_by("is_primary", "-pk").values_list("customer_id", "value"))
    return Around(field=field, forms=forms, addresses=addresses, numbers=numbers)


def _phone_form(mark: Any, _around: Around) -> dict[str, str]:
    national = mark.value_normal.removeprefix("+86")
    is_mobile = mark.value_normal.startswith("+86") and re.fullmatch(r"1[3-9][0-9]{9}", national)
    return {"value": national} if is_mobile and mark.value != national else {}


def _email_form(mark: Any, _around: Around) -> dict[str, str]:
    return {"value": mark.value_normal} if mark.value != mark.value_normal else {}


def _email_typo(mark: Any, _around: Around) -> dict[str, str]:
    account, _at, domain = mark.value_normal.partition("@")
    return {"value": f"{account}@{MISTYPED[domain]}"} if domain in MISTYPED else {}


def standard_name(name: str) -> str:
    """Half-width letters and digits, single blanks, none between Chinese characters."""
    return _BLANK_BETWEEN_HAN.sub("", normal.one_line(name.translate(_WIDE)))


def _name_form(customer: Any, _around: Around) -> dict[str, str]:
    made = standard_name(customer.name)
    return {"name": made} if made and made != customer.name else {}


def _name_title(customer: Any, _around: Around) -> dict[str, str]:
    found = _TITLED.fullmatch(customer.name)
    if found is None or customer.kind != "person" or re.fullmatch(DOUBLE_SURNAMES, found[1]):
        return {}
    return {"name": found[1]}


def _place_form(customer: Any, around: Around) -> dict[str, str]:
    found = {name: around.forms.get(name, {}).get(getattr(customer, name), "") for name in ("province", "city")}
    return {name: value for name, value in found.items() if value}


def _province(customer: Any, around: Around) -> dict[str, str]:
    homes = {province for province, _city in regions.cities_of(customer.city)}
    return {"province": _as_most(homes.pop(), "province", around)} if len(homes) == 1 and not customer.province else {}


def _place_in_address(customer: Any, around: Around) -> dict[str, str]:
    made = regions.filled_by(around.addresses.get(customer.pk, ""), customer.province, customer.city)
    if made is None:
        return {}
    named = zip(("province", "city"), made, strict=True)
    return {name: _as_most(value, name, around) for name, value in named if value and value != getattr(customer, name)}


def _birthday(customer: Any, around: Around) -> dict[str, str]:
    number = around.numbers.get(customer.pk, "")
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return {}
    return {"birthday_on": born.isoformat()} if customer.birthday_on is None else {}


def _address(customer: Any, around: Around) -> dict[str, Any]:
    held = customer.custom.get(around.field.removeprefix(f"{HOLDER}.")) or {}
    parts = regions.parts_of(held)
    return {around.field: {name: held[name] for name in held if name != "street"} | parts} if parts else {}


def _as_most(place: str, column: str, around: Around) -> str:
    return around.forms.get(column, {}).get(place, place)


_ALL: tuple[Fix, ...] = (
    Fix(key="phone_form", said=_("Write mobile numbers as 11 digits"), writes=(key("phone"),), changes=_phone_form),
    Fix(key="email_form", said=_("Write addresses in small letters, without name and blanks"), writes=(key("email"),),
        changes=_email_form),
    Fix(key="email_typo", said=_("Put the provider's right name"), writes=(key("email"),), changes=_email_typo),
    Fix(key="name_form", said=_("Half-width letters and digits, no stray blanks"), writes=(key("name"),),
        changes=_name_form),
    Fix(key="name_title", said=_("Take the title off the name"), writes=(key("name"),), changes=_name_title),
    Fix(key="place_form", said=_("Write places as most customers have them"),
        writes=(key("province"), key("city")), changes=_place_form),
    Fix(key="province", said=_("Fill in the province of the city, by the table of regions (GB/T 2260)"),
        writes=(key("province"),), changes=_province, is_filling=True),
    Fix(key="place_in_address",
        said=_("Fill in province and city from the address, by the table of regions (GB/T 2260)"),
        writes=(key("province"), key("city")), changes=_place_in_address, is_filling=True),
    Fix(key="birthday", said=_("Fill in the birthday from the ID number (GB 11643)"), writes=(key("birthday_on"),),
        changes=_birthday, is_filling=True),
    Fix(key="address", said=_("Split the address by the table of regions (GB/T 2260)"), writes=(), changes=_address),
)  # fmt: skip
_BY_KEY = {one.key: one for one in _ALL}


def written_by(fix: Fix, reads: tuple[str, ...]) -> tuple[str, ...]:
    """The fields that a fix writes. reads: of the rule, the one that it is about first."""
    return fix.writes or reads[:1]


def get(name: str) -> Fix | None:
    return _BY_KEY.get(name)
