"""Amounts and quantities as files write them: ¥1,234.50, （300）, １２, 1e-05."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from zhike.core.text.columns import check_rest
from zhike.core.text.normal import Checked, half_width_number, one_line

if TYPE_CHECKING:
    from polars import Series

INTEGER_DIGITS = 16
_AMOUNT = re.compile(
    r"(?P<sign>[-+]?)(?P<whole>[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)?(?:\.(?P<part>[0-9]*))?(?:[eE](?P<power>[-+]?[0-9]{1,3}))?"
)
_CURRENCY = re.compile(
    r"^([-+(]*)\s*(?:[¥￥$€£]|RMB|CNY|USD|EUR|GBP|HK\$|US\$)\s*|\s*(?:元|RMB|CNY|USD|EUR|GBP)(\)?)$", re.IGNORECASE
)


def check_decimal(value: str) -> Checked:
    """Canonical digits: no grouping, no plus, no superfluous zero."""
    text = one_line(half_width_number(value)).lstrip("'")
    if not text:
        return None, None
    text = _CURRENCY.sub(r"\1\2", text).strip()
    negative = text.startswith("(") and text.endswith(")")
    text = (text[1:-1] if negative else text).replace("−", "-").replace(" ", "")
    found = _AMOUNT.fullmatch(text)
    if not found or not (found["whole"] or found["part"]):
        return None, "number_invalid"
    if found["power"] and "+" in found["power"] and len(found["part"] or "") < int(found["power"]) > 5:
        return None, "number_shortened"
    number = Decimal(text.replace(",", ""))
    if number.adjusted() >= INTEGER_DIGITS:
        return None, "number_too_large"
    return canonical(-number if negative else number), None


def canonical(number: Decimal) -> str:
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", "", "-"} else text


def check_integer(value: str) -> Checked:
    text, reason = check_decimal(value)
    if text is not None and "." in text:
        return None, "integer_invalid"
    return text, reason


def convert_decimals(cells: Series) -> tuple[Series, Series]:

    plain = cells.str.contains(r"^(0|-?[1-9][0-9]{0,15})$|^-?(0|[1-9][0-9]{0,15})\.[0-9]*[1-9]$").fill_null(False)
    zeros = cells.str.extract(r"^(-?(?:0|[1-9][0-9]{0,15})\.[0-9]*[1-9])0+$")
    zeros = zeros.zip_with(zeros.is_not_null(), cells.str.extract(r"^(-?[1-9][0-9]{0,15}|0)\.0+$"))
    return check_rest(cells, cells.zip_with(plain, zeros), check_decimal)


def convert_integers(cells: Series) -> tuple[Series, Series]:
    import polars as pl

    plain = cells.str.contains(r"^(?:0|-?[1-9][0-9]{0,15})$").fill_null(False)
    nothing = pl.Series([None], dtype=pl.String)
    return check_rest(cells, cells.zip_with(plain, nothing), check_integer)
