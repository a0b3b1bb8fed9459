"""Which part of a text answers what was typed, for the eye: Han characters by their readings as well."""

import re
from collections.abc import Iterator

from zhike.core.text import pinyin, spoken
from zhike.core.text.characters import simplified
from zhike.core.text.normal import half_width, is_han

_SIGN = re.compile(r"[^a-z0-9]")
_DIGIT = re.compile(r"[0-9]")
_READ = re.compile(r"[a-z0-9]+|[^\W_]")  # what has a syllable: a character, or a word in letters
type Span = tuple[int, int]


def spans(text: str, typed: str) -> list[Span]:
    """Where the words typed stand in the text, from start to end, without overlaps. Empty where none does."""
    plain = _comparable(text)
    found = [span for word in _comparable(typed).split() for span in _of_word(text, plain, word)]
    return _joined(sorted(found))


def _comparable(text: str) -> str:
    """Folded, with every character in its place."""
    folded = "".join(one if len(one) == 1 else " " for one in map(half_width, text))
    lowered = folded.lower()
    return simplified(lowered if len(lowered) == len(text) else folded)


def _of_word(text: str, plain: str, word: str) -> Iterator[Span]:
    at = plain.find(word)
    if at >= 0:
        yield at, at + len(word)
        return
    bare = _SIGN.sub("", word)
    if len(bare) >= 3 and _DIGIT.search(bare) and (span := _of_number(plain, bare)):
        yield span
    elif word.isascii() and word.isalpha():
        yield from _of_reading(text, word)


def _of_number(plain: str, bare: str) -> Span | None:
    """In a number that is written with blanks or hyphens."""
    places = [at for at, one in enumerate(plain) if one.isascii() and one.isalnum()]
    at = "".join(plain[place] for place in places).find(bare)
    return (places[at], places[at + len(bare) - 1] + 1) if at >= 0 else None


def _of_reading(text: str, word: str) -> Iterator[Span]:
    """The Han characters whose syllables, or whose initials, are the word; the last syllable may be unfinished."""
    places = [found.span() for found in _READ.finditer(_comparable(text))]
    if not any(map(is_han, text)):
        return
    for kind in (pinyin.PERSON, pinyin.ORGANISATION):
        syllables = pinyin.reading(text, kind).split()
        if len(syllables) != len(places):
            continue
        if found := spoken.run_of(syllables, word):
            yield places[found[0]][0], places[found[1] - 1][1]
            return


def _joined(found: list[Span]) -> list[Span]:
    result: list[Span] = []
    for start, end in found:
        if result and start <= result[-1][1]:
            result[-1] = result[-1][0], max(end, result[-1][1])
        else:
            result.append((start, end))
    return result
