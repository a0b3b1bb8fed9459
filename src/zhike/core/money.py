"""Money is a Decimal with its ISO 4217 currency; rounding happens where it is shown."""

from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import list_currencies


@dataclass(frozen=True)
class Money:
    """An unrounded amount. currency: ISO 4217, three capital letters."""

    amount: Decimal
    currency: str


def is_currency(code: str) -> bool:
    return code in list_currencies()


def plain(amount: Decimal) -> str:
    """The number exactly, without an exponent and without zeros that say nothing: 129.9, 100, -0.005."""
    return format(amount.normalize(), "f") if amount else "0"
