"""Readings of names, and that a search finds what it should and nothing else."""

import re
from fnmatch import translate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhike.core.text import grams, pinyin
from zhike.core.text.normal import is_han
from zhike.core.text.pinyin import ORGANISATION, PERSON


@pytest.mark.parametrize(
    ("name", "kind", "reading"),
    [
        ("张伟", PERSON, "zhang wei"),
        ("曾国藩", PERSON, "zeng guo fan"),
        ("单田芳", PERSON, "shan tian fang"),
        ("解晓东", PERSON, "xie xiao dong"),
        ("仇英", PERSON, "qiu ying"),
        ("朴树", PERSON, "piao shu"),
        ("任我行", PERSON, "ren wo xing"),
        ("区志伟", PERSON, "ou zhi wei"),
        ("查良镛", PERSON, "zha liang yong"),
        ("盖叫天", PERSON, "ge jiao tian"),
        ("尉迟恭", PERSON, "yu chi gong"),
        ("万俟卨", PERSON, "mo qi xie"),
        ("长孙无忌", PERSON, "zhang sun wu ji"),
        ("張偉", PERSON, "zhang wei"),
        ("John Smith", PERSON, "john smith"),
        ("重庆长安汽车", ORGANISATION, "chong qing chang an qi che"),
        ("解放路小学", ORGANISATION, "jie fang lu xiao xue"),
        ("朝阳银行", ORGANISATION, "chao yang yin hang"),
        ("成都都江堰", ORGANISATION, "cheng du du jiang yan"),
        ("厦门音乐厅", ORGANISATION, "xia men yin yue ting"),
        ("ＴＣＬ集团", ORGANISATION, "tcl ji tuan"),
        ("7天酒店（长沙店）", ORGANISATION, "7 tian jiu dian chang sha dian"),
    ],
)
def test_names_are_read_as_people_read_them(name: str, kind: str, reading: str) -> None:
    assert pinyin.reading(name, kind) == reading


@pytest.mark.parametrize(
    ("name", "kind", "initials"),
    [
        ("张伟", PERSON, "zw"),
        ("曾国藩", PERSON, "zgf"),
        ("重庆银行", ORGANISATION, "cqyh"),
        ("TCL集团", ORGANISATION, "tcljt"),
        ("John Smith", PERSON, "js"),
    ],
)
def test_initials_are_what_people_type(name: str, kind: str, initials: str) -> None:
    assert pinyin.initials(name, kind) == initials


def test_a_column_of_names_is_read_as_each_of_them() -> None:
    assert pinyin.readings(["曾伟", "张伟", "曾伟"], PERSON) == ["zeng wei", "zhang wei", "zeng wei"]


def row_of(name: str, kind: str = PERSON, *identifiers: str) -> str:
    read = pinyin.reading(name, kind)
    return grams.search_text(name, read, pinyin.initials_of(name, read), identifiers)


def is_like(text: str, pattern: str) -> bool:
    """PostgreSQL's LIKE with backslash as escape, said another way."""
    parts = re.findall(r"\\.|%|_|[^\\%_]+", pattern, re.DOTALL)
    glob = "".join(
        {"%": "*", "_": "?"}.get(part) or re.sub(r"([*?[])", r"[\1]", part.removeprefix("\\")) for part in parts
    )
    return re.fullmatch(translate(glob), text, re.DOTALL) is not None


def finds(typed: str, text: str) -> bool:
    terms = grams.query(typed)
    known = set(grams.grams(text))
    return bool(terms) and all(known >= set(term.grams) and is_like(text, term.like) for term in terms)


FOUND = ["张", "伟", "张伟", "zhangwei", "zhang wei", "angw", "zw", "z", "ＺＨＡＮＧ", "wei.zhang@", "c00123", "C001"]
FOUND += ["138", "0013", "138-0013", "+86138", "138 8000", "张 138"]


@pytest.mark.parametrize("typed", FOUND)
def test_a_customer_is_found_by_any_of_it(typed: str) -> None:
    assert finds(typed, row_of("张伟", PERSON, "+8613800138000", "wei.zhang@example.com", "C00123"))


@pytest.mark.parametrize(
    "typed", ["李", "张三", "zhangsan", "lw", "w", "139", "张 139", "zwei", "%", "_", "a%", "张_", "zzz"]
)
def test_a_customer_is_not_found_by_what_it_has_not(typed: str) -> None:
    assert not finds(typed, row_of("张伟", PERSON, "+8613800138000"))


@pytest.mark.parametrize("typed", ["zengwei", "zeng", "zw", "ze", "cengwei", "ceng", "cw", "ce", "曾"])
def test_a_surname_is_found_by_either_of_its_readings(typed: str) -> None:
    assert finds(typed, row_of("曾伟"))


@pytest.mark.parametrize("name", ["張偉", "张伟", "張伟"])
@pytest.mark.parametrize("typed", ["张伟", "張偉", "偉", "张", "張"])
def test_traditional_and_simplified_characters_are_one(name: str, typed: str) -> None:
    assert finds(typed, row_of(name))


def test_what_stands_as_it_was_written_is_asked_as_it_was_typed() -> None:
    [term] = grams.query("臺北%路")
    assert (term.like, term.typed) == (r"%台北\%路%", r"%臺北\%路%")


@pytest.mark.parametrize("typed", ["100%", "7-11", "lg", "LG", "l", "电子"])
def test_names_with_signs_and_short_words_are_found(typed: str) -> None:
    assert finds(typed, row_of("LG电子 7-11 100%", ORGANISATION))


HELD = ["ab1234", "AB-12-34", "ab 12 34", "ＡＢ－１２－３４", "AB/12/34", "(AB) 12—34"]


@pytest.mark.parametrize("held", HELD)
@pytest.mark.parametrize("typed", [*HELD, "b-123", "b123", "12-34"])
def test_a_number_is_found_however_either_is_parted(held: str, typed: str) -> None:
    assert finds(typed, row_of("张伟", PERSON, held))
    assert not finds(grams.fold(typed).replace("1", "7"), row_of("张伟", PERSON, held))


def test_initials_beside_a_number_stay_a_word_of_their_own() -> None:
    assert grams.words_of("ab 12 34") == ["ab1234"]
    for typed in ("zw 8888", "li 13800138000", "3m 1860"):
        assert grams.words_of(typed) == typed.split()
    assert finds("zw 8888", row_of("张伟", PERSON, "+8613800138888"))


def test_what_only_looks_like_a_number_stays_in_its_parts() -> None:
    assert grams.joined("zhang.san@163.com") == "zhang.san@163.com"
    assert grams.joined("john smith-jones") == "john smith-jones"
    assert grams.joined("v2.0.1 of 2026") == "v201of2026"
    assert grams.unparted("(1)") == "(1)"


def test_nothing_is_looked_up_for_signs_alone() -> None:
    assert grams.query(" @ - % a@ ") == []


NAMES = st.text(
    st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)
    | st.sampled_from("abcxyzABC0123456789%_\\-'.@ &（）ＡＢ１２·"),
    min_size=1,
    max_size=14,
).filter(lambda name: bool(grams.fold(name)))


@given(NAMES, st.data())
def test_a_name_is_found_by_every_piece_of_it(name: str, data: st.DataObject) -> None:
    folded = grams.fold(name)
    start = data.draw(st.integers(0, len(folded) - 1))
    piece = folded[start : data.draw(st.integers(start + 1, len(folded)))]
    words = piece.split()
    if words and all(any(map(is_han, word)) or re.search(r"[a-z0-9]{3}", word) for word in words):
        assert finds(piece, row_of(name, ORGANISATION))


@given(NAMES, NAMES)
def test_nothing_is_found_that_lacks_what_was_typed(name: str, typed: str) -> None:
    text = row_of(name, ORGANISATION)
    if finds(typed, text):
        for word in grams.words_of(grams.fold(typed)):
            term = grams.query(word)
            assert not term or word in text or grams.unparted(word) in text or f"#{word}" in text, word


@given(NAMES)
def test_initials_find_their_name(name: str) -> None:
    initials = pinyin.initials(name, PERSON)
    for length in range(1, len(initials) + 1):
        if initials[:length].isalnum():
            assert finds(initials[:length], row_of(name))
