"""Files of every format and encoding read as the same rows, real ones included."""

import codecs
import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhike.exchange.conversion import convert
from zhike.exchange.fields import FieldType
from zhike.exchange.files import ROW, Reading, Table, open_file, write_refused
from zhike.exchange.files.export import Cell, neutralise, write_xlsx
from zhike.exchange.reasons import FileProblem

ENCODINGS = {
    "utf-8": ("utf-8", b""),
    "utf-8 with mark": ("utf-8", codecs.BOM_UTF8),
    "utf-16-le": ("utf-16-le", codecs.BOM_UTF16_LE),
    "utf-16-be": ("utf-16-be", codecs.BOM_UTF16_BE),
    "gb18030": ("gb18030", b""),
}


def rows_of(table: Table, size: int = 50_000) -> list[tuple[str | None, ...]]:
    return [row[1:] for batch in table.batches(size) for row in batch.rows.iter_rows()]


def opened(folder: Path, content: bytes, name: str = "客户.csv", reading: Reading | None = None) -> Table:
    path = folder / "upload"
    path.write_bytes(content)
    return open_file(path, name=name, reading=reading)


# --- what is recognised --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|", "，"])
def test_encoding_and_delimiter_are_recognised(tmp_path: Path, encoding: str, delimiter: str) -> None:
    codec, mark = ENCODINGS[encoding]
    text = "姓名;手机;金额\r\n张伟;13800138000;1.50\r\n李娜;13900139000;2.25\r\n".replace(";", delimiter)
    table = opened(tmp_path, mark + text.encode(codec))
    assert (table.codec.codec, table.codec.bom, table.delimiter) == (codec, mark, delimiter)  # type: ignore[attr-defined]
    assert table.columns == ("姓名", "手机", "金额")
    assert rows_of(table) == [("张伟", "13800138000", "1.50"), ("李娜", "13900139000", "2.25")]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_wide_text_without_a_mark_is_recognised(tmp_path: Path, codec: str) -> None:
    text = "id,姓名,amount\n" + "".join(f"{i},张伟,{i}.50\n" for i in range(50))
    assert rows_of(opened(tmp_path, text.encode(codec)))[3] == ("3", "张伟", "3.50")


@pytest.mark.parametrize("word", ["联通", "未知", "客户"])
def test_few_chinese_words_are_told_from_letters_of_other_scripts(tmp_path: Path, word: str) -> None:
    lines = "".join(f"{i},plain\n" for i in range(100_000))
    content = f"id,name\n{lines}1,{word}\n".encode("gb18030")
    assert rows_of(opened(tmp_path, content))[-1] == ("1", word)


def test_cyrillic_and_western_letters_are_not_taken_for_chinese(tmp_path: Path) -> None:
    assert rows_of(opened(tmp_path, "id,имя\n1,Привет\n".encode())) == [("1", "Привет")]
    assert rows_of(opened(tmp_path, "id,name\n1,10 £ gift\n2,5 £\n".encode("cp1252"))) == [
        ("1", "10 £ gift"),
        ("2", "5 £"),
    ]


def test_a_person_may_correct_what_was_recognised(tmp_path: Path) -> None:
    table = opened(tmp_path, b"a;b,c\n1;2,3\n", reading=Reading(delimiter=",", header=False))
    assert table.columns == ("#1", "#2")
    assert rows_of(table) == [("a;b", "c"), ("1;2", "3")]


def test_columns_of_a_file_without_header_are_numbered(tmp_path: Path) -> None:
    table = opened(tmp_path, b"00004 19970101  2   29.33\r\n00021 19970103  1    3.50\r\n")
    assert (table.columns, table.header_row, table.delimiter) == (("#1", "#2", "#3", "#4"), 0, " ")
    assert [row[0] for batch in table.batches() for row in batch.rows.iter_rows()] == [1, 2]


def test_a_column_of_names_with_blanks_is_one_column(tmp_path: Path) -> None:
    table = opened(tmp_path, b"name\nJohn Smith\nMary Ann Miller\n")
    assert rows_of(table) == [("John Smith",), ("Mary Ann Miller",)]


def test_titles_above_the_header_are_left_out_and_told(tmp_path: Path) -> None:
    table = opened(tmp_path, "客户列表,,\n导出时间：2023-01-05,,\n姓名,手机,城市\n张伟,13800138000,上海\n".encode())
    assert (table.columns, table.header_row) == (("姓名", "手机", "城市"), 3)
    assert [row for batch in table.batches() for row in batch.rows.iter_rows()] == [(4, "张伟", "13800138000", "上海")]
    assert len(table.warnings) == 1


def test_double_and_missing_names_are_told_apart(tmp_path: Path) -> None:
    table = opened(tmp_path, "电话,电话,,#row\n1,2,3,4\n".encode())
    assert table.columns == ("电话", "电话 (2)", "#3", "#row (2)")
    assert len(table.warnings) == 3


def test_rows_are_numbered_as_a_person_counts(tmp_path: Path) -> None:
    content = 'a,b\n1,"x\ny"\n\n2,z\n,\n3,w\n'
    table = opened(tmp_path, content.encode())
    rows = [row for batch in table.batches() for row in batch.rows.iter_rows()]
    assert rows == [(2, "1", "x\ny"), (4, "2", "z"), (6, "3", "w")]


def test_quotation_marks_within_a_cell_are_text(tmp_path: Path) -> None:
    table = opened(tmp_path, b'a,b,c\n5" screen,"say ""hi""",x"y\n1,2,3\n')
    assert rows_of(table) == [('5" screen', 'say "hi"', 'x"y'), ("1", "2", "3")]


def test_surplus_empty_cells_are_no_mistake(tmp_path: Path) -> None:
    assert rows_of(opened(tmp_path, b"a,b\n1,2,,\n3,4\n")) == [("1", "2"), ("3", "4")]


def test_lines_may_end_in_any_way(tmp_path: Path) -> None:
    for end in ("\n", "\r\n", "\r"):
        assert rows_of(opened(tmp_path, f"a,b{end}1,2{end}3,4".encode())) == [("1", "2"), ("3", "4")]


def test_json_lines_keep_the_digits_of_their_numbers(tmp_path: Path) -> None:
    content = (
        '{"金额": 1.10, "号": 12345678901234567890, "新": true}\n\n{"金额": null, "城市": "上海", "l": [1, "a"]}\n'
    )
    table = opened(tmp_path, content.encode())
    assert table.columns == ("金额", "号", "新", "城市", "l")
    assert rows_of(table) == [
        ("1.10", "12345678901234567890", "true", None, None),
        (None, None, None, "上海", '["1","a"]'),
    ]


def test_a_typed_column_loses_nothing_as_text(tmp_path: Path) -> None:
    moment = datetime(2010, 12, 1, 8, 26, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "id": [17850.0, None],
            "price": [2.55, 1e-7],
            "exact": [Decimal("1234567890123456.123456"), Decimal("0.100000")],
            "at": [moment.replace(tzinfo=None), moment.replace(tzinfo=None, microsecond=1500)],
            "moment": [moment, None],
            "on": [date(2010, 12, 1), None],
            "yes": [True, False],
            "big": [2**62, -1],
        }
    )
    path = tmp_path / "upload"
    frame.write_parquet(path)
    assert rows_of(open_file(path, name="a.parquet"))[0][:4] == (
        "17850",
        "2.55",
        "1234567890123456.123456",
        "2010-12-01 08:26:00",
    )
    assert rows_of(open_file(path, name="a.parquet"))[0][4:] == (
        "2010-12-01 08:26:00+00:00",
        "2010-12-01",
        "true",
        str(2**62),
    )
    assert rows_of(open_file(path, name="a.parquet"))[1] == (
        *(None, "1e-7", "0.100000", "2010-12-01 08:26:00.001500", None, None, "false", "-1"),
    )


def test_a_sheet_is_read_as_it_shows(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    first: list[Cell] = [17850, 2.55, "00123", datetime(2010, 12, 1, 8, 26, tzinfo=UTC), None]
    write_xlsx(path, ["编号", "单价", "代码", "时间", "是"], [first, [1.5e15, 0.1, "张伟", None, True]])
    table = open_file(path, name="a.xlsx")
    assert (table.format, table.row_estimate, table.header_row) == ("xlsx", 2, 1)
    assert rows_of(table) == [
        ("17850", "2.55", "00123", "2010-12-01 08:26:00", None),
        ("1500000000000000", "0.1", "张伟", None, "true"),
    ]


def test_errors_of_a_sheet_do_not_pass_for_empty_cells(tmp_path: Path) -> None:
    from xlsxwriter import Workbook

    path = tmp_path / "upload"
    with Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(2, 1, ["名称", "金额"])
        sheet.write_row(3, 1, ["甲"])
        sheet.write_formula(3, 2, "=1/0", None, "#DIV/0!")
        sheet.write_formula(5, 1, "=VLOOKUP(1,A:A,1)", None, "#N/A")
        sheet.write_formula(5, 2, "=1+1", None, 2)
    table = open_file(path, name="a.xlsx")
    assert [row for batch in table.batches() for row in batch.rows.iter_rows()] == [
        (4, "甲", "#DIV/0!"),
        (6, "#N/A", "2"),
    ]


# --- whatever was written is read ----------------------------------------------------------------------------------

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cn", "Cc", "Co"]) | st.sampled_from(' ",;|\t\n="\'，1aé张'),
    max_size=12,
).filter(lambda text: text.strip() == text and "\ufeff" not in text and "\u2028" not in text)
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(TEXT, min_size=width, max_size=width).filter(any), min_size=1, max_size=8)
)
GENERATED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


# Each workbook is read by a process of its own.
FEW = settings(GENERATED, max_examples=6)


def header(width: int) -> list[str]:
    return [f"列 {chr(65 + number)}" for number in range(width)]


def expected(rows: list[list[str]]) -> list[tuple[str | None, ...]]:
    return [tuple(cell or None for cell in row) for row in rows]


@GENERATED
@given(
    rows=TABLES, encoding=st.sampled_from(sorted(ENCODINGS)), delimiter=st.sampled_from(",\t;|"), size=st.integers(1, 9)
)
def test_delimited_text_comes_back(
    tmp_path: Path, rows: list[list[str]], encoding: str, delimiter: str, size: int
) -> None:
    codec, mark = ENCODINGS[encoding]
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([header(len(rows[0])), *rows])
    reading = Reading(delimiter=delimiter, encoding=codec if not mark else None, header=True)
    table = opened(tmp_path, mark + written.getvalue().encode(codec), reading=reading)
    assert rows_of(table, size) == expected(rows)


@GENERATED
@given(rows=TABLES)
def test_json_lines_come_back(tmp_path: Path, rows: list[list[str]]) -> None:
    names = header(len(rows[0]))
    content = "".join(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) + "\n" for row in rows)
    assert rows_of(opened(tmp_path, content.encode(), "a.jsonl")) == expected(rows)


@FEW
@given(rows=TABLES)
def test_sheets_come_back(tmp_path: Path, rows: list[list[str]]) -> None:
    path = tmp_path / "upload"
    write_xlsx(path, header(len(rows[0])), rows)
    assert rows_of(open_file(path, name="a.xlsx", reading=Reading(header=True))) == expected(rows)


@GENERATED
@given(rows=TABLES)
def test_parquet_comes_back(tmp_path: Path, rows: list[list[str]]) -> None:
    path = tmp_path / "upload"
    pl.DataFrame(rows, schema=header(len(rows[0])), orient="row").write_parquet(path)
    assert rows_of(open_file(path, name="a.parquet")) == expected(rows)


@FEW
@given(rows=TABLES)
def test_refused_rows_of_sheets_come_back_with_their_reasons(tmp_path: Path, rows: list[list[str]]) -> None:
    check_refused(tmp_path, rows, "xlsx")


@GENERATED
@given(rows=TABLES, form=st.sampled_from(["csv", "parquet", "jsonl"]))
def test_refused_rows_come_back_with_their_reasons(tmp_path: Path, rows: list[list[str]], form: str) -> None:
    check_refused(tmp_path, rows, form)


def check_refused(tmp_path: Path, rows: list[list[str]], form: str) -> None:
    path, target, names = tmp_path / "upload", tmp_path / "refused", header(len(rows[0]))
    if form == "csv":
        path.write_bytes(pl.DataFrame(rows, schema=names, orient="row").write_csv(quote_style="always").encode())
    elif form == "jsonl":
        path.write_text("".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows))
    elif form == "parquet":
        pl.DataFrame(rows, schema=names, orient="row").write_parquet(path)
    else:
        write_xlsx(path, names, rows)
    reading = Reading(header=True, delimiter="," if form == "csv" else None, encoding="utf-8")
    table = open_file(path, name=f"a.{form}", reading=reading)
    reasons = {row: f"because {row}" for batch in table.batches() for row in batch.rows[ROW]}
    assert write_refused(table, reasons, target) == len(rows)
    again = rows_of(open_file(target, name=f"b.{form}", reading=reading))
    shown = [[neutralise(cell) if form == "csv" else cell for cell in row] for row in rows]
    assert again == [(*row, reason) for row, reason in zip(expected(shown), reasons.values(), strict=True)]


@GENERATED
@given(content=st.binary(max_size=300), skip=st.integers(0, 5))
def test_any_bytes_are_read_or_refused_and_resumed_alike(tmp_path: Path, content: bytes, skip: int) -> None:
    try:
        table = opened(tmp_path, b"a,b\n1,2\n" + content)
    except FileProblem:
        return
    whole = list(table.batches())
    end = whole[-1].end if whole else 0
    later = list(table.batches(size=2, skip_rows=skip))
    passed = skip + table.rows_above  # type: ignore[attr-defined]
    assert [row for batch in later for row in batch.rows.iter_rows()] == [
        row for batch in whole for row in batch.rows.iter_rows() if row[0] > passed
    ]
    assert [row for batch in later for row in batch.refused] == [
        row for batch in whole for row in batch.refused if row.row > passed
    ]
    assert not later or later[-1].end == end


# --- real files ----------------------------------------------------------------------------------------------------


def test_a_file_of_purchases_separated_by_blanks_is_read_whole(trial_data: Path) -> None:
    table = open_file(trial_data / "cdnow" / "CDNOW_master.txt", name="CDNOW_master.txt")
    assert (table.columns, table.delimiter) == (("customer_id", "date", "number_of_cds", "dollar_value"), " ")
    frame = pl.concat(batch.rows for batch in table.batches())
    assert (frame.height, frame["customer_id"].n_unique()) == (69_659, 23_570)
    assert frame[ROW].to_list() == list(range(2, 69_661))


def test_a_file_without_header_is_read_whole(trial_data: Path) -> None:
    table = open_file(trial_data / "cdnow" / "CDNOW_sample.txt", name="CDNOW_sample.txt")
    assert (len(table.columns), table.header_row) == (5, 0)
    assert sum(batch.rows.height for batch in table.batches()) == 6_919


@pytest.mark.parametrize("form", ["parquet", "csv in gb18030"])
def test_a_file_of_order_lines_is_read_whole(trial_data: Path, tmp_path: Path, form: str) -> None:
    path = trial_data / "online_retail" / "online_retail.parquet"
    if form != "parquet":
        text = pl.read_parquet(path).write_csv().replace("Unknown", "未知")
        path = tmp_path / "online_retail.csv"
        path.write_bytes(text.encode("gb18030"))
    table = open_file(path, name=path.name)
    frame = pl.concat(batch.rows for batch in table.batches())
    exact = pl.Decimal(20, 6)
    amount = frame.select((pl.col("Quantity").cast(exact) * pl.col("UnitPrice").cast(exact)).sum()).item()
    assert frame.height == 541_909
    assert frame["CustomerID"].null_count() == 135_080
    assert convert(frame["CustomerID"], FieldType.CODE).values.drop_nulls()[0] == "17850"
    assert amount == Decimal("9747747.934")
