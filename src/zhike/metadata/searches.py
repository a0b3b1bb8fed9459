"""What somebody typed, asked of one field that the search box looks into.

A text is asked for its pieces, and then for the words themselves. A choice is asked for the keys of those options whose
labels, in either language, have the word: labels stand in the design, so that a new label is found at once.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.db.models import BooleanField, Expression, Func, Q, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.utils.translation import pgettext

from zhike.core.text import grams, spoken
from zhike.metadata import readings, registry
from zhike.metadata.kinds import Json, Known
from zhike.metadata.pieces import CHOSEN, pieces_of

_SHORT = re.compile(r"[^\W_\u2e80-\U0003ffff]{1,2}")
_SPOKEN = re.compile("[a-z]{2}|(?=[0-9]*[a-z])[a-z0-9]{3,}")
_DIGIT = re.compile("[0-9]")
_PARTS = re.compile(rf"[{grams.DASHES}. ]")
SEPARATOR = "、"


@dataclass(frozen=True)
class Word:
    """One that was typed. said: what has to stand in the value; of a number what parts it is gone, and is_joined says
    that it stands in the value without that. is_short: one or two letters or digits, which only begin something."""

    said: str
    is_joined: bool
    is_short: bool

    @property
    def is_spoken(self) -> bool:
        return _SPOKEN.fullmatch(self.said) is not None

    @property
    def pieces(self) -> set[str]:
        return {f"#{self.said}"} if self.is_short else pieces_of(self.said)


class Asking(Protocol):
    """One field, asked for all words."""

    def having(self) -> Q:
        """Records that the index proposes."""

    def saying(self) -> Q:
        """Those of them that have every word."""

    def told(self, value: Json) -> str:
        """What of the value has the words, for people; empty where it has them not."""


def words_of(typed: str) -> list[Word]:
    """Without those that narrow nothing: signs alone."""
    found = (_word(word) for word in grams.words_of(grams.fold(typed)))
    return [one for one in dict.fromkeys(found) if one.is_short or one.pieces]


def ask(field: Known, words: Sequence[Word]) -> Asking | None:
    """None where the field cannot have them."""
    if not words:
        return None
    if field.kind in CHOSEN:
        options = field.options.items()
        keys = [
            [key for key, one in options if _names(one.label, word) or _names(one.label_en, word)] for word in words
        ]
        return _Chosen(field, words, keys) if all(keys) else None
    # Two letters are initials; a single one, or two digits, stand in nearly every value.
    return None if any(word.is_short and not word.is_spoken for word in words) else _Text(field, words)


def _word(typed: str) -> Word:
    said = grams.unparted(typed)
    is_joined = said != typed or (_DIGIT.search(said) is not None and not _PARTS.search(said))
    return Word(said, is_joined, _SHORT.fullmatch(said) is not None)


@dataclass(frozen=True)
class _Text:
    field: Known
    words: Sequence[Word]

    def having(self) -> Q:
        wanted = sorted({piece for word in self.words for piece in word.pieces})
        return _is_held(self.field) & _asked(_made("zhike_pieces", _value(self.field)), " @> ", wanted)

    def saying(self) -> Q:
        found = Q()
        folded = _made("zhike_folded", _value(self.field))
        for word in self.words:
            pattern = f"%{grams.escape(word.said)}%"
            one = _asked(_made("zhike_joined", folded) if word.is_joined else folded, " LIKE ", pattern)
            read = _asked(_made("zhike_reading", folded), " ~ ", readings.pattern_of(word.said))
            found &= read if word.is_short else one | read if word.is_spoken else one
        return found

    def told(self, value: Json) -> str:
        text = " ".join(value.split()) if isinstance(value, str) else ""
        return text if _has(text, self.words) else ""


@dataclass(frozen=True)
class _Chosen:
    """keys: for each word, the options that are called so."""

    field: Known
    words: Sequence[Word]
    keys: Sequence[Sequence[str]]

    def having(self) -> Q:
        found = _is_held(self.field)
        for keys in self.keys:
            found &= Q(**{f"{registry.COLUMN}__{self.field.key}__has_any_keys": keys})
        return found

    def saying(self) -> Q:
        return Q()

    def told(self, value: Json) -> str:
        chosen = value if isinstance(value, list) else [value]
        if not all(any(key in keys for key in chosen) for keys in self.keys):
            return ""
        meant = {key for keys in self.keys for key in keys}
        return SEPARATOR.join(self._named(key) for key in chosen if key in meant)

    def _named(self, key: str) -> str:
        """Also in the other language, where it is that one which was typed."""
        one = self.field.options[key]
        if any(_names(one.named, word) for word, keys in zip(self.words, self.keys, strict=True) if key in keys):
            return one.named
        other = one.label_en if one.named == one.label else one.label
        return pgettext("a choice and how it is called in another language", "%(label)s (%(other)s)") % {
            "label": one.named,
            "other": other,
        }


def _names(label: str, word: Word) -> bool:
    """A single letter is a whole label, such as A; two begin one of its words, or are initials."""
    if word.is_short:
        folded = grams.fold(label)
        begun = [folded] if len(word.said) == 1 else [part[:2] for part in folded.split()]
        if word.said in begun:
            return True
    return _has(label, [word])


def _has(text: str, words: Iterable[Word]) -> bool:
    folded = grams.fold(text)
    joined, read = grams.joined(folded), readings.readings_of(folded)
    return bool(text) and all(
        (not word.is_short and word.said in (joined if word.is_joined else folded))
        or (word.is_spoken and any(spoken.is_read_as(one, word.said) for one in read))
        for word in words
    )


def _value(field: Known) -> Expression:
    return KeyTextTransform(field.key, registry.COLUMN)


def _made(function: str, of: Expression) -> Func:
    return Func(of, function=function, output_field=TextField())


def _is_held(field: Known) -> Q:
    return Q(**{f"{registry.COLUMN}__has_key": field.key})


def _asked(made: Func, operator: str, wanted: str | list[str]) -> Q:
    return Q(Func(made, Value(wanted), template="%(expressions)s", arg_joiner=operator, output_field=BooleanField()))
