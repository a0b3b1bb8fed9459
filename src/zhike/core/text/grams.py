"""What one search box finds a name by: pieces for an index that needs no extension, and a text to be sure.

A row has a text (name, reading, identifiers: a line each; in the last line beginnings and places) and grams, the
distinct pieces of that text: Han characters alone and in pairs, three Latin letters or digits in a row, and the start
of initials, of the reading and of Latin words as "#z" and "#zw". A search is one term per word typed; a row is found
if, for every term, its grams hold all the term's (`@>`) and its text is LIKE the term's pattern.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from zhike.core.text import pinyin
from zhike.core.text.characters import simplified
from zhike.core.text.normal import half_width, one_line

# Scripts whose words are one or two characters long are treated as Han.
_SHORT = r"\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_SHORT_RUN = re.compile(f"[{_SHORT}]+")
_LONG_RUN = re.compile(rf"[^\W_{_SHORT}]{{3,}}")
_WORD = re.compile(rf"[^\W_{_SHORT}]+")
_PLAIN_RUN = re.compile("[a-z0-9]{3,}")
_START = re.compile(r"#(\w\w?)")
_WILD = re.compile(r"([\\%_])")
# What parts the digits and letters of a number for the eye; a dot only between digits, for 163.com is no number.
DASHES = r"\-_/()\u2010-\u2015"
PARTING = rf"(?<=[0-9])[{DASHES}. ]+(?=[0-9])|(?<=[a-z0-9])[{DASHES} ]+(?=[a-z0-9])"
_PARTING = re.compile(PARTING)
_PARTED = re.compile(rf"[0-9][{DASHES}. ]+[0-9]|[a-z0-9][{DASHES} ]+[a-z0-9]")
_OUTER = "-_/().\u2010\u2011\u2012\u2013\u2014\u2015"
_NUMBERED = re.compile("[a-z0-9]+")
_DIGITS_OF_A_NUMBER = 4
_DIGIT = re.compile(r"[0-9]")
_MARKS = re.compile("[#@=]")
MOST_TERMS = 8


@dataclass(frozen=True)
class Term:
    """grams: all of them are in a row that is found. like: pattern that decides, with backslash as escape.

    typed: the same for texts that stand as they were written, traditional characters and all.
    """

    grams: tuple[str, ...]
    like: str
    typed: str

    @property
    def like_before_places(self) -> str:
        """The pattern for rows that have the word elsewhere than in their places."""
        return self.like if self.like.startswith("%#") else f"{self.like}\n#%"


def fold(text: str) -> str:
    """As text is compared: half width, lower case, single blanks, simplified characters."""
    return simplified(_plain(text))


def _plain(text: str) -> str:
    if text.isascii():
        return " ".join(text.lower().split())
    return one_line(half_width(text).lower())


def search_text(
    name: str, reading: str, initials: str, identifiers: Iterable[str] = (), *, city: str = "", province: str = ""
) -> str:
    """The text of a row. reading: with or without blanks. identifiers: in normal form.

    Its last line is "#zw #zhang @city =province", so that each place can be told from all else.
    """
    folded = fold(name)
    lines = {folded: None, reading.replace(" ", ""): None}
    # Input methods offer 曾 for "ceng" as well, and who reads only the name may know no better.
    other = pinyin.otherwise(folded, reading)
    if other:
        lines[other.replace(" ", "")] = None
    for identifier in identifiers:
        lines[fold(identifier)] = None
    # Numbers are looked up without their hyphens and blanks, so they stand here without them too.
    lines.update((joined(line), None) for line in list(lines) if _PARTED.search(line))
    # Without the start of the reading "li" would find no 李, for it is too short for a piece of three letters.
    spoken = "" if folded.isascii() else reading[:2].strip()
    starts = dict.fromkeys([initials, spoken, *_WORD.findall(folded)])
    if other:
        starts |= dict.fromkeys([other[0] + initials[1:], other[:2].strip()])
    last = " ".join([f"#{start}" for start in starts if start])
    lines[f"{last or '#'}{placed(city, province)}" if city or province else last] = None
    lines.pop("", None)
    return "\n".join(lines)


@lru_cache(maxsize=10_000)
def placed(city: str, province: str) -> str:
    """How the text of a row ends that has a city or a province."""
    places = (("@", city), ("=", province))
    return "".join(f" {mark}{_MARKS.sub(' ', fold(place))}" for mark, place in places if place)


def grams(text: str) -> list[str]:
    """The distinct pieces of a text made by `search_text`."""
    found: set[str] = set()
    for line in text.split("\n"):
        if line.isascii():
            runs = _PLAIN_RUN.findall(line)
        else:
            runs = _LONG_RUN.findall(line)
            for run in _SHORT_RUN.findall(line):
                found.update(run)
                found.update([run[at : at + 2] for at in range(len(run) - 1)])
        for run in runs:
            found.update([run[at : at + 3] for at in range(len(run) - 2)])
    for start in _START.findall(text):
        found.add(f"#{start[0]}")
        found.add(f"#{start}")
    return list(found)


def query(typed: str) -> list[Term]:
    """One term per word typed; empty where nothing in it can be looked up.

    One or two Latin letters or digits mean how initials or a word of the name start. A word of punctuation and
    single letters narrows nothing and is left out.
    """
    terms: dict[str, Term] = {}
    for word in words_of(_plain(typed)):
        term = _term(word)
        if term:
            terms[term.like] = term
    return list(terms.values())


def _term(typed: str) -> Term | None:
    word = unparted(simplified(typed))
    if len(word) <= 2 and _WORD.fullmatch(word):
        start = f"%#{escape(word)}%"
        return Term((f"#{word}",), start, start)
    pieces = [gram for gram in grams(word) if not gram.startswith("#")]
    # A pair says all that its two characters say.
    pairs = {gram for gram in pieces if len(gram) > 1}
    needed = pairs | {gram for gram in pieces if len(gram) == 1 and not any(gram in pair for pair in pairs)}
    as_typed = typed if word == simplified(typed) else word
    return Term(tuple(sorted(needed)), f"%{escape(word)}%", f"%{escape(as_typed)}%") if needed else None


def words_of(folded: str) -> list[str]:
    """What was typed, word by word. A number in groups too short to be looked up is one word: ab 12 34 as ab1234."""
    words = folded.split()
    if any(len(word) <= 2 and word.isdecimal() for word in words) and all(map(_NUMBERED.fullmatch, words)):
        whole = "".join(words)
        if len(_DIGIT.findall(whole)) >= _DIGITS_OF_A_NUMBER:
            return [whole]
    return words[:MOST_TERMS]


def joined(text: str) -> str:
    """A folded text with its numbers in one piece: ab-12-34 as ab1234, (010) 6552 as (0106552; others as they are."""
    return _PARTING.sub("", text) if _DIGIT.search(text) else text


def unparted(word: str) -> str:
    """A folded number without the hyphens, brackets, dots and slashes that it is typed with; another word as it is."""
    bare = joined(word.strip(_OUTER)) if _DIGIT.search(word) else word
    return bare if len(bare) >= 3 else word


def escape(word: str) -> str:
    return _WILD.sub(r"\\\1", word)
