"""Bytes of a text file as UTF-8 blocks of whole lines, whatever they were written in."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _

from zhike.exchange.reasons import FileProblem

# Noncharacters that no text holds: they stand where bytes could not be read or were left out.
UNREADABLE = "\ufdd0"
LEFT_OUT = "\ufdd1"
SAMPLE_BYTES = 256 * 1024
ASCII_STEP = 4 * 1024 * 1024
MOST_LINES = 2_000

LABELS = {"utf-8": "UTF-8", "utf-16-le": "UTF-16 LE", "utf-16-be": "UTF-16 BE", "gb18030": "GB18030"}
BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class Encoding:
    """codec: Python's name. bom: bytes of the mark at the start, to be skipped and written back."""

    codec: str
    bom: bytes = b""

    @property
    def label(self) -> str:
        return LABELS.get(self.codec, self.codec.upper()) + (" BOM" if self.bom else "")

    @property
    def newline(self) -> bytes:
        return "\n".encode(self.codec)


def find_encoding(path: Path, chosen: str | None, *, name: str) -> Encoding:
    """The encoding a person chose, else what the file looks like.

    :raises FileProblem: if there is no such encoding
    """
    if not chosen:
        return recognise_encoding(path)
    try:
        codec = codecs.lookup(chosen).name
    except LookupError as problem:
        raise FileProblem(_("%(file)s: there is no encoding “%(name)s”") % {"file": name, "name": chosen}) from problem
    with path.open("rb") as file:
        head = file.read(4)
    bom, marked = next(((bom, marked) for bom, marked in BOMS if head.startswith(bom)), (b"", ""))
    if codec in {"utf-8-sig", "utf-16", "gbk", "gb2312"}:
        codec = {"utf-8-sig": "utf-8", "utf-16": marked or "utf-16-le"}.get(codec, "gb18030")
    return Encoding(codec, bom if marked == codec else b"")


def recognise_encoding(path: Path) -> Encoding:
    """By mark, by zero bytes, else by what the first text beyond ASCII turns out to be."""
    with path.open("rb") as file:
        head = file.read(SAMPLE_BYTES)
        for bom, codec in BOMS:
            if head.startswith(bom):
                return Encoding(codec, bom)
        wide = _wide(head)
        if wide:
            return Encoding(wide)
        file.seek(0)
        return Encoding(_vote(file))


def _wide(head: bytes) -> str:
    """UTF-16 without a mark: line feeds and commas whose other half is zero."""
    halves = head[0::2], head[1::2]
    zeros = [half.count(0) * 5 > len(half) for half in halves]
    marks = [any(half.count(byte) for byte in b"\n,\t;|") for half in halves]
    if marks[0] and zeros[1] and not zeros[0]:
        return "utf-16-le"
    return "utf-16-be" if marks[1] and zeros[0] and not zeros[1] else ""


_ASCII = bytes(range(0x80))
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
# Pairs that are letters of Greek, Cyrillic or Hebrew in UTF-8 and frequent Chinese characters in GB18030 (未知, 联通).
_EITHER = re.compile(rb"(?:[\xc4-\xd7][\xa1-\xbf])*+")


def _vote(file: BinaryIO) -> str:
    """What most lines beyond ASCII are, of the first block where any line tells; GB18030 if none ever does."""
    undecided = False
    while block := file.read(ASCII_STEP if undecided else SAMPLE_BYTES):
        block += file.readline(ASCII_STEP)
        if block.isascii():
            continue
        undecided = True
        if _EITHER.fullmatch(block.translate(None, _ASCII)):
            continue
        lines = [line for line in _lines_beyond_ascii(block) if not _EITHER.fullmatch(line.translate(None, _ASCII))]
        if not lines:
            continue
        for codec in ("utf-8", "gb18030"):
            if sum(_reads(line, codec) for line in lines) * 2 >= len(lines):
                return codec
        return "cp1252"
    return "gb18030" if undecided else "utf-8"


def _lines_beyond_ascii(block: bytes) -> list[bytes]:
    lines: list[bytes] = []
    at = 0
    while len(lines) < MOST_LINES and (found := _BEYOND_ASCII.search(block, at)):
        start = block.rfind(b"\n", 0, found.start()) + 1
        at = block.find(b"\n", found.start()) + 1 or len(block)
        lines.append(block[start:at])
    return lines


def _reads(line: bytes, codec: str) -> bool:
    try:
        line.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


@dataclass(frozen=True)
class Block:
    """Whole lines as UTF-8. damaged: holds marks of what could not be read or was left out, or NUL characters."""

    text: bytes
    damaged: bool


def read_blocks(
    path: Path, encoding: Encoding, *, size: int, newline: str = "\n", longest_line: int = 8 * 1024 * 1024
) -> Iterator[Block]:
    """The file block by block; of a line longer than `longest_line` bytes only the start is kept, and marked."""
    end = newline.encode(encoding.codec)
    with path.open("rb") as file:
        file.seek(len(encoding.bom))
        pending = b""
        while chunk := file.read(size):
            pending += chunk
            cut = _last_line_end(pending, end)
            if not cut and len(pending) > longest_line:
                cut_line, pending = _skip_line(file, pending, end)
                yield _block(cut_line, encoding, newline, LEFT_OUT)
            elif cut:
                yield _block(pending[:cut], encoding, newline)
                pending = pending[cut:]
        if pending:
            yield _block(pending, encoding, newline)


def _last_line_end(data: bytes, end: bytes) -> int:
    """Where the last whole line ends; 0 where there is none."""
    width = len(end)
    at = data.rfind(end)
    while at > 0 and at % width:
        at = data.rfind(end, 0, at + width - 1)
    return at + width if at >= 0 and at % width == 0 else 0


def _skip_line(file: BinaryIO, start: bytes, end: bytes) -> tuple[bytes, bytes]:
    """Pass over the rest of a line; its kept start, and what follows it."""
    kept = start[: SAMPLE_BYTES // 4 * 4]
    while chunk := file.read(ASCII_STEP):
        at = chunk.find(end)
        while at > 0 and at % len(end):
            at = chunk.find(end, at + 1)
        if at >= 0:
            return kept, chunk[at + len(end) :]
    return kept, b""


def _block(raw: bytes, encoding: Encoding, newline: str, mark: str = "") -> Block:
    codec = encoding.codec
    if mark:
        text = raw.decode(codec, "ignore").replace("\0", "")
        return Block(f"{text}{mark}{newline}".encode(), True)
    try:
        text = raw.decode(codec)
    except UnicodeDecodeError:
        return Block(_mend(raw, encoding, newline), True)
    if codec == "gb18030" and _MAYBE_UTF8.search(raw):
        mended = _mend(raw, encoding, newline)
        return Block(mended, UNREADABLE.encode() in mended)
    data = raw if codec == "utf-8" else text.encode()
    return Block(data, "\0" in text or UNREADABLE in text)


# Two Chinese characters of UTF-8 in a row; in GB18030 text that chance is small, and then the whole line decides.
# Written out instead of repeated, so that the search skips to the first of its bytes.
_MAYBE_UTF8 = re.compile(rb"[\xe3-\xe9][\x80-\xbf]{2}[\xe3-\xe9][\x80-\xbf]{2}")
_OTHER = {"utf-8": "gb18030", "gb18030": "utf-8"}


def _mend(raw: bytes, encoding: Encoding, newline: str) -> bytes:
    """Lines read one by one, a foreign one by the other codec, marked where its own failed."""
    end = newline.encode(encoding.codec)
    lines = _split_lines(raw, end)
    return "".join(_mend_line(line, encoding.codec) for line in lines).encode()


def _split_lines(raw: bytes, end: bytes) -> list[bytes]:
    if len(end) == 1:
        return [line + end for line in raw.split(end)[:-1]] + [raw[raw.rfind(end) + 1 :]]
    lines, start = [], 0
    while start < len(raw):
        at = raw.find(end, start)
        while at >= 0 and at % len(end):
            at = raw.find(end, at + 1)
        stop = at + len(end) if at >= 0 else len(raw)
        lines.append(raw[start:stop])
        start = stop
    return lines


def _mend_line(line: bytes, codec: str) -> str:
    start = _foreign_from(line, codec)
    if start is None:
        return line.decode(codec)
    other = _OTHER.get(codec)
    if other and _reads(line, other):
        start = next(number for number, byte in enumerate(line) if byte > 127)
        codec = other
    mark = f"{UNREADABLE}{start + 1}{UNREADABLE}"
    return line[:start].decode(codec) + mark + line[start:].decode(codec, "replace")


def _foreign_from(line: bytes, codec: str) -> int | None:
    """The byte where a line stops being the codec's; None for a line that is its."""
    try:
        line.decode(codec)
    except UnicodeDecodeError as problem:
        return problem.start
    return 0 if codec == "gb18030" and _MAYBE_UTF8.search(line) and _reads(line, "utf-8") else None
