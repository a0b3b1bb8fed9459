"""Exports hold numbers, dates and text as such, and nothing that a spreadsheet would run."""

import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from zhike.exchange.files import open_file
from zhike.exchange.files.export import Cell, csv_chunks, looks_like_formula, write_xlsx

FORMULAS = ["=1+1", "+A1", "-A1", "@SUM(A1)", "\tx", "\rx", "=HYPERLINK(0)", "＝1+1", "-1+cmd|' /C calc'!A0"]
HARMLESS = ["-5", "+8613800138000", "-1,234.50", "+86 138-0013-8000", "-", "--", "张伟", "a=b", "1-2", "-12.5%"]


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_neutralised_in_exports(tmp_path: Path, text: str) -> None:
    content = b"".join(csv_chunks(["a", "b"], [[text, "x"]])).decode("utf-8-sig")
    assert f"'{text}" in content
    path = tmp_path / "a.xlsx"
    write_xlsx(path, ["a"], [[text]])
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert 'quotePrefix="1"' in archive.read("xl/styles.xml").decode()


@pytest.mark.parametrize("text", HARMLESS)
def test_numbers_and_ordinary_text_stay_as_they_are(text: str) -> None:
    assert not looks_like_formula(text)


def test_numbers_dates_and_moments_are_exported_as_such(tmp_path: Path) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    row: list[Cell] = [
        1,
        Decimal("0.100000"),
        Decimal("12345678901234567.89"),
        date(2023, 1, 5),
        datetime(2023, 1, 5, tzinfo=UTC),
        None,
    ]
    text = b"".join(csv_chunks(["a", "b", "c", "d", "e", "f"], [row], zone=zone)).decode("utf-8-sig")
    assert text.splitlines()[1] == "1,0.100000,12345678901234567.89,2023-01-05,2023-01-05 08:00:00,"
    path = tmp_path / "a.xlsx"
    write_xlsx(path, ["a", "b", "c", "d", "e", "f"], [row], zone=zone)
    table = open_file(path, name="a.xlsx")
    assert [row for batch in table.batches() for row in batch.rows.iter_rows()] == [
        (2, "1", "0.1", "12345678901234567.89", "2023-01-05 00:00:00", "2023-01-05 08:00:00", None)
    ]
