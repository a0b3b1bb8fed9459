"""How well a short name answers what was typed into the search box: as written, read, and abbreviated."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection

from zhike.core.finder import Rank, rank_of
from zhike.core.text import grams, pinyin


def rank_names(folded: str, names: Iterable[str]) -> Rank | None:
    """The best of several names of one thing; None where none of them answers.

    folded: what was typed, by `grams.fold`.
    """
    read = [_read(name) for name in names if name]
    first = folded.partition(" ")[0]
    # Nearly every name ends here; thousands of them are asked at each keystroke.
    if not any(first in one[-1] for one in read):
        return None
    texts = [text for name, spaced, joined, _initials, _all in read for text in (name, spaced, joined)]
    starts = [one[3] for one in read]
    rank = rank_of(folded, texts)
    if rank in (None, Rank.WITHIN) and any(start.startswith(folded) for start in starts):
        return Rank.START
    # A letter or two stand within nearly every name.
    return None if rank is Rank.WITHIN and folded.isascii() and len(folded) < 3 else rank


@dataclass(frozen=True)
class Names:
    """Rows with what each can be found by. whole: all of that in one, so that most words are refused at a glance."""

    rows: Sequence[tuple[Any, ...]]
    texts: Sequence[str]
    whole: str

    def holding(self, folded: str) -> list[tuple[Any, ...]]:
        """The rows whose names may answer; `rank_names` decides."""
        first = folded.partition(" ")[0]
        if first not in self.whole:
            return []
        return [row for row, text in zip(self.rows, self.texts, strict=True) if first in text]


class NamesInUse:
    """Some thousands of names, read again only after the database says that they are others by now.

    version: a query for one value that changes with every one of the rows. listed: a query for the rows: an id, as
    many names, and more. Both ask for what everybody who may look there sees alike.
    """

    def __init__(self, *, version: str, listed: str, names: int) -> None:
        self._version, self._listed, self._names = version, listed, names
        self._known: tuple[Any, Names] | None = None

    def read(self) -> Names:
        with connection.cursor() as cursor:
            cursor.execute(self._version)
            version, known = cursor.fetchone(), self._known
            if known is not None and known[0] == version:
                return known[1]
            cursor.execute(self._listed)
            rows = cursor.fetchall()
        texts = ["\n".join(_read(name)[-1] for name in row[1 : 1 + self._names] if name) for row in rows]
        names = Names(rows, texts, "\n".join(texts))
        self._known = (version, names)
        return names


@lru_cache(maxsize=8192)
def _read(name: str) -> tuple[str, str, str, str, str]:
    """The name as it is compared, its reading with and without blanks, its initials; and all of these at once."""
    read = pinyin.reading(name, pinyin.ORGANISATION)
    found = (grams.fold(name), read, read.replace(" ", ""), pinyin.initials_of(name, read))
    return *found, "\n".join(found)
