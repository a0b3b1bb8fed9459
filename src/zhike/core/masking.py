"""Values with their middle left out: recognised by those who know them, of no use to others."""

import re

STARS = "****"
MOST_STARS = 6
_NOT_DIGIT = re.compile(r"[^0-9]")
_PLACE = re.compile(r"^.{2,20}?(?:自治州|地区|[市盟])(?:.{1,10}?[区县旗市])?")
_WORDS = 2


def name(value: str) -> str:
    """王小明 as 王*明, 王明 as 王*."""
    if len(value) < 3:
        return f"{value[:1]}*"
    return f"{value[0]}{'*' * min(len(value) - 2, MOST_STARS)}{value[-1]}"


def phone(value: str) -> str:
    """138****1234, whatever blanks, hyphens and country code it was written with."""
    digits = _NOT_DIGIT.sub("", value)
    if len(digits) == 13 and digits.startswith("86"):
        digits = digits[2:]
    if len(digits) >= 11:
        return f"{digits[:3]}{STARS}{digits[-4:]}"
    return f"{digits[:2]}{STARS}{digits[-2:]}" if len(digits) >= 8 else STARS


def email(value: str) -> str:
    """zhang@example.com as z***@example.com."""
    local, at, domain = value.rpartition("@")
    return f"{local[:1]}***@{domain}" if at and len(local) > 1 else f"***@{domain}" if at else code(value)


def id_number(value: str) -> str:
    """110101199003074258 as 110***********4258."""
    return f"{value[:3]}{'*' * (len(value) - 7)}{value[-4:]}" if len(value) >= 12 else STARS


def address(value: str) -> str:
    """As far as the city and its district; where none is named, the first two words or characters."""
    if place := _PLACE.match(value):
        return f"{place[0]}***"
    return f"{value[:_WORDS]}***" if len(value) > 3 * _WORDS else "***"


def code(value: str) -> str:
    """Ids of every other kind: two characters at either end."""
    return f"{value[:2]}{STARS}{value[-2:]}" if len(value) >= 8 else STARS


def amount(_value: str) -> str:
    """Money: neither the figure nor how many digits it has."""
    return STARS


def day(value: str) -> str:
    """1990-05-17 as 1990-**-**."""
    return f"{value[:4]}-**-**"


# What people type into free text: a phone number, an e-mail address, an identity number, each standing alone.
_PHONES = re.compile(r"(?<![0-9A-Za-z])(?:\+?86[ -]?)?1[3-9][0-9](?:[ -]?[0-9]{4}){2}(?![0-9A-Za-z])")
_LANDLINES = re.compile(r"(?<![0-9A-Za-z-])(?:\+?86[ -]?)?0[0-9]{2,3}[ -]?[0-9]{7,8}(?![0-9A-Za-z])")
_EMAILS = re.compile(r"[A-Za-z0-9._%+-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}")
ID_NUMBERS = re.compile(
    r"(?<![0-9A-Za-z])[1-9][0-9]{5}(?:18|19|20)[0-9]{2}[01][0-9][0-3][0-9][0-9]{3}[0-9Xx](?![0-9A-Za-z])"
)


def phones_within(text: str) -> str:
    return _LANDLINES.sub(lambda found: phone(found[0]), _PHONES.sub(lambda found: phone(found[0]), text))


def emails_within(text: str) -> str:
    return _EMAILS.sub(lambda found: email(found[0]), text)


def id_numbers_within(text: str) -> str:
    return ID_NUMBERS.sub(lambda found: id_number(found[0]), text)
