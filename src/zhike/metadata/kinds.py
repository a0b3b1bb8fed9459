"""What a field of each kind holds: how a value is read, kept as JSON, written for people, and asked for in SQL.

A value that is empty is not kept at all, so that “is empty” means one thing. Numbers are JSON numbers and come back as
`Decimal`; a moment is UTC with a fixed width and a day an ISO date, so that the order of the texts is that of time.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from django.utils.functional import Promise, lazystr
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from pydantic_core import from_json

from zhike.core.fields import Care
from zhike.core.text import normal
from zhike.metadata import filed
from zhike.metadata.models import FieldDefinition, Index, Kind

type Json = Any
HOLDER = "custom"  # the column, and the first word of the names of its fields
# Which bounds a field of each kind can have. target: the kind of record that a link leads to.
RULES: Mapping[Kind, tuple[str, ...]] = {
    Kind.TEXT: ("longest",),
    Kind.LONG_TEXT: ("longest",),
    Kind.NUMBER: ("least", "most", "decimals", "unit"),
    Kind.MONEY: ("least", "most"),
    Kind.RECORD: ("target",),
    **dict.fromkeys(filed.FILES, ("files",)),
    Kind.FORMULA: ("formula", "result", "decimals", "unit"),
    Kind.ROLLUP: ("of", "function", "figure", "days", "where", "result"),
}
LONGEST_TEXT, LONGEST_LONG_TEXT, LONGEST_URL = 500, 100_000, 2000
MOST_CHOSEN = 100
COMPUTED = (Kind.FORMULA, Kind.ROLLUP)
NOT_ENTERED = (*COMPUTED, *filed.FILES)
MOST_DIGITS, MOST_DECIMALS = 24, 6
EARLIEST, LATEST = date(1800, 1, 1), date(2200, 1, 1)
ADDRESS_PARTS = ("province", "city", "district", "street")
MOMENT = "%Y-%m-%dT%H:%M:%SZ"


class NotOfItsKind(ValueError):
    """The value cannot stand in the field; the message is for people."""

    def __init__(self, message: str | Promise) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A value to choose from. is_offered: still; others stay where they stand."""

    label: str
    label_en: str
    tone: str = ""
    is_offered: bool = True

    @property
    def named(self) -> str:
        return self.label_en if self.label_en and not (get_language() or "zh").startswith("zh") else self.label


@dataclass(frozen=True, kw_only=True)
class Known:
    """A definition as every request needs it. section: its id, 0 for none. is_indexed: lists may be filtered by it.

    is_searched: the search box looks into it. is_sealed: stored encrypted, so that records have it in their vault and
    not in `custom`.
    """

    record: str
    key: str
    kind: Kind
    label: str
    label_en: str = ""
    help_text: str = ""
    pk: int = 0
    section: int = 0
    care: Care = Care.PLAIN
    is_required: bool = False
    is_unique: bool = False
    is_indexed: bool = False
    is_searched: bool = False
    is_archived: bool = False
    is_sealed: bool = False
    is_moving: bool = False
    rules: Mapping[str, Json] = field(default_factory=dict)
    default: Json = None
    shown_when: Mapping[str, Json] = field(default_factory=dict)
    options: Mapping[str, Choice] = field(default_factory=dict)

    @classmethod
    def of(cls, definition: FieldDefinition) -> "Known":
        options = sorted(definition.options.all(), key=lambda one: (one.position, one.pk))
        return cls(
            record=definition.record,
            key=definition.key,
            kind=Kind(definition.kind),
            label=definition.label,
            label_en=definition.label_en,
            help_text=definition.help_text,
            pk=definition.pk,
            section=definition.section_id or 0,
            care=Care(definition.care),
            is_required=definition.is_required,
            is_unique=definition.is_unique,
            is_indexed=definition.index == Index.READY,
            is_searched=definition.search == Index.READY and not definition.is_sealed,
            is_archived=definition.archived_at is not None,
            is_sealed=definition.is_sealed,
            is_moving=definition.moving_since is not None,
            rules=definition.rules,
            default=definition.default,
            shown_when=definition.shown_when,
            options={
                one.key: Choice(label=one.label, label_en=one.label_en, tone=one.tone, is_offered=not one.is_retired)
                for one in options
            },
        )

    @property
    def name(self) -> str:
        """What the field is called wherever those of the record itself are: never what one of them is called."""
        return f"{HOLDER}.{self.key}"

    @property
    def path(self) -> str:
        """Its key among all fields of all records (`core.fields`)."""
        return f"{self.record}.{self.name}"

    @property
    def held(self) -> Kind:
        """What its values are: of a field that is computed, what comes out."""
        return Kind(self.rules.get("result", Kind.TEXT)) if self.kind in COMPUTED else self.kind

    @property
    def named(self) -> str:
        return self.label_en if self.label_en and not (get_language() or "zh").startswith("zh") else self.label

    @property
    def lazily_named(self) -> Promise:
        return lazystr(_Name(self))


class _Name:
    """A label in the language of whoever reads it, not of whoever was the first to ask."""

    def __init__(self, known: Known) -> None:
        self._known = known

    def __str__(self) -> str:
        return self._known.named


def read_value(field: Known, value: Any) -> Json:
    """The value as it is kept; None where there is nothing.

    :raises NotOfItsKind: what was given does not fit the field's kind or rules
    """
    if value is None or value in ([], {}) or (isinstance(value, str) and not value.strip()):
        return None
    return _READERS[field.kind](field, value)


def _text(field: Known, value: Any) -> Json:
    return _bounded(field, normal.one_line(_string(value)), LONGEST_TEXT)


def _long_text(field: Known, value: Any) -> Json:
    return _bounded(field, _string(value).replace("\r\n", "\n").strip(), LONGEST_LONG_TEXT)


def _bounded(field: Known, text: str, longest: int) -> Json:
    longest = min(longest, field.rules.get("longest", longest))
    if len(text) > longest:
        raise NotOfItsKind(_("At most %(limit)s characters.") % {"limit": longest})
    return text or None


def _string(value: Any) -> str:
    if not isinstance(value, str | int | float | Decimal) or isinstance(value, bool):
        raise NotOfItsKind(_("This has to be a text."))
    text = str(value)
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise NotOfItsKind(_("This contains a character that cannot be stored."))
    return text


def _number(field: Known, value: Any) -> Json:
    if isinstance(value, bool):
        raise NotOfItsKind(_("This has to be a number."))
    try:
        number = Decimal(normal.ungrouped(str(value)))
    except InvalidOperation:
        raise NotOfItsKind(_("This has to be a number.")) from None
    if not number.is_finite() or number.adjusted() >= MOST_DIGITS - MOST_DECIMALS:
        raise NotOfItsKind(_("This number is too large."))
    decimals = field.rules.get("decimals", 2 if field.kind is Kind.MONEY else MOST_DECIMALS)
    step = Decimal(1).scaleb(-decimals)
    if number != number.quantize(step):
        raise NotOfItsKind(_("At most %(count)s digits behind the point.") % {"count": decimals})
    least, most = field.rules.get("least"), field.rules.get("most")
    if least is not None and number < Decimal(str(least)):
        raise NotOfItsKind(_("At least %(limit)s.") % {"limit": least})
    if most is not None and number > Decimal(str(most)):
        raise NotOfItsKind(_("At most %(limit)s.") % {"limit": most})
    return number.quantize(step).normalize() + 0


def _date(_field: Known, value: Any) -> Json:
    try:
        day = value if isinstance(value, date) else date.fromisoformat(_string(value).strip())
    except ValueError:
        raise NotOfItsKind(_("Enter a date such as 2026-11-22.")) from None
    if not EARLIEST <= day <= LATEST:
        raise NotOfItsKind(_("This date is too far away."))
    return day.isoformat()[:10]


def _time(_field: Known, value: Any) -> Json:
    try:
        at = value if isinstance(value, time) else time.fromisoformat(_string(value).strip())
    except ValueError:
        raise NotOfItsKind(_("Enter a time such as 09:30.")) from None
    return at.strftime("%H:%M")


def _moment(_field: Known, value: Any) -> Json:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(_string(value).strip())
    except ValueError:
        raise NotOfItsKind(_("Enter a date and a time such as 2026-11-22 09:30.")) from None
    if moment.tzinfo is None:
        raise NotOfItsKind(_("Say which time zone the time is of."))
    if not EARLIEST <= moment.date() <= LATEST:
        raise NotOfItsKind(_("This date is too far away."))
    return moment.astimezone(UTC).strftime(MOMENT)


def _choice(field: Known, value: Any) -> Json:
    text = _string(value).strip()
    if text in field.options:
        return text
    for key, option in field.options.items():
        if text in (option.label, option.label_en):
            return key
    raise NotOfItsKind(_("Choose one of the list."))


def _choices(field: Known, value: Any) -> Json:
    chosen = value if isinstance(value, list | tuple | set) else re.split(r"[,，、;；]+", _string(value))
    if len(chosen) > MOST_CHOSEN:
        raise NotOfItsKind(_("At most %(count)s of the list.") % {"count": MOST_CHOSEN})
    keys = {_choice(field, one) for one in chosen if one}
    return [key for key in field.options if key in keys] or None


def _boolean(_field: Known, value: Any) -> Json:
    if isinstance(value, bool):
        return value
    said = str(value).strip().lower()
    if said in ("true", "yes", "1", "y", "是", "有", "对"):
        return True
    if said in ("false", "no", "0", "n", "否", "无", "没有"):
        return False
    raise NotOfItsKind(_("Answer yes or no."))


def _phone(_field: Known, value: Any) -> Json:
    found, reason = normal.check_phone(_string(value))
    if reason:
        raise NotOfItsKind(_("This is no phone number."))
    return found


def _email(_field: Known, value: Any) -> Json:
    found, reason = normal.check_email(_string(value))
    if reason:
        raise NotOfItsKind(_("This is no e-mail address."))
    return found


def _url(_field: Known, value: Any) -> Json:
    text = normal.one_line(_string(value))
    if not re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", text):
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    # Shown as a link: anything but the web, a script above all, must not stand there.
    if parts.scheme not in ("http", "https") or not parts.hostname or " " in text or len(text) > LONGEST_URL:
        raise NotOfItsKind(_("Enter an address such as https://example.com."))
    return text


def _reference(_field: Known, value: Any) -> Json:
    text = _string(value).strip().removeprefix("#")
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 2**63):
        raise NotOfItsKind(_("Choose one of the list."))
    return int(text)


def _address(_field: Known, value: Any) -> Json:
    if isinstance(value, str):
        value = _address_of(value)
    if not isinstance(value, Mapping) or value.keys() - set(ADDRESS_PARTS):
        raise NotOfItsKind(_("An address has a province, a city, a district and a street."))
    parts = {part: normal.one_line(_string(value.get(part) or "")) for part in ADDRESS_PARTS}
    if any(len(part) > LONGEST_TEXT for part in parts.values()):
        raise NotOfItsKind(_("At most %(limit)s characters.") % {"limit": LONGEST_TEXT})
    return {part: text for part, text in parts.items() if text} or None


def _address_of(text: str) -> Json:
    """What `written` wrote, or what stands in one cell of a file."""
    try:
        return from_json(text) if text.lstrip().startswith("{") else {"street": text}
    except ValueError:
        return {"street": text}


def _location(_field: Known, value: Any) -> Json:
    if isinstance(value, str):
        latitude, _comma, longitude = value.replace("，", ",").partition(",")
        value = {"lat": latitude.strip(), "lng": longitude.strip()}
    try:
        place = {name: round(float(value[name]), 7) for name in ("lat", "lng")}
    except (TypeError, KeyError, ValueError):
        raise NotOfItsKind(_("Enter a latitude and a longitude such as 30.25, 120.17.")) from None
    if not (abs(place["lat"]) <= 90 and abs(place["lng"]) <= 180):
        raise NotOfItsKind(_("Enter a latitude and a longitude such as 30.25, 120.17."))
    return place


def _files(_field: Known, value: Any) -> Json:
    found = filed.entries(value)
    if found is None:
        raise NotOfItsKind(filed.UPLOADED)
    return found


def _computed(_field: Known, _value: Any) -> Json:
    raise NotOfItsKind(_("This is computed, and not entered."))


_READERS: Mapping[Kind, Callable[[Known, Any], Json]] = {
    Kind.TEXT: _text,
    Kind.LONG_TEXT: _long_text,
    Kind.NUMBER: _number,
    Kind.MONEY: _number,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.MOMENT: _moment,
    Kind.CHOICE: _choice,
    Kind.CHOICES: _choices,
    Kind.BOOLEAN: _boolean,
    Kind.PHONE: _phone,
    Kind.EMAIL: _email,
    Kind.URL: _url,
    Kind.USER: _reference,
    Kind.TEAM: _reference,
    Kind.RECORD: _reference,
    Kind.ADDRESS: _address,
    Kind.LOCATION: _location,
    Kind.FORMULA: _computed,
    Kind.ROLLUP: _computed,
    **dict.fromkeys(filed.FILES, _files),
}


def read_back(field: Known, text: str) -> Json:
    """What `written` wrote, whatever the field's rules say by now."""
    return read_value(replace(field, rules={}), text)


def written(field: Known, value: Json) -> str:
    """The value as one text, from which `read_value` makes the same value again."""
    if value is None:
        return ""
    match field.held:
        case Kind.NUMBER | Kind.MONEY:
            return format(Decimal(str(value)), "f")
        case Kind.BOOLEAN:
            return "true" if value else "false"
        case Kind.CHOICES:
            return ",".join(value)
        case Kind.ADDRESS | Kind.FILE | Kind.IMAGE:
            return json.dumps(value, ensure_ascii=False)
        case Kind.LOCATION:
            return f"{value['lat']}, {value['lng']}"
    return f"#{value}" if field.kind is Kind.RECORD else str(value)  # digits alone may be a name
