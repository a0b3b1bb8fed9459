"""What somebody may have meant who mistyped: spellings to look for instead, and how far a word is from a text.

Readings are corrected where one letter is wrong, missing, too many or swapped with the next: of all such words only
those that are made of syllables are looked for. Characters chosen wrongly by an input method sound the same. In other
words and in numbers one half is right, whatever is wrong with the other.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from zhike.core.text import pinyin
from zhike.core.text.grams import Term, fold, query
from zhike.core.text.normal import is_han

MOST_SPELLINGS = 24
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
# Where dialects and hands go wrong most: zh for z, n for ng, l for n, f for h.
_CONFUSED = frozenset({"h", "g", "n", "l", "f", "i", "u"})


@dataclass(frozen=True)
class Spelling:
    """term: how it is looked for. word: what a text found by it is compared with; empty where the term says it all."""

    term: Term
    word: str = ""


def spellings(typed: str) -> list[Spelling]:
    """The likeliest first; empty where the words are too short to guess at."""
    word = fold(typed).replace(" ", "")
    if any(map(is_han, word)):
        found = list(_of_han(word))
    elif word.isascii() and word.isalpha() and len(word) >= 4:
        found = [*map(_whole, _of_reading(word)), *_halves(word)]
    else:
        digits = re.sub(r"[^0-9]", "", word)
        found = list(_halves(digits)) if len(digits) >= 7 and not re.search(r"[^\W\d_]", word) else []
    known = {spelling.term.like: spelling for spelling in reversed(found)}
    return list(reversed(known.values()))[:MOST_SPELLINGS]


def _whole(word: str) -> Spelling:
    return Spelling(query(word)[0])


def _of_han(word: str) -> Iterator[Spelling]:
    if len(word) < 2:
        return
    for kind in (pinyin.PERSON, pinyin.ORGANISATION):
        read = pinyin.reading(word, kind).replace(" ", "")
        if len(read) >= 3:
            yield _whole(read)
    # One character of three or more is another one, or is not there.
    for at in range(len(word)) if len(word) >= 3 else ():
        left = word[:at] + word[at + 1 :]
        for term in query(left):
            yield Spelling(term)
        if 0 < at < len(word) - 1:
            before, after = query(word[:at]), query(word[at + 1 :])
            if before and after:
                pieces = tuple(sorted({*before[0].grams, *after[0].grams}))
                pattern = f"{before[0].like[:-1]}_{after[0].like[1:]}"
                yield Spelling(Term(pieces, pattern, pattern))


def _of_reading(word: str) -> Iterator[str]:
    """Words of syllables that are one slip away."""
    seen = {word}
    for _likelihood, other in sorted(_slips(word)):
        # What holds the word itself would have been found by it.
        if other not in seen and len(other) >= 3 and word not in other and is_spoken(other):
            seen.add(other)
            yield other


def _slips(word: str) -> Iterator[tuple[int, str]]:
    """Every word one slip away, with how unlikely it is."""
    for at in range(len(word) + 1):
        start, rest = word[:at], word[at:]
        if len(rest) > 1:
            yield 0, start + rest[1] + rest[0] + rest[2:]
        if rest:
            yield 1 if rest[0] in _CONFUSED or rest[:1] == start[-1:] else 2, start + rest[1:]
        for letter in _LETTERS:
            unlikely = 1 if letter in _CONFUSED else 2
            yield unlikely, start + letter + rest
            if rest and rest[0] != letter:
                yield unlikely + 1, start + letter + rest[1:]


@cache
def _syllables() -> frozenset[str]:
    return pinyin.syllables()


def is_spoken(word: str) -> bool:
    """Whether the word is made of syllables; the last one may be unfinished, since people are still typing."""
    known = _syllables()
    reached = {0}
    for end in range(1, len(word) + 1):
        if any(end - length in reached and word[end - length : end] in known for length in range(1, 7)):
            reached.add(end)
    return len(word) in reached


def _halves(word: str) -> Iterator[Spelling]:
    middle = len(word) // 2
    for half in (word[middle:], word[:middle]):
        if len(half) >= 3:
            yield Spelling(query(half)[0], word)


def most_slips(word: str) -> int:
    return 1 if len(word) < 8 else 2


def slips_between(word: str, text: str) -> int:
    """The fewest slips (wrong, missing, superfluous or swapped letters) from the word to any part of the text."""
    before: list[int] = []
    row = list(range(len(word) + 1))
    best = row[-1]
    for at, one in enumerate(text):
        now = [0]
        for place, letter in enumerate(word, start=1):
            cost = min(row[place] + 1, now[-1] + 1, row[place - 1] + (letter != one))
            if at and place > 1 and letter == text[at - 1] and word[place - 2] == one:
                cost = min(cost, before[place - 2] + 1)
            now.append(cost)
        before, row = row, now
        best = min(best, row[-1])
    return best
