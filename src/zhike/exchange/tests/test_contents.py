"""What a file beside a record is: its content says it, and what could run is not taken."""

import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from zhike.exchange.files import contents
from zhike.exchange.files.contents import FORMS, FileNotTaken, find_form, put_ending, read_beginning

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504


def packed(*names: str) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "wav"),
        (b"\0\0\0\x20ftypM4A \0\0\0\0", "m4a"),
        (b"%PDF-1.7\n", "pdf"),
        ("客户说：下周再联系\n".encode("gb18030"), "text"),
        ("\ufeff甲,乙\n1,2\n".encode("utf-16-le"), "text"),
        (packed("[Content_Types].xml", "word/document.xml"), "docx"),
        (packed("[Content_Types].xml", "xl/workbook.xml"), "xlsx"),
        (OLE + "WordDocument".encode("utf-16-le"), "doc"),
        (b"", ""),
        (b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0" * 20, ""),
        (b"\x7fELF\x02\x01\x01" + bytes(64), ""),
        (b"  <!DOCTYPE html><script>alert(1)</script>", ""),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', ""),
        (b"#!/bin/sh\nrm -rf ~\n", ""),
        (packed("hello.exe"), ""),
        (packed("word/document.xml", "word/vbaProject.bin"), ""),
        (OLE + "WordDocument".encode("utf-16-le") + "_VBA_PROJECT".encode("utf-16-le"), ""),
        (OLE + b"an installer", ""),
        (b"PK\x03\x04 cut short", ""),
    ],
)
def test_the_content_says_what_a_file_is(tmp_path: Path, content: bytes, form: str) -> None:
    path = tmp_path / "upload"
    path.write_bytes(content)
    if form:
        assert find_form(path, name="report.exe").key == form
        return
    with pytest.raises(FileNotTaken, match=r"report\.exe"):
        find_form(path, name="report.exe")


def test_a_document_that_unpacks_to_too_much_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "upload"
    path.write_bytes(packed("word/document.xml", "word/media.bin"))
    monkeypatch.setattr(contents, "MOST_UNPACKED", 1)
    with pytest.raises(FileNotTaken, match=r"a\.docx"):
        find_form(path, name="a.docx")


def test_a_name_ends_as_its_content_and_hides_nothing() -> None:
    png, text = FORMS["png"], FORMS["text"]
    assert put_ending("合同.PNG", png) == "合同.PNG"
    assert put_ending("invoice.exe", png) == "invoice.exe.png"
    assert put_ending("gpj.\u202eexe.txt", text) == "gpj.exe.txt"
    assert put_ending("../../etc/passwd", text) == "etc passwd.txt"
    assert put_ending("...", png) == "file.png"
    assert len(put_ending("长" * 500, png)) == 154


def test_the_beginning_of_a_text_is_read_whatever_it_is_written_in(tmp_path: Path) -> None:
    for codec in ("utf-8-sig", "gb18030", "utf-16"):
        (tmp_path / "said.txt").write_bytes(("下周三上午再联系\n" * 40).encode(codec))
        assert read_beginning(tmp_path / "said.txt", name="said.txt", most=8) == "下周三上午再联系"
