"""Cells of every type a file may hold become values, or are refused for a reason."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhike.exchange import dates, numbers
from zhike.exchange.conversion import CHINA, Manner, convert
from zhike.exchange.fields import FieldType


def one(cell: str | None, type: FieldType, manner: Manner | None = None) -> tuple[str | None, str | None]:
    converted = convert(pl.Series([cell], dtype=pl.String), type, manner=manner)
    return converted.values[0], converted.reasons[0]


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2023-01-05", "2023-01-05"),
        ("2023-1-5", "2023-01-05"),
        ("2023/1/5", "2023-01-05"),
        ("2023.1.5", "2023-01-05"),
        ("20230105", "2023-01-05"),
        ("2023年1月5日", "2023-01-05"),
        ("2023 年 01 月 05 日", "2023-01-05"),
        ("２０２３年１月５日", "2023-01-05"),
        ("2023-01-05 星期四", "2023-01-05"),
        ("1/13/2023", "2023-01-13"),
        ("1/5/23", "2023-01-05"),
        ("5 Jan 2023", "2023-01-05"),
        ("Jan 5, 2023", "2023-01-05"),
        ("44931", "2023-01-05"),
        ("44931.75", "2023-01-05"),
        ("2023-01-05T20:00:00Z", "2023-01-06"),
        ("2024-02-29", "2024-02-29"),
    ],
)
def test_dates_are_read_in_every_usual_form(written: str, day: str) -> None:
    assert one(written, FieldType.DATE) == (day, None)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2023-01-05 08:26:00", "2023-01-05 00:26:00+00"),
        ("2023-01-05 8:26", "2023-01-05 00:26:00+00"),
        ("2023/1/5 8:26:01", "2023-01-05 00:26:01+00"),
        ("2023-01-05T08:26:00", "2023-01-05 00:26:00+00"),
        ("2023-01-05T08:26:00.500000", "2023-01-05 00:26:00.500+00"),
        ("2023-01-05T08:26:00+08:00", "2023-01-05 00:26:00+00"),
        ("2023-01-05T08:26:00Z", "2023-01-05 08:26:00+00"),
        ("2023-01-05 08:26:00 +0100", "2023-01-05 07:26:00+00"),
        ("20230105082600", "2023-01-05 00:26:00+00"),
        ("20230105 08:26", "2023-01-05 00:26:00+00"),
        ("2023年1月5日 8时26分", "2023-01-05 00:26:00+00"),
        ("2023年1月5日 8时26分30秒", "2023-01-05 00:26:30+00"),
        ("2023/1/5 下午 3:20", "2023-01-05 07:20:00+00"),
        ("2023-01-05 上午12:05", "2023-01-04 16:05:00+00"),
        ("1/5/2023 3:20 PM", "2023-01-05 07:20:00+00"),
        ("44931.5", "2023-01-05 04:00:00+00"),
        ("1672878360", "2023-01-05 00:26:00+00"),
        ("1672878360000", "2023-01-05 00:26:00+00"),
        ("1986-05-04 00:30:00", "1986-05-03 16:30:00+00"),
    ],
)
def test_moments_are_read_in_the_zone_of_the_file(written: str, moment: str) -> None:
    value, reason = one(written, FieldType.DATETIME)
    assert reason is None
    assert value is not None
    assert datetime.fromisoformat(value) == datetime.fromisoformat(moment)


NO_DATES = ["2023-02-30", "20230230", "2023/13/01", "2023年2月30日", "2023-00-10", "31/31/2023", "0000-00-00", "123"]
NO_DATES += ["2023-01-05 25:00:00", "1899-12-31", "3000-01-01", "2023-04-31T00:00:00+08:00", "10:30", "soon"]


@pytest.mark.parametrize("written", NO_DATES)
def test_dates_that_do_not_exist_are_refused(written: str) -> None:
    assert one(written, FieldType.DATETIME) == (None, "date_invalid")
    assert one(written, FieldType.DATE) == (None, "date_invalid")


def test_a_date_shortened_by_a_spreadsheet_is_known_as_such() -> None:
    assert one("2.02301E+13", FieldType.DATETIME) == (None, "number_shortened")


def test_the_day_comes_first_where_the_file_says_so() -> None:
    assert one("5/1/2023", FieldType.DATE, Manner(day_first=True)) == ("2023-01-05", None)
    assert one("5/1/2023 10:00", FieldType.DATE) == ("2023-05-01", None)
    assert dates.puts_day_first(["1/5/2023", "13/1/2023"])
    assert not dates.puts_day_first(["1/5/2023", "1/13/2023", "2023/13/1"])


def test_a_time_that_the_clock_skipped_or_repeated_is_still_a_time() -> None:
    new_york = Manner(zone=ZoneInfo("America/New_York"))
    assert one("2023-03-12 02:30:00", FieldType.DATETIME, new_york) == ("2023-03-12 07:30:00+00", None)
    assert one("2023-11-05 01:30:00", FieldType.DATETIME, new_york) == ("2023-11-05 05:30:00+00", None)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("12", "12"),
        ("12.50", "12.5"),
        ("0.123456789", "0.123456789"),
        ("-3", "-3"),
        ("+3", "3"),
        ("007", "7"),
        (".5", "0.5"),
        ("1.", "1"),
        ("-0.00", "0"),
        ("¥1,234.50", "1234.5"),
        ("￥ 1,234,567", "1234567"),
        ("-¥5", "-5"),
        ("$ -3", "-3"),
        ("1234.5元", "1234.5"),
        ("RMB 12", "12"),
        ("12 CNY", "12"),
        ("（300.00）", "-300"),
        ("１２．５", "12.5"),
        ("1 234", "1234"),
        ("1e-05", "0.00001"),
        ("2.5E3", "2500"),
    ],
)
def test_amounts_are_read_exactly(written: str, value: str) -> None:
    assert one(written, FieldType.DECIMAL) == (value, None)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("abc", "number_invalid"),
        ("1,23", "number_invalid"),
        ("1.2.3", "number_invalid"),
        ("--", "number_invalid"),
        ("12%", "number_invalid"),
        ("5²", "number_invalid"),
        ("１½", "number_invalid"),
        ("⑴", "number_invalid"),
        ("1ᵉ5", "number_invalid"),
        ("#DIV/0!", "number_invalid"),
        ("NaN", "number_invalid"),
        ("1.38E+10", "number_shortened"),
        ("99999999999999999", "number_too_large"),
        ("1e999", "number_too_large"),
    ],
)
def test_what_is_no_amount_is_refused(written: str, reason: str) -> None:
    assert one(written, FieldType.DECIMAL) == (None, reason)


def test_whole_numbers_have_no_fraction() -> None:
    assert one("5.0", FieldType.INTEGER) == ("5", None)
    assert one("1,000", FieldType.INTEGER) == ("1000", None)
    assert one("5.5", FieldType.INTEGER) == (None, "integer_invalid")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**15), max_value=10**15))
def test_no_digit_of_an_amount_is_lost(amount: Decimal) -> None:
    value, reason = one(f"{amount:f}", FieldType.DECIMAL)
    assert reason is None
    assert value is not None
    assert Decimal(value) == amount
    assert value == numbers.canonical(amount)


MESSY = st.text(st.sampled_from("0123456789-/.:, T年月日ZE+¥()"), max_size=20)
DAYS = st.dates(date(1901, 1, 1), date(2199, 12, 30))
MOMENTS = st.builds("{} {}".format, DAYS, st.times())


@given(st.lists(st.none() | MESSY | MOMENTS | DAYS.map(str)))
def test_a_column_of_dates_is_read_as_its_cells_are(cells: list[str | None]) -> None:
    for with_time in (False, True):
        values, reasons = dates.convert(pl.Series(cells, dtype=pl.String), with_time=with_time, zone=CHINA)
        for cell, value, reason in zip(cells, values, reasons, strict=True):
            alone = (None, None) if cell is None else dates.check_date(cell, with_time=with_time, zone=CHINA)
            assert reason == alone[1]
            assert (value and datetime.fromisoformat(value)) == (alone[0] and datetime.fromisoformat(alone[0]))


@given(st.lists(st.none() | MESSY | st.floats(allow_nan=False, allow_infinity=False).map(str) | st.integers().map(str)))
def test_a_column_of_amounts_is_read_as_its_cells_are(cells: list[str | None]) -> None:
    column = pl.Series(cells, dtype=pl.String)
    for by_column, by_cell in [
        (numbers.convert_decimals, numbers.check_decimal),
        (numbers.convert_integers, numbers.check_integer),
    ]:
        values, reasons = by_column(column)
        alone = [(None, None) if cell is None else by_cell(cell) for cell in cells]
        assert list(zip(values, reasons, strict=True)) == alone


def test_every_type_leaves_empty_cells_empty() -> None:
    for type in FieldType:
        assert one(None, type) == (None, None)
        assert one("  ", type) == (None, None)
