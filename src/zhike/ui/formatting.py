"""Numbers, money and time as people read them. Locale and zone are passed in; rounding happens only here."""

from datetime import date, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import format_currency, format_decimal, get_currency_symbol
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from zhike.core.text.normal import MOBILE

type Number = int | float | Decimal

BABEL_LOCALES = {"zh-hans": "zh_Hans_CN", "en": "en_US"}
STEPS = {
    "zh": ((Decimal(100_000_000), " 亿"), (Decimal(10_000), " 万")),
    "en": ((Decimal(1_000_000_000), "B"), (Decimal(1_000_000), "M"), (Decimal(1_000), "K")),
}


def babel_locale(language: str) -> str:
    return BABEL_LOCALES.get(language, "en_US")


def number(value: Number, *, language: str, digits: int | None = None) -> str:
    """Grouped; `digits` fixes the places after the point, otherwise as many as there are, at most three."""
    pattern = None if digits is None else "#,##0" + ("." + "0" * digits if digits else "")
    return format_decimal(value, format=pattern, locale=babel_locale(language))


def money(amount: Number, *, currency: str, language: str) -> str:
    """¥12,345.60: the currency's own places."""
    return format_currency(amount, currency, locale=babel_locale(language))


def compact(value: Number, *, language: str) -> str:
    """1.23 万, 4.5 亿; 12.3K, 4.5M. Three significant figures, small numbers as they are."""
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    for step, sign in STEPS["zh" if language.startswith("zh") else "en"]:
        if abs(exact) >= step:
            return _three_figures(exact / step) + sign
    return number(exact.quantize(Decimal("0.01"), ROUND_HALF_UP).normalize(), language=language)


def compact_money(amount: Number, *, currency: str, language: str) -> str:
    """¥1.23 万; below the first step with the currency's own places."""
    exact = amount if isinstance(amount, Decimal) else Decimal(str(amount))
    first_step = STEPS["zh" if language.startswith("zh") else "en"][-1][0]
    if abs(exact) < first_step:
        return money(exact, currency=currency, language=language)
    symbol = get_currency_symbol(currency, locale=babel_locale(language))
    sign = "-" if exact < 0 else ""
    return f"{sign}{symbol}{compact(abs(exact), language=language)}"


def percent(rate: Number, *, digits: int = 1) -> str:
    """0.1234 as 12.3%."""
    return f"{Decimal(str(rate)) * 100:.{digits}f}%"


def phone(value: str, *, region: str = "CN") -> str:
    """13800138000 and 010 6552 9988 at home, +44 20 7946 0018 from abroad. value: E.164; anything else stays as it is.

    region: whose numbers are written without their country code.
    """
    if found := MOBILE.fullmatch(value):
        return found[1] if region == "CN" else value
    import phonenumbers  # its tables are large, and most numbers are mobile ones

    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return value
    written = phonenumbers.PhoneNumberFormat
    is_home = phonenumbers.region_code_for_number(number) == region
    return phonenumbers.format_number(number, written.NATIONAL if is_home else written.INTERNATIONAL)


def day(value: date | datetime, *, zone: tzinfo) -> str:
    return f"{_local(value, zone):%Y-%m-%d}"


def moment(value: datetime, *, zone: tzinfo) -> str:
    return f"{_local(value, zone):%Y-%m-%d %H:%M}"


def relative(value: date | datetime, *, now: datetime, zone: tzinfo) -> str:
    """“3 天前” within thirty days, the date itself beyond."""
    if not isinstance(value, datetime):
        return _relative_day((value - now.astimezone(zone).date()).days) or day(value, zone=zone)
    gap = value - now
    seconds = abs(gap).total_seconds()
    if seconds < 60:
        return _("just now")
    if seconds < 86_400:
        return _relative_clock(seconds, is_past=gap < timedelta())
    days = (value.astimezone(zone).date() - now.astimezone(zone).date()).days
    return _relative_day(days) or day(value, zone=zone)


def _relative_clock(seconds: float, *, is_past: bool) -> str:
    if seconds < 3600:
        count = int(seconds // 60)
        past = ngettext("%(count)s minute ago", "%(count)s minutes ago", count)
        ahead = ngettext("in %(count)s minute", "in %(count)s minutes", count)
    else:
        count = int(seconds // 3600)
        past = ngettext("%(count)s hour ago", "%(count)s hours ago", count)
        ahead = ngettext("in %(count)s hour", "in %(count)s hours", count)
    return (past if is_past else ahead) % {"count": count}


def _relative_day(days: int) -> str:
    if days == 0:
        return _("today")
    if days == -1:
        return _("yesterday")
    if days == 1:
        return _("tomorrow")
    count = abs(days)
    if count > 30:
        return ""
    if days < 0:
        return ngettext("%(count)s day ago", "%(count)s days ago", count) % {"count": count}
    return ngettext("in %(count)s day", "in %(count)s days", count) % {"count": count}


def _local(value: date | datetime, zone: tzinfo) -> date | datetime:
    if not isinstance(value, datetime):
        return value
    return value.astimezone(zone)


def _three_figures(value: Decimal) -> str:
    places = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    rounded = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    text = f"{rounded:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
