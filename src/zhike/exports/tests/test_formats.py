"""Each format holds values as such, its number, and nothing that a program would run."""

import re
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import fastexcel
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from zhike.exports.api import FILE
from zhike.exports.formats import FORMATS, csv, parquet, sheet, vcard
from zhike.exports.formats.head import Head
from zhike.exports.marks import Mark, find_codes, new_code

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
MARK = Mark(code="X23456789A", who="老板 & Co", at=NOON, zone=ZoneInfo("Asia/Shanghai"), lines=(("By", "老板"),))
HEADS = [
    Head(key="name", label="名称"),
    Head(key="amount", label="金额", type="decimal"),
    Head(key="birthday", label="生日", type="date"),
    Head(key="created", label="创建", type="moment"),
    Head(key="phones", label="电话"),
]
ROWS: list[list[Any]] = [
    ["=1+1", Decimal("12345678901234567.123456"), date(1990, 5, 17), NOON, ["13800138000", "021-1"]],
    ["张三", None, None, None, []],
]


def test_csv_opens_in_excel_carries_its_number_in_every_row_and_runs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    csv.write(path, HEADS, iter(ROWS), MARK)
    assert path.read_bytes().startswith(csv.BOM)
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    assert lines[1] == ("'=1+1,12345678901234567.123456,1990-05-17,2026-11-22 12:00:00,13800138000; 021-1,X23456789A")
    assert lines[2] == "张三,,,,,X23456789A"
    csv.write(path, HEADS, iter(ROWS), MARK, has_bom=False)
    assert path.read_text(encoding="utf-8").splitlines()[1:] == lines[1:]


def test_csv_has_numbers_without_the_noughts_of_their_column(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    numbers = ("302.400000", "-3.500000", "100.000000", "1200", "0.000000", "0.000001")
    csv.write(path, HEADS[1:2], ([Decimal(one)] for one in numbers), MARK)
    told = [line.split(",")[0] for line in path.read_text(encoding="utf-8-sig").splitlines()[1:]]
    assert told == ["302.4", "-3.5", "100", "1200", "0", "0.000001"]


def test_a_workbook_says_on_each_page_and_on_a_sheet_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    sheet.write(path, HEADS, iter(ROWS), MARK)
    book = fastexcel.read_excel(path)
    assert book.load_sheet(0).to_polars()["名称"].to_list() == ["=1+1", "张三"]
    assert len(book.sheet_names) == 2
    with zipfile.ZipFile(path) as archive:
        page = archive.read("xl/worksheets/sheet1.xml").decode()
        assert MARK.code in page
        assert "老板 &amp;&amp; Co" in page
        assert "<f>" not in page
        assert MARK.code in archive.read("docProps/custom.xml").decode()


def test_parquet_has_types_and_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    parquet.write(path, HEADS, iter([*ROWS, ["李四", "****", "1990-**-**", None, "x"]]), MARK)
    table = pq.read_table(path)
    assert table.schema.metadata[b"zhike.export"] == MARK.code.encode()
    assert table.to_pylist() == [
        {
            "name": "=1+1",
            "amount": Decimal("12345678901234567.12345600"),
            "birthday": date(1990, 5, 17),
            "created": NOON,
            "phones": "13800138000; 021-1",
        },
        {"name": "张三", "amount": None, "birthday": None, "created": None, "phones": ""},
        {"name": "李四", "amount": None, "birthday": None, "created": None, "phones": "x"},
    ]


def read_card(content: bytes) -> list[tuple[str, str]]:
    """The content lines of RFC 6350, unfolded, by the letter of the text."""
    text = content.decode()
    assert all(len(line) <= vcard.LONGEST_LINE for line in content.split(b"\r\n"))
    assert text.endswith("\r\n")
    lines = re.sub("\r\n ", "", text).removesuffix("\r\n").split("\r\n")
    return [(name, value) for line in lines for name, _colon, value in [line.partition(":")]]


def test_a_contact_follows_the_standard() -> None:
    content = vcard.card(
        {
            "UID": "urn:zhike:customer:7",
            "KIND": "individual",
            "FN": "张三; Ltd,\\",
            "TEL": ["13800138000", "021-1"],
            "EMAIL": [],
            "ADR.street": ["外滩 1 号"],
            "ADR.locality": "上海",
            "ADR.region": "",
            "BDAY": date(1990, 5, 17),
            "CATEGORIES": ["vip", "a,b"],
            "NOTE": "第一行\r\n第二行" + "很长" * 40,
            "REV": NOON,
        },
        mark=MARK,
    )
    card = dict(read_card(content))
    assert list(card)[:2] == ["BEGIN", "VERSION"]
    assert card["VERSION"] == "4.0"
    assert card["FN"] == "张三\\; Ltd\\,\\\\"
    assert card["TEL;VALUE=text"] == "021-1"
    assert card["ADR"] == ";;外滩 1 号;上海;;;"
    assert card["BDAY"] == "19900517"
    assert card["CATEGORIES"] == "vip,a\\,b"
    assert card["NOTE"].startswith("第一行\\n第二行很长")
    assert card["REV"] == "20261122T040000Z"
    assert card["X-ZHIKE-EXPORT"] == MARK.code
    assert "EMAIL" not in card


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=200))
def test_folded_lines_are_short_and_come_back_whole(text: str) -> None:
    [(name, value)] = read_card(vcard.fold(f"NOTE:{vcard.escape(text)}"))
    assert (name, value) == ("NOTE", vcard.escape(text))


def test_numbers_are_found_in_whatever_is_pasted() -> None:
    code = new_code()
    assert find_codes(f"张三,138,{code.lower()}\n{code} XABC") == [code]
    assert find_codes("nothing") == []


def test_the_contract_names_what_each_file_is_sent_as() -> None:
    assert {*FILE["responses"][200]["content"]} == {one.media_type for one in FORMATS.values()}
