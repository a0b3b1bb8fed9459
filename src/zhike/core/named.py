"""How well a short name answers what was typed into the search box: as written, read, and abbreviated."""

from collections.abc import Iterable
from functools import lru_cache

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


@lru_cache(maxsize=8192)
def _read(name: str) -> tuple[str, str, str, str, str]:
    """The name as it is compared, its reading with and without blanks, its initials; and all of these at once."""
    read = pinyin.reading(name, pinyin.ORGANISATION)
    found = (grams.fold(name), read, read.replace(" ", ""), pinyin.initials_of(name, read))
    return *found, "\n".join(found)
