"""Texts in the bytes of a file, whatever its format: found, and covered without moving anything else."""

import mmap
import re
from collections.abc import Iterable
from pathlib import Path

ENCODINGS = ("utf-8", "gb18030", "utf-16-le")


def count_in(path: Path, texts: Iterable[str]) -> int:
    """How often any of the texts stands in the file as it is on disk."""
    pattern = _pattern(texts)
    if pattern is None or not path.stat().st_size:
        return 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return sum(1 for _found in pattern.finditer(content))


def cover_in(path: Path, texts: Iterable[str]) -> int:
    """Write asterisks over the texts, in place, so that whoever appends to the file meanwhile is not disturbed."""
    pattern = _pattern(texts)
    if pattern is None or not path.stat().st_size:
        return 0
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        places = [found.span() for found in pattern.finditer(content)]
        for start, end in places:
            content[start:end] = b"*" * (end - start)
    return len(places)


def _pattern(texts: Iterable[str]) -> re.Pattern[bytes] | None:
    written = {text.encode(encoding) for text in texts for encoding in ENCODINGS}
    return re.compile(b"|".join(map(re.escape, sorted(written))), re.IGNORECASE) if written else None
