"""Cells of text to values ready for COPY, a column at a time, with the reason where a cell cannot be one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from zhike.core.text import columns, normal
from zhike.core.text.normal import Checked
from zhike.exchange import dates, numbers
from zhike.exchange.fields import FieldType

if TYPE_CHECKING:
    from polars import Series

CHINA = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Converted:
    """values: text in canonical form, null where empty or refused. reasons: a code, null where all is well."""

    values: Series
    reasons: Series


@dataclass(frozen=True)
class Manner:
    """How a file writes what could be read in two ways.

    zone: where times without an offset were taken. day_first: 5/1/2023 is the fifth of January. region: whose phone
    numbers need no country code.
    """

    zone: ZoneInfo = CHINA
    day_first: bool = False
    region: str = "CN"


def convert(
    cells: Series,
    type: FieldType,
    *,
    manner: Manner | None = None,
    finish: Callable[[str], Checked] | None = None,
) -> Converted:
    """A column of text as values of the type. finish: what a field makes of them further, once for each distinct value.

    DATE gives 2023-01-05; DATETIME gives 2023-01-05 08:26:00+00, in UTC; DECIMAL and INTEGER give digits without
    grouping, sign of plus or superfluous zeros; PHONE gives E.164; the rest give their normal form.
    """
    manner = manner or Manner()
    match type:
        case FieldType.DATE | FieldType.DATETIME:
            values, reasons = dates.convert(
                cells, with_time=type is FieldType.DATETIME, zone=manner.zone, day_first=manner.day_first
            )
        case FieldType.DECIMAL:
            values, reasons = numbers.convert_decimals(cells)
        case FieldType.INTEGER:
            values, reasons = numbers.convert_integers(cells)
        case FieldType.PHONE:
            values, reasons = columns.check_phones(cells, manner.region)
        case FieldType.EMAIL:
            values, reasons = columns.check_emails(cells)
        case FieldType.CODE:
            values, reasons = columns.check_codes(cells)
        case FieldType.WECHAT:
            values, reasons = columns.check_distinct(cells, normal.check_wechat)
        case FieldType.USCC:
            values, reasons = columns.check_distinct(cells, normal.check_uscc)
        case FieldType.ID_NUMBER:
            values, reasons = columns.check_distinct(cells, normal.check_id_number)
        case FieldType.NAME | FieldType.TEXT:
            values, reasons = columns.check_texts(cells)
    if finish is not None:
        values, unfit = columns.check_distinct(values, finish)
        reasons = reasons.zip_with(reasons.is_not_null(), unfit)
    return Converted(values, reasons)
