"""What a file is, by what stands in it; its name is only a hint."""

import json
from pathlib import Path

from django.utils.translation import gettext as _

from zhike.exchange.files.delimited import open_delimited
from zhike.exchange.files.encoding import find_encoding
from zhike.exchange.files.jsonlines import open_jsonlines
from zhike.exchange.files.parquet import open_parquet
from zhike.exchange.files.sheets import open_sheet
from zhike.exchange.files.table import Limits, Reading, Table
from zhike.exchange.reasons import FileProblem

HEAD_BYTES = 64 * 1024
ZIP, PARQUET, OLE = b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OTHERS = {
    b"%PDF": "PDF",
    b"\x1f\x8b": "gzip",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7z",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
}
# What no text holds: control characters other than those for spaces and ends of lines.
UNTEXTUAL = bytes({*range(0x20), 0x7F} - {*b"\t\n\v\f\r\x1a\x1b"})
ODD_BYTES = 16  # a stray one is refused with its row
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)


def open_file(path: Path, *, name: str, limits: Limits | None = None, reading: Reading | None = None) -> Table:
    """The file as a table. name: what the person calls the file; it stands in every message.

    :raises FileProblem: if it cannot be read at all
    """
    limits, reading = limits or Limits(), reading or Reading()
    size = path.stat().st_size
    if not size:
        raise FileProblem(_("%(file)s is empty") % {"file": name})
    if size > limits.max_bytes:
        raise FileProblem(
            _("%(file)s is larger than the %(limit)s MB allowed; please split it")
            % {"file": name, "limit": limits.max_bytes // 1024**2}
        )
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(ZIP):
        return open_sheet(path, name=name, format="xlsx", limits=limits, reading=reading)
    if head.startswith(OLE):
        return open_sheet(path, name=name, format="xls", limits=limits, reading=reading)
    if head.startswith(PARQUET):
        return open_parquet(path, name=name, limits=limits)
    _refuse_others(path, head, name)
    codec = find_encoding(path, reading.encoding, name=name).codec
    _refuse_binary(head, codec, name)
    if _is_json(path, head, codec):
        return open_jsonlines(path, name=name, limits=limits, reading=reading)
    return open_delimited(path, name=name, limits=limits, reading=reading)


def _refuse_others(path: Path, head: bytes, name: str) -> None:
    for mark, kind in OTHERS.items():
        if head.startswith(mark):
            raise FileProblem(
                _("%(file)s is a %(kind)s file; CSV, TSV, XLSX, Parquet and JSON Lines can be imported")
                % {"file": name, "kind": kind}
            )
    start = head.lstrip(b"\xef\xbb\xbf \r\n\t")[:200].lower()
    if start.startswith((b"<html", b"<!doctype html", b"<table", b"<?xml", b"<svg", b"<script")):
        raise FileProblem(
            _("%(file)s is a web page with the ending of a table; open it in a spreadsheet and save it as XLSX")
            % {"file": name}
        )


def _refuse_binary(head: bytes, codec: str, name: str) -> None:
    is_wide = codec.lower().startswith(("utf-16", "utf_16", "utf-32", "utf_32"))
    odd = len(head) - len(head.translate(None, UNTEXTUAL))
    if not is_wide and odd > ODD_BYTES and odd * 50 > len(head):
        raise FileProblem(
            _("%(file)s is no table: it holds bytes that no text has; save it as CSV or XLSX") % {"file": name}
        )


def _is_json(path: Path, head: bytes, codec: str) -> bool:
    text = head.decode(codec, "ignore").lstrip("\ufeff \r\n\t")
    if not text.startswith("{"):
        return False
    try:
        return isinstance(_DECODER.raw_decode(text)[0], dict)
    except (json.JSONDecodeError, RecursionError):
        return path.suffix.lower() in {".jsonl", ".ndjson", ".json"}
