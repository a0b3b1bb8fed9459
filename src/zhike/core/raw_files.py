"""Texts in the bytes of a file, whatever its format: found, and covered without moving anything else."""

import mmap
from collections.abc import Iterable, Iterator
from pathlib import Path

ENCODINGS = ("utf-8", "gb18030", "utf-16-le")
PIECE = 1 << 22  # bytes looked into at a time

type Span = tuple[int, int]


def count_in(path: Path, texts: Iterable[str]) -> int:
    """How often any of the texts stands in the file as it is on disk."""
    if not path.stat().st_size:
        return 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return len(_find(content, _written(texts)))


def cover_in(path: Path, texts: Iterable[str]) -> int:
    """Write asterisks over the texts, in place, so that whoever appends to the file meanwhile is not disturbed."""
    if not path.stat().st_size:
        return 0
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        spans = _find(content, _written(texts))
        for start, end in spans:
            content[start:end] = b"*" * (end - start)
    return len(spans)


def _written(texts: Iterable[str]) -> list[bytes]:
    return sorted({text.encode(encoding).lower() for text in texts for encoding in ENCODINGS})


def _find(content: mmap.mmap, needles: list[bytes]) -> list[Span]:
    """Where they stand, whatever the case; what overlaps counts once. Far quicker than a pattern of all of them."""
    spans: list[Span] = []
    for start, end in sorted(_each(content, needles)):
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


def _each(content: mmap.mmap, needles: list[bytes]) -> Iterator[Span]:
    longest = max(map(len, needles), default=1)
    for offset in range(0, len(content), PIECE):
        piece = content[offset : offset + PIECE + longest - 1].lower()
        for needle in needles:
            place = piece.find(needle)
            while 0 <= place < PIECE:
                yield offset + place, offset + place + len(needle)
                place = piece.find(needle, place + 1)
