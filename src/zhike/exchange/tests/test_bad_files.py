"""Broken, hostile and oversized files: a message that names file, row and column, and all good rows kept."""

import io
import json
import os
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from zhike.exchange.files import Limits, Reading, RefusedRow, Table, ending, open_file, write_refused
from zhike.exchange.files.delimited import DelimitedTable
from zhike.exchange.files.export import write_xlsx
from zhike.exchange.reasons import FileProblem


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def opened(folder: Path, content: bytes, name: str = "客户.csv", limits: Limits | None = None) -> Table:
    path = folder / "upload"
    path.write_bytes(content)
    return open_file(path, name=name, limits=limits)


def read(table: Table) -> tuple[list[tuple[object, ...]], list[RefusedRow]]:
    batches = list(table.batches())
    rows = [row for batch in batches for row in batch.rows.iter_rows()]
    return rows, [row for batch in batches for row in batch.refused]


def workbook(folder: Path, rows: int = 2_000) -> bytes:
    path = folder / "whole.xlsx"
    write_xlsx(path, ["姓名", "手机"], [[f"张伟{i}", f"138{i:08}"] for i in range(rows)])
    return path.read_bytes()


# --- files that cannot be read at all ------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_workbook_cut_short_is_refused_by_name(tmp_path: Path, share: float) -> None:
    whole = workbook(tmp_path)
    with pytest.raises(FileProblem, match=r"客户\.xlsx is damaged or was cut short"):
        opened(tmp_path, whole[: int(len(whole) * share)], "客户.xlsx")


def test_a_workbook_damaged_within_is_refused(tmp_path: Path) -> None:
    whole = bytearray(workbook(tmp_path))
    whole[len(whole) // 3 : len(whole) // 3 + 40] = os.urandom(40)
    with pytest.raises(FileProblem, match="damaged"):
        opened(tmp_path, bytes(whole), "客户.xlsx")


def bomb(size: int) -> bytes:
    content = io.BytesIO()
    with (
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as part,
    ):
        for _ in range(size // 1024**2):
            part.write(b"0" * 1024**2)
    return content.getvalue()


def test_a_bomb_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"客户\.xlsx would unpack to 100 MB"):
        opened(tmp_path, bomb(100 * 1024**2), "客户.xlsx")


def test_a_bomb_that_lies_about_its_size_is_not_opened(tmp_path: Path) -> None:
    content = bytearray(bomb(100 * 1024**2))
    directory = content.rindex(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = struct.pack("<I", 1000)
    with pytest.raises(FileProblem):
        opened(tmp_path, bytes(content), "客户.xlsx")


def test_two_cells_far_apart_do_not_bring_the_server_down(tmp_path: Path) -> None:
    content = workbook(tmp_path, rows=2)
    far = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(far, "w", zipfile.ZIP_DEFLATED) as changed:
        for part in archive.infolist():
            text = archive.read(part)
            if part.filename == "xl/worksheets/sheet1.xml":
                row = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
                text = text.replace(b"</sheetData>", row)
            changed.writestr(part, text)
    with pytest.raises(FileProblem, match=r"客户\.xlsx asks for more memory or time than is allowed"):
        opened(tmp_path, far.getvalue(), "客户.xlsx")


def test_nothing_is_left_of_a_workbook_that_was_read(tmp_path: Path) -> None:
    table = opened(tmp_path, workbook(tmp_path), "客户.xlsx")
    assert len(read(table)[0]) == 2_000
    del table
    assert sorted(path.name for path in tmp_path.iterdir()) == ["upload", "whole.xlsx"]


def test_a_zip_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("客户.csv", "a,b\n1,2\n")
    with pytest.raises(FileProblem, match="no Excel workbook"):
        opened(tmp_path, content.getvalue(), "客户.zip")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"%PDF-1.7 ...", "is a PDF file"),
        (b"\x1f\x8b\x08\x00", "is a gzip file"),
        ("<html><table><tr><td>张伟".encode(), "is a web page"),
        (b"PAR1 and no more", "is not a whole Parquet file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "is damaged"),
    ],
)
def test_what_is_no_table_is_refused_by_name(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(FileProblem, match=r"客户\.csv " + message):
        opened(tmp_path, content)


def test_a_parquet_file_cut_short_is_refused(tmp_path: Path) -> None:
    whole = io.BytesIO()
    pl.DataFrame({"a": range(1000)}).write_parquet(whole)
    with pytest.raises(FileProblem, match="not a whole Parquet file"):
        opened(tmp_path, whole.getvalue()[:-20], "a.parquet")


def test_a_parquet_file_that_repeats_a_long_text_is_read_in_bearable_parts(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 3_000 + [1], pa.int32()), pa.array(["x" * 1_000_000, "y"]))
    parquet.write_table(pa.table({"a": long}), path, store_schema=False)
    assert path.stat().st_size < 100_000
    batches = list(open_file(path, name="a.parquet").batches())
    assert len(batches) > 1
    assert [row for batch in batches for row in batch.rows.iter_rows()] == [(3_002, "y")]
    assert {row.reason for batch in batches for row in batch.refused} == {"cell_too_long"}


def test_a_file_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    with path.open("wb") as file:
        file.write(b"a,b\n1,2\n")
        file.truncate(2 * 1024**3 + 1)
    with pytest.raises(FileProblem, match=r"客户\.csv is larger than the 2048 MB allowed"):
        open_file(path, name="客户.csv")


def test_two_hundred_columns_are_read_and_six_hundred_refused(tmp_path: Path) -> None:
    def wide(count: int) -> bytes:
        return "\n".join([",".join(f"c{i}" for i in range(count)), ",".join("x" * count)]).encode()

    assert len(read(opened(tmp_path, wide(200)))[0][0]) == 201
    with pytest.raises(FileProblem, match=r"客户\.csv has 600 columns; at most 500"):
        opened(tmp_path, wide(600))


# --- rows that cannot be read --------------------------------------------------------------------------------------

HEAD = "姓名,手机,城市\n张伟,13800138000,上海\n"
TAIL = "李娜,13900139000,北京\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("王芳,139", "The row has 2 columns, the header has 3"),
        ("王芳,139,北京,海淀", "The row has 4 columns, the header has 3"),
        ("王\0芳,139,北京", "Column “姓名” holds a NUL character"),
        (f"王芳,139,{'长' * 70_000}", "The cell in column “城市” is longer than 65536 characters"),
        ('王芳,"139,北京', "A quotation mark in column “手机” is opened and never closed"),
    ],
)
def test_a_bad_row_is_refused_with_its_place_and_the_others_are_read(tmp_path: Path, line: str, message: str) -> None:
    rows, refused = read(opened(tmp_path, f"{HEAD}{line}\n{TAIL}".encode()))
    assert [row[:2] for row in rows] == [(2, "张伟"), (4, "李娜")]
    assert [row.message("客户.csv") for row in refused] == [f"客户.csv, row 3: {message}"]


@pytest.mark.parametrize(("codec", "other", "label"), [("utf-8", "gb18030", "UTF-8"), ("gb18030", "utf-8", "GB18030")])
def test_a_row_in_another_encoding_is_refused_with_its_place(
    tmp_path: Path, codec: str, other: str, label: str
) -> None:
    head = HEAD + "".join(f"客户{i},138{i:08},上海市浦东新区\n" for i in range(100))
    content = head.encode(codec) + "a,139,北京市海淀区\n".encode(other) + TAIL.encode(codec)
    rows, refused = read(opened(tmp_path, content))
    assert len(rows) == 102
    assert [row.text() for row in refused] == [
        f"Column “城市” is not {label} from byte 7 of the line; the file mixes encodings"
    ]
    assert refused[0].row == 103
    assert refused[0].cells == ("a", "139", "北京市海淀区")


def test_a_cell_of_ten_megabytes_is_refused_and_not_kept(tmp_path: Path) -> None:
    for cell in ("x" * 10_000_000, '"' + "x\n" * 5_000_000 + '"'):
        rows, refused = read(opened(tmp_path, f"{HEAD}王芳,139,{cell}\n{TAIL}".encode()))
        assert [row[1] for row in rows] == ["张伟", "李娜"]
        assert [(row.row, row.reason, row.column) for row in refused] == [(3, "cell_too_long", "城市")]
        assert sum(len(cell or "") for cell in refused[0].cells) < 70_000


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    with path.open("wb") as file:
        file.write(HEAD.encode())
        for _ in range(40):
            file.write(b"x" * 1024**2)
        file.write(b"\n" + TAIL.encode())
    table = open_file(path, name="客户.csv")
    rows, refused = read(table)
    assert [row[1] for row in rows] == ["张伟", "李娜"]
    assert [(row.row, row.reason) for row in refused] == [(3, "cell_too_long")]


def test_bad_lines_of_json_are_refused_and_the_others_read(tmp_path: Path) -> None:
    lines = ['{"姓名": "张伟"}', '{"姓名": ', "[1]", '{"姓名": "王\\u0000芳"}', '{"姓名": "李娜"}']
    rows, refused = read(opened(tmp_path, "\n".join(lines).encode(), "a.jsonl"))
    assert rows == [(1, "张伟"), (5, "李娜")]
    assert [(row.row, row.reason) for row in refused] == [(2, "not_json"), (3, "not_json"), (4, "nul")]


def test_half_a_character_of_json_is_refused(tmp_path: Path) -> None:
    lines = ['{"姓名": "张伟"}', '{"姓名": "\\ud800"}', '{"姓名": "\\ud83d\\ude00"}', '{"姓名": "x", "\\u0000": "y"}']
    rows, refused = read(opened(tmp_path, "\n".join(lines).encode(), "a.jsonl"))
    assert [row[:2] for row in rows] == [(1, "张伟"), (3, "😀"), (4, "x")]
    assert [(row.row, row.reason) for row in refused] == [(2, "not_json")]


def test_names_of_columns_hold_nothing_unprintable(tmp_path: Path) -> None:
    head = "姓\0名,".encode() + "城市\n".encode("gb18030")
    table = opened(tmp_path, head + "张伟,上海\n李娜,北京\n".encode())
    assert table.columns == ("姓名", "城市") or not any("\0" in name or "\ufdd0" in name for name in table.columns)


def test_an_encoding_may_be_chosen_by_any_of_its_names_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes("\ufeff姓名,城市\n张伟,上海\n".encode())
    for chosen in ("UTF8", "utf-8-sig"):
        assert open_file(path, name="a.csv", reading=Reading(encoding=chosen)).columns == ("姓名", "城市")
    path.write_bytes("姓名,城市\n张伟,上海\n".encode("gbk"))
    assert open_file(path, name="a.csv", reading=Reading(encoding="gbk")).columns == ("姓名", "城市")
    with pytest.raises(FileProblem, match="there is no encoding “klingon”"):
        open_file(path, name="a.csv", reading=Reading(encoding="klingon"))


def test_bad_cells_of_a_sheet_are_refused_and_the_others_read(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    pl.DataFrame({"姓名": ["张伟", "王\0芳", "李" * 70_000, None, "李娜"]}).write_parquet(path)
    rows, refused = read(open_file(path, name="a.parquet"))
    assert rows == [(2, "张伟"), (6, "李娜")]
    assert [(row.row, row.reason, row.column) for row in refused] == [(3, "nul", "姓名"), (4, "cell_too_long", "姓名")]


ROUGH = st.text(st.sampled_from('ab",\n\r \0'), max_size=60)


@settings(max_examples=300)
@given(ROUGH)
def test_the_quick_and_the_exact_reading_agree(text: str) -> None:
    table = DelimitedTable(path=Path(), name="", format="csv", columns=("a", "b"), limits=Limits(), delimiter=",")
    quick = table._parse_quickly(text.encode())
    if quick is None or "\0" in text:
        return
    exact, rest = table._parse_exactly(text, final=True)
    assert (quick.frame.rows(), quick.count, rest) == (exact.frame.rows(), exact.count, b"")
    assert [(row.row, row.reason) for row in quick.refused] == [(row.row, row.reason) for row in exact.refused]


# --- what goes back ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["utf-8", "gb18030", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_refused_rows_of_text_go_back_as_they_came(tmp_path: Path, codec: str, delimiter: str) -> None:
    content = f"{HEAD}王芳,139\n陈静,13700137000,广州,天河\n{TAIL}".replace(",", delimiter).encode(codec)
    mark = b"\xff\xfe" if codec == "utf-16-le" else b""
    table = opened(tmp_path, mark + content, "客户.tsv")
    target = tmp_path / "refused"
    with translation.override("zh-hans"):
        reasons = {row.row: row.text() for row in read(table)[1]} | {2: "手机号重复"}
        assert write_refused(table, reasons, target) == 3
    assert target.read_bytes().startswith(mark)
    assert target.read_bytes()[len(mark) :].decode(codec).replace("\r", "").splitlines() == [
        line.replace(",", delimiter)
        for line in [
            "姓名,手机,城市,,拒绝原因",
            "张伟,13800138000,上海,,手机号重复",
            "王芳,139,,,这一行有 2 列，表头有 3 列",
            "陈静,13700137000,广州,天河,这一行有 4 列，表头有 3 列",
        ]
    ]
    assert ending(table) == ".tsv"


def test_a_row_with_an_open_quotation_mark_goes_back_in_its_columns(tmp_path: Path) -> None:
    table = opened(tmp_path, f'{HEAD}王芳,"139,北京\n{TAIL}'.encode())
    target = tmp_path / "refused.csv"
    write_refused(table, {3: "no"}, target)
    assert target.read_text().splitlines()[1] == '王芳,"""139",北京,no'


def test_refused_rows_separated_by_blanks_can_be_read_again(tmp_path: Path) -> None:
    table = opened(tmp_path, b" id  date   amount\r\n 001 19970101  11.77\r\n 002 19970230   3.00\r\n", "a.txt")
    target = tmp_path / "refused.txt"
    write_refused(table, {3: "not a date"}, target)
    again = open_file(target, name="refused.txt")
    assert read(again)[0] == [(2, "002", "19970230", "3.00", "not\u00a0a\u00a0date")]


def test_refused_rows_of_a_sheet_go_back_as_a_sheet(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    write_xlsx(path, ["编号", "金额", "名称"], [["007", 1.5, "=1+1"], ["008", 2, "乙"]])
    target = tmp_path / "refused.xlsx"
    table = open_file(path, name="a.xlsx")
    assert (write_refused(table, {2: "金额不对"}, target), ending(table)) == (1, ".xlsx")
    again = open_file(target, name="refused.xlsx")
    assert again.columns == ("编号", "金额", "名称", "Reason for refusal")
    assert read(again)[0] == [(2, "007", "1.5", "=1+1", "金额不对")]


def test_refused_rows_of_parquet_keep_their_types(tmp_path: Path) -> None:
    path, target = tmp_path / "upload", tmp_path / "refused.parquet"
    frame = pl.DataFrame({"id": [1, 2, 3], "price": [1.5, 2.5, 3.5]})
    frame.write_parquet(path)
    assert write_refused(open_file(path, name="a.parquet"), {3: "no", 4: "nor this"}, target) == 2
    assert pl.read_parquet(target).equals(frame[1:].with_columns(pl.Series("Reason for refusal", ["no", "nor this"])))


def test_refused_lines_of_json_go_back_as_json(tmp_path: Path) -> None:
    table = opened(tmp_path, '{"姓名": "张伟", "龄": 3}\n{broken\n{"姓名": "李娜"}\n'.encode(), "a.jsonl")
    target = tmp_path / "refused.jsonl"
    write_refused(table, {1: "no", 2: "nor this"}, target)
    assert [json.loads(line) for line in target.read_text().splitlines()] == [
        {"姓名": "张伟", "龄": "3", "Reason for refusal": "no"},
        {"Line as it was": "{broken", "Reason for refusal": "nor this"},
    ]


def test_reasons_of_an_earlier_round_are_replaced(tmp_path: Path) -> None:
    table = opened(tmp_path, "姓名,手机,拒绝原因\n张伟,138,旧\n".encode())
    target = tmp_path / "refused.csv"
    write_refused(table, {2: "new"}, target)
    assert target.read_text().splitlines() == ["姓名,手机,Reason for refusal", "张伟,138,new"]
