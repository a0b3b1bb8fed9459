"""What a file is that is kept with a record: by what stands in it, its name is only a hint.

Taken are pictures, PDF, Office without macros, text and sound. Nothing that a browser would run, such as web pages and
SVG, nothing that a computer would, and no archives.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from zhike.core.errors import DomainError
from zhike.exchange.files.archive import check_archive
from zhike.exchange.files.encoding import find_encoding
from zhike.exchange.files.opening import HEAD_BYTES, ODD_BYTES, OLE, UNTEXTUAL, ZIP
from zhike.exchange.files.table import Limits
from zhike.exchange.reasons import FileProblem

LONGEST_NAME = 150
MOST_UNPACKED = 256 << 20  # unpacked to nothing while somebody waits
MACROS = ("vbaProject.bin", "_VBA_PROJECT")


@dataclass(frozen=True, kw_only=True)
class Form:
    """endings: of its name, the usual one first. look: how a page shows it; "file" where it can only be taken away."""

    key: str
    label: str | Promise
    media_type: str
    endings: tuple[str, ...]
    look: Literal["picture", "page", "sound", "text", "table", "file"] = "file"


FORMS = {
    form.key: form
    for form in (
        Form(key="png", label=_("Picture"), media_type="image/png", endings=(".png",), look="picture"),
        Form(key="jpeg", label=_("Picture"), media_type="image/jpeg", endings=(".jpg", ".jpeg"), look="picture"),
        Form(key="gif", label=_("Picture"), media_type="image/gif", endings=(".gif",), look="picture"),
        Form(key="webp", label=_("Picture"), media_type="image/webp", endings=(".webp",), look="picture"),
        Form(key="heic", label=_("Picture"), media_type="image/heic", endings=(".heic", ".heif")),
        Form(key="pdf", label="PDF", media_type="application/pdf", endings=(".pdf",), look="page"),
        Form(key="mp3", label=_("Sound"), media_type="audio/mpeg", endings=(".mp3",), look="sound"),
        Form(key="m4a", label=_("Sound"), media_type="audio/mp4", endings=(".m4a",), look="sound"),
        Form(key="wav", label=_("Sound"), media_type="audio/wav", endings=(".wav",), look="sound"),
        Form(key="ogg", label=_("Sound"), media_type="audio/ogg", endings=(".ogg", ".oga", ".opus"), look="sound"),
        Form(key="amr", label=_("Sound"), media_type="audio/amr", endings=(".amr",)),
        Form(
            key="docx",
            label="Word",
            media_type="application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            endings=(".docx",),
        ),
        Form(
            key="xlsx",
            label="Excel",
            media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            endings=(".xlsx",),
            look="table",
        ),
        Form(
            key="pptx",
            label="PowerPoint",
            media_type="application/vnd.openxmlformats-officedocument.presentationml.presentation",
            endings=(".pptx",),
        ),
        Form(key="doc", label="Word", media_type="application/msword", endings=(".doc",)),
        Form(key="xls", label="Excel", media_type="application/vnd.ms-excel", endings=(".xls", ".et"), look="table"),
        Form(key="ppt", label="PowerPoint", media_type="application/vnd.ms-powerpoint", endings=(".ppt",)),
        Form(
            key="text",
            label=_("Text"),
            media_type="text/plain",
            endings=(".txt", ".csv", ".tsv", ".md", ".log", ".eml", ".vcf", ".ics"),
            look="text",
        ),
    )
}
_STARTS = {
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpeg",
    b"GIF87a": "gif",
    b"GIF89a": "gif",
    b"%PDF-": "pdf",
    b"ID3": "mp3",
    b"\xff\xfb": "mp3",
    b"\xff\xf3": "mp3",
    b"\xff\xf2": "mp3",
    b"OggS": "ogg",
    b"#!AMR": "amr",
}
_RIFF = {b"WEBP": "webp", b"WAVE": "wav"}
_BRANDS = {b"M4A ": "m4a", b"M4B ": "m4a", b"heic": "heic", b"heix": "heic", b"mif1": "heic"}
_IN_ZIP = {"word/document.xml": "docx", "xl/workbook.xml": "xlsx", "ppt/presentation.xml": "pptx"}
_IN_OLE = {"WordDocument": "doc", "Workbook": "xls", "PowerPoint Document": "ppt"}
_RUN = (b"<html", b"<!doctype", b"<script", b"<svg", b"<?xml", b"<head", b"<body", b"#!/", b"@echo")


class FileNotTaken(DomainError):
    code = "file_not_taken"
    status = 422


def find_form(path: Path, *, name: str) -> Form:
    """What the file is.

    :raises FileNotTaken: nothing that is kept with records
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise FileNotTaken(_("%(file)s is empty") % {"file": name})
    key = _by_start(head) or _by_parts(path, head, name) or _by_letters(path, head, name)
    if not key:
        raise FileNotTaken(
            _("%(file)s was not taken: pictures, PDF, Word, Excel, PowerPoint, text and sound can be attached.")
            % {"file": name}
        )
    return FORMS[key]


def put_ending(name: str, form: Form) -> str:
    """The name with an ending that says what the file is, so that "invoice.exe" never leaves as such.

    Marks that turn the direction of a text around make "gpj.exe" out of "exe.jpg", and go.
    """
    plain = "".join(" " if letter in '/\\:*?"<>|' else letter for letter in name if letter.isprintable()).strip(" .")
    stem, dot, ending = plain.rpartition(".")
    if f"{dot}{ending}".lower() not in form.endings:
        stem, ending = plain, form.endings[0].lstrip(".")
    return f"{(stem or 'file')[:LONGEST_NAME]}.{ending}"


def _by_start(head: bytes) -> str:
    for start, key in _STARTS.items():
        if head.startswith(start):
            return key
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12], "")
    return _BRANDS.get(head[8:12], "") if head[4:8] == b"ftyp" else ""


def _by_parts(path: Path, head: bytes, name: str) -> str:
    if head.startswith(ZIP):
        try:
            parts = check_archive(path, name=name, limits=Limits(max_unpacked_bytes=MOST_UNPACKED))
        except FileProblem as problem:
            raise FileNotTaken(str(problem)) from problem
        _refuse_macros(any(part.endswith(MACROS[0]) for part in parts), name)
        return next((key for part, key in _IN_ZIP.items() if part in parts), "")
    if head.startswith(OLE):
        content = path.read_bytes()
        _refuse_macros(MACROS[1].encode("utf-16-le") in content, name)
        return next((key for part, key in _IN_OLE.items() if part.encode("utf-16-le") in content), "")
    return ""


def _refuse_macros(is_found: bool, name: str) -> None:
    if is_found:
        raise FileNotTaken(_("%(file)s was not taken: it holds macros. Save it without them.") % {"file": name})


def _by_letters(path: Path, head: bytes, name: str) -> str:
    if head.lstrip(b"\xef\xbb\xbf \r\n\t")[:200].lower().startswith(_RUN):
        return ""
    codec = find_encoding(path, None, name=name).codec
    if codec.startswith("utf-16"):
        head = head.decode(codec, "replace").encode()
    odd = len(head) - len(head.translate(None, UNTEXTUAL))
    return "text" if odd <= ODD_BYTES and odd * 50 <= len(head) else ""


def read_beginning(path: Path, *, name: str, most: int) -> str:
    """The first characters of a text, whatever it is written in, to be looked at."""
    encoding = find_encoding(path, None, name=name)
    with path.open("rb") as file:
        file.seek(len(encoding.bom))
        return file.read(most * 4).decode(encoding.codec, "replace")[:most]
