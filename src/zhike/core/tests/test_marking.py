"""What is marked in a text that was found: the part that answers, and nothing that only looks like it."""

import pytest

from zhike.core.text import marking, spoken


def marked(text: str, typed: str) -> str:
    at, parts = 0, []
    for start, end in marking.spans(text, typed):
        parts += [text[at:start], f"[{text[start:end]}]"]
        at = end
    return "".join([*parts, text[at:]])


@pytest.mark.parametrize(
    ("text", "typed", "shown"),
    [
        ("AB-19-12", "ab1912", "[AB-19-12]"),
        ("AB-19-12", "AB-1912", "[AB-19-12]"),
        ("ＡＢ１９１２ 号", "ab-19", "[ＡＢ１９]１２ 号"),
        ("+86 138 0013 8000", "0013-80", "+86 138 [0013 80]00"),
        ("冷链物流 (Cold chain)", "cold", "冷链物流 ([Cold] chain)"),
        ("华东冷链仓库", "lenglian", "华东[冷链]仓库"),
        ("華東冷鏈倉庫", "冷链", "華東[冷鏈]倉庫"),
        ("华东冷链仓库", "ll", "华东[冷链]仓库"),
        ("张晓明", "zhangxm", "[张晓明]"),
        ("曾国强", "zenggq", "[曾国强]"),
        ("TCL集团", "tcljt", "[TCL集团]"),
        ("重庆仓", "chongq", "[重庆]仓"),
        ("华东冷链仓库", "englian", "华东冷链仓库"),
        ("昆明市 5 号", "-", "昆明市 5 号"),
    ],
)
def test_the_part_that_answers_is_marked(text: str, typed: str, shown: str) -> None:
    assert marked(text, typed) == shown


def test_a_long_word_against_many_like_syllables_is_told_at_once() -> None:
    assert not spoken.is_read_as(" ".join(["aa"] * 200), "a" * 99 + "b")
