"""Files that are not what they say, or more than they say; what the other tests of bad files do not try."""

import io
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client, override_settings
from tests.api.conftest import Program

from zhike.core.tests.scanner import EICAR, scanner_beside
from zhike.exchange.models import Import

HEAD = "姓名,手机\n".encode()
SHEET = '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
ENTITIES = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "{leak}">{more}]>'


def workbook(sheet: bytes, *, shared: bytes = b"") -> bytes:
    content = io.BytesIO()
    spread = "http://schemas.openxmlformats.org"
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{spread}/package/2006/content-types">'
            '<Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>',
        )
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{spread}/package/2006/relationships"><Relationship Id="r1" Type="{spread}'
            '/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{spread}/spreadsheetml/2006/main" xmlns:r="{spread}/officeDocument/2006/relationships">'
            '<sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>',
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{spread}/package/2006/relationships"><Relationship Id="r1" Type="{spread}'
            '/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        )
        book.writestr("xl/worksheets/sheet1.xml", sheet)
        if shared:
            book.writestr("xl/sharedStrings.xml", shared)
    return content.getvalue()


def cells(*texts: str) -> str:
    row = "".join(f'<c t="inlineStr"><is><t>{one}</t></is></c>' for one in texts)
    return f"{SHEET}<row>{row}</row></sheetData></worksheet>"


def laughs() -> bytes:
    more = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)).replace("&a0;", "&a;")
    return ENTITIES.format(leak="ha" * 50, more=more).encode() + cells("姓名", "&a11;").partition("?>")[2].encode()


def external(target: str) -> bytes:
    return (
        f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "{target}">]>'.encode()
        + cells("姓名", "&a;").partition("?>")[2].encode()
    )


def overlapping() -> bytes:
    """A zip whose thousand entries all are the same stored bytes (Fifield's better zip bomb, without nesting)."""
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packed.compress(b"0" * (10 << 20)) + packed.flush()
    crc = zlib.crc32(b"0" * (10 << 20))
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 33, crc, len(data), 10 << 20, 4, 0) + b"xl/a" + data
    directory = b"".join(
        struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 8, 0, 33, crc, len(data), 10 << 20, 4, 0, 0, 0, 0, 0, 0)
        + b"xl/a"
        for _ in range(1000)
    )
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1000, 1000, len(directory), len(local), 0)
    return local + directory + end


def nested() -> bytes:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/bomb", b"0" * (50 << 20))
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(50):
            archive.writestr(f"inner{number}.zip", inner.getvalue())
    return outer.getvalue()


# Bombs are made when they are sent: every process of a parallel run collects these tests.
BAD: dict[str, bytes | Callable[[], bytes]] = {
    "web page.csv": b"<!doctype html><script>alert(1)</script>",
    "vector.csv": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "picture.csv": b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + b"\x00" * 100,
    "portrait.xlsx": b"\x89PNG\r\n\x1a\n" + b"\x00" * 100,
    "program.csv": b"MZ\x90\x00\x03\x00\x00\x00" + b"\x00" * 200,
    "program.xlsx": b"\x7fELF\x02\x01\x01" + b"\x00" * 200,
    "packed.csv": b"\x1f\x8b\x08\x00" + b"\x00" * 100,
    "bundle.csv": b"x.txt" + b"\x00" * 252 + b"ustar\x0000" + b"\x00" * 243,
    "deep.jsonl": b'{"a": ' + b"[" * 200_000,
    "overlapping.xlsx": overlapping,
    "nested.xlsx": nested,
    "cloud.csv": b"",
}


def send(boss: Program, name: str, content: bytes) -> tuple[int, str]:
    answer = Client(raise_request_exception=False).post(
        f"/api/v1/imports?name={name}",
        content,
        content_type="application/octet-stream",
        headers={"Authorization": f"Bearer {boss.key}"},
    )
    return answer.status_code, answer.content.decode()


@pytest.mark.parametrize("name", BAD)
def test_a_file_is_known_by_its_content_and_refused_by_its_name(boss: Program, name: str) -> None:
    held = BAD[name]
    content = held() if callable(held) else held
    began = time.monotonic()
    status, text = send(boss, name, content)
    assert (status, name in text) == (422, True), text
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("target", ["file:///etc/passwd", "http://127.0.0.1:1/", "file:///etc/hostname"])
def test_nothing_else_is_read_on_behalf_of_a_workbook(boss: Program, target: str) -> None:
    status, text = send(boss, "book.xlsx", workbook(external(target)))
    assert "root:" not in text
    assert Path("/etc/hostname").read_text(encoding="utf-8").strip() not in text or len(text) > 500
    assert status in {201, 422}


def test_entities_that_multiply_stay_what_they_are(boss: Program) -> None:
    began = time.monotonic()
    status, text = send(boss, "book.xlsx", workbook(laughs()))
    assert status in {201, 422}
    assert len(text) < 20_000
    assert time.monotonic() - began < 10


def test_a_number_of_sixty_thousand_digits_is_text(boss: Program) -> None:
    assert send(boss, "digits.jsonl", b'{"a": ' + b"9" * 60_000 + b"}\n")[0] == 201


def test_the_name_of_a_good_file_says_nothing(boss: Program) -> None:
    for name in ("x.exe", "x", "x.php", ".htaccess", "con", "客户.html"):
        status, text = send(boss, name, HEAD + "王伟,13800138000\n".encode())
        assert status == 201, text


def test_a_file_in_which_the_scanner_finds_something_leaves_nothing_behind(boss: Program) -> None:
    files = Path(settings.HOME.files_dir)
    before = set(files.rglob("*"))
    good = "姓名,手机\n张三,13800138000\n".encode()
    with scanner_beside() as scanner, override_settings(CLAMD=scanner.place):
        status, text = send(boss, "people.csv", good + b"x," + EICAR + b"\n")
        assert (status, "people.csv" in text, "EICAR_HDB" in text) == (422, True, True)
        scanner.mood = "leaves"
        assert send(boss, "people.csv", good)[0] == 503
        assert not Import.objects.exists()
        assert set(files.rglob("*")) == before
        scanner.mood = ""
        assert send(boss, "people.csv", good)[0] == 201
