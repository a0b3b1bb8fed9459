"""How Chinese names are read, for sorting and for search in Latin letters."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from zhike.core.text.normal import half_width, is_han

PERSON, ORGANISATION = "person", "organisation"

_SURNAMES = """
区 ou 區 ou 曾 zeng 单 shan 單 shan 解 xie 仇 qiu 朴 piao 任 ren 查 zha 盖 ge 蓋 ge 翟 zhai 覃 qin 薄 bo
乐 yue 樂 yue 员 yun 乜 nie 繁 po 缪 miao 繆 miao 召 shao 种 chong 折 she 秘 bi 重 chong 隗 wei 郇 xun 郗 xi
牟 mu 祭 zhai 洗 xian 冼 xian 句 gou 过 guo 会 gui 莘 shen 藏 zang 都 du 谌 chen 幺 yao 黑 he 撒 sa 那 na
尉迟 yu chi 尉遲 yu chi 万俟 mo qi 长孙 zhang sun 長孫 zhang sun 澹台 tan tai 单于 chan yu 鲜于 xian yu
"""
_NO_WORD = re.compile(r"[\W_]+")
_VOWEL = re.compile("[aeiouv]")


@dataclass(frozen=True)
class _Readings:
    """characters: by code point, blanks around, for `str.translate`. phrases: by first character, longest first.

    others: surnames of one character, each with its reading and that of the character elsewhere.
    """

    characters: dict[int, str]
    phrases: dict[str, tuple[tuple[str, str], ...]]
    surnames: dict[str, str]
    others: dict[str, tuple[str, str]]


@cache
def _readings() -> _Readings:
    characters: dict[int, str] = {}
    phrases: dict[str, list[tuple[str, str]]] = {}
    for line in files("zhike.core.text").joinpath("readings.txt").read_text(encoding="utf-8").splitlines():
        left, _tab, right = line.partition("\t")
        if left.isascii():
            characters.update(dict.fromkeys(map(ord, right), f" {left} "))
        else:
            phrases.setdefault(left[0], []).append((left, f" {right} "))
    longest_first = {
        first: tuple(sorted(found, key=lambda phrase: -len(phrase[0]))) for first, found in phrases.items()
    }
    surnames = _surnames()
    others = {
        name: (read.strip(), elsewhere)
        for name, read in surnames.items()
        if len(name) == 1 and (elsewhere := characters[ord(name)].strip()) != read.strip()
    }
    return _Readings(characters, longest_first, surnames, others)


def _surnames() -> dict[str, str]:
    surnames: dict[str, str] = {}
    name = ""
    for word in _SURNAMES.split():
        if word.isascii():
            surnames[name] = f"{surnames.get(name, '')} {word} "
        else:
            name = word
    return surnames


def reading(name: str, kind: str) -> str:
    """Lower-case syllables with blanks between; Latin letters and digits stay: 张伟 as "zhang wei"."""
    table = _readings()
    text = half_width(name).lower()
    if text.isascii():
        return " ".join(_NO_WORD.sub(" ", text).split())
    start = ""
    if kind == PERSON:
        surname = text[:2] if text[:2] in table.surnames and len(text) > 2 else text[:1]
        start = table.surnames.get(surname, "")
        if start:
            text = text[len(surname) :]
    if not table.phrases.keys().isdisjoint(text):
        text = _read_phrases(text, table)
    text = start + text.translate(table.characters)
    if not text.replace(" ", "").isalnum():
        text = _NO_WORD.sub(" ", text)
    return " ".join(text.split())


def syllables() -> frozenset[str]:
    """All that characters are read as, without those that are only hummed (ng, hm)."""
    return frozenset(read.strip() for read in _readings().characters.values() if _VOWEL.search(read))


def list_surnames() -> list[tuple[str, str]]:
    """Those that are read otherwise than their characters elsewhere, with their readings."""
    return [(name, read.strip()) for name, read in _readings().surnames.items()]


def surname_of(text: str) -> tuple[int, str]:
    """How many characters of the beginning are such a surname, and its reading; 0 and empty where none is."""
    surnames = _readings().surnames
    size = next((size for size in (2, 1) if text[:size] in surnames), 0)
    return size, surnames[text[:size]].strip() if size else ""


def otherwise(name: str, read: str) -> str:
    """How somebody reads a person's name who takes the surname for a common word: 曾伟 as "ceng wei"; mostly empty."""
    as_surname, elsewhere = _readings().others.get(name[:1], ("", ""))
    if not elsewhere or not f"{read} ".startswith(f"{as_surname} "):
        return ""
    return elsewhere + read[len(as_surname) :]


def _read_phrases(text: str, table: _Readings) -> str:
    """The phrases whose characters are read otherwise than alone, the longest at each place."""
    parts: list[str] = []
    at = 0
    while at < len(text):
        for phrase, syllables in table.phrases.get(text[at], ()):
            if text.startswith(phrase, at):
                parts.append(syllables)
                at += len(phrase)
                break
        else:
            parts.append(text[at])
            at += 1
    return "".join(parts)


def initials(name: str, kind: str) -> str:
    """First letters of the syllables; a Latin word beside Han characters stays whole: TCL集团 as "tcljt"."""
    return initials_of(name, reading(name, kind))


def initials_of(name: str, read: str) -> str:
    """As `initials`, where the reading is known already."""
    if not any(map(is_han, name)):
        return "".join(word[0] for word in read.split())
    latin = set(re.findall(r"[a-z0-9]+", half_width(name).lower()))
    if not latin:
        return "".join([word[0] for word in read.split()])
    return "".join(word if word in latin else word[0] for word in read.split())


def readings(names: Iterable[str], kind: str) -> list[str]:
    """A whole column; each distinct name is read once."""
    known: dict[str, str] = {}
    result: list[str] = []
    for name in names:
        read = known.get(name)
        if read is None:
            read = known[name] = reading(name, kind)
        result.append(read)
    return result
