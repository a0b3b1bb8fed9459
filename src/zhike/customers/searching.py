"""One box for name, reading, initials, phone, e-mail and external id."""

import re

from django.db.models import Q

_WORDS = re.compile(r"[a-z]+|[0-9]+|[\u3400-\u9fff]+")


def grams(text: str) -> list[str]:
    found: set[str] = set()
    for run in _WORDS.findall(text):
        if run[0].isascii():
            found.update(run[at : at + 3] for at in range(len(run) - 2))
        else:
            found.update(run)
            found.update(run[at : at + 2] for at in range(len(run) - 1))
    return sorted(found)


def matching(text: str, *, prefix: str = "search__") -> Q:
    """Customers whose search text holds every word: the index proposes, LIKE decides. prefix: path to the text."""
    pieces = sorted({gram for word in _words(text) for gram in grams(word)})
    found = holding(text, prefix=prefix)
    return Q(**{f"{prefix}grams__contains": pieces}) & found if pieces else found


def holding(text: str, *, prefix: str = "search__") -> Q:
    """The same customers without the index, for a stretch of rows that is read anyway."""
    return Q(*(Q(**{f"{prefix}text__contains": word}) for word in _words(text)))


def _words(text: str) -> list[str]:
    return text.lower().split()
