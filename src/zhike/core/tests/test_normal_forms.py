"""What counts as the same phone number, name, code or address."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc as standard_uscc

from zhike.core.text import columns, normal


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("13800138000", "+8613800138000"),
        (" 138-0013-8000 ", "+8613800138000"),
        ("+86 138 0013 8000", "+8613800138000"),
        ("86-13800138000", "+8613800138000"),
        ("008613800138000", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("'13800138000", "+8613800138000"),
        ("手机：13800138000", "+8613800138000"),
        ("13800138000.0", "+8613800138000"),
        ("1.3800138000E+10", "+8613800138000"),
        ("010-12345678", "+861012345678"),
        ("(021) 6288 1234", "+862162881234"),
        ("0755-88888888转802", "+8675588888888"),
        ("0755-88888888-802", "+8675588888888"),
        ("021-62881234 ext. 12", "+862162881234"),
        ("400-812-3456", "+864008123456"),
        ("+852 2345 6789", "+85223456789"),
        ("00852 2345 6789", "+85223456789"),
        ("+1 650-253-0000", "+16502530000"),
    ],
)
def test_a_phone_number_has_one_form(written: str, expected: str) -> None:
    assert normal.check_phone(written) == (expected, None)


@pytest.mark.parametrize("written", ["1.38E+10", "1.38e10", "1.3801E+10"])
def test_a_phone_number_shortened_by_a_spreadsheet_is_known_as_such(written: str) -> None:
    assert normal.check_phone(written) == (None, "phone_shortened")


@pytest.mark.parametrize(
    "written", ["١٣٨٠٠١٣٨٠٠٠", "123", "12345678901", "张伟", "13800138000/13900139000", "8234567", "1380013800a"]
)
def test_what_is_no_phone_number_is_refused(written: str) -> None:
    assert normal.check_phone(written) == (None, "phone_invalid")


def test_no_phone_number_is_no_mistake() -> None:
    assert normal.check_phone("  ") == (None, None)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (" Zhang.Wei@Example.COM ", "zhang.wei@example.com"),
        ("ｚ＠ｅｘａｍｐｌｅ．ｃｎ", "z@example.cn"),
        ("张伟 <z@example.cn>", "z@example.cn"),
        ("mailto:z@example.cn", "z@example.cn"),
        ("z@例子.中国", "z@例子.中国"),
    ],
)
def test_an_address_of_mail_has_one_form(written: str, expected: str) -> None:
    assert normal.email(written) == expected


@pytest.mark.parametrize("written", ["z@", "@example.cn", "z@example", "z example.cn", "a@b@c.cn", "z..w@example.cn"])
def test_what_is_no_address_of_mail_is_refused(written: str) -> None:
    assert normal.check_email(written) == (None, "email_invalid")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("腾讯科技（深圳）有限公司", "腾讯科技深圳"),
        ("腾讯科技(深圳)有限公司", "腾讯科技深圳"),
        ("北京 某某 科技 股份有限公司", "北京某某科技"),
        ("微软（中国）有限公司", "微软"),
        ("华为技术有限责任公司", "华为技术"),
        ("复星集团", "复星"),
        ("复星（集团）股份有限公司", "复星"),
        ("老王面馆（个体工商户）", "老王面馆"),
        ("平安保险股份有限公司上海分公司", "平安保险上海分公司"),
        ("Acme Co., Ltd.", "acme"),
        ("ACME CO.,LTD", "acme"),
        ("Acme Holdings Limited", "acme"),
        ("Foo Bar, Inc.", "foo bar"),
        ("Müller GmbH & Co. KG", "müller"),
        ("公司", "公司"),
        ("有限公司", "有限公司"),
        ("Limited", "limited"),
        ("The Limited Edition", "the limited edition"),
    ],
)
def test_an_organisation_is_known_without_its_legal_form(written: str, expected: str) -> None:
    assert normal.organisation_name(written) == expected


@given(st.text(min_size=1, max_size=20).filter(lambda name: normal.one_line(normal.half_width(name)) != ""))
def test_no_organisation_loses_its_whole_name(name: str) -> None:
    assert normal.organisation_name(name) != ""


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("张 伟", "张伟"),
        ("张　伟", "张伟"),
        ("阿卜杜拉•买买提", "阿卜杜拉·买买提"),
        ("阿卜杜拉 · 买买提", "阿卜杜拉·买买提"),
        (" John   SMITH ", "john smith"),
        ("张伟 John", "张伟john"),
    ],
)
def test_a_person_has_one_name(written: str, expected: str) -> None:
    assert normal.person_name(written) == expected


@pytest.mark.parametrize("code", ["91110000600037341L", "9144030071526726XG", "91310000MA1FL0A112"])
def test_credit_codes_are_right_when_the_library_says_so(code: str) -> None:
    assert (normal.uscc(code) is not None) is standard_uscc.is_valid(code)


def test_a_credit_code_is_read_in_capitals_and_half_width() -> None:
    right = "91110000600037341L"
    assert normal.uscc(" ９１１１００００６０００３７３４１ｌ ") == right
    assert normal.check_uscc(right[:-1] + "M") == (None, "uscc_invalid")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("00123", ("00123", None)),
        ("17850.0", ("17850", None)),
        ("Ａ－１０１", ("A-101", None)),
        ("581217 ", ("581217", None)),
        ("85123A", ("85123A", None)),
        ("1E5", ("1E5", None)),
        ("6.22848E+18", (None, "number_shortened")),
    ],
)
def test_a_code_stays_as_written_but_for_what_software_did_to_it(
    written: str, expected: tuple[str | None, str | None]
) -> None:
    assert normal.check_code(written) == expected


def test_an_apostrophe_before_a_formula_was_put_there_by_an_export() -> None:
    assert normal.check_text("'=1+1") == ("=1+1", None)
    assert normal.check_text("'twas") == ("'twas", None)


CELLS = st.lists(
    st.none()
    | st.sampled_from(
        [
            "13800138000",
            "1380013800𝟎",
            "+86 13900139000",
            "1.38E+10",
            " z@Example.cn",
            "A@B.CN",
            "17850.0",
            "1E+10",
            "'=1",
        ]
    )
    | st.text(max_size=12)
    | st.from_regex(r"(\+86|86)?[ -]?1\d{10}(\.0)?", fullmatch=True)
    | st.emails()
)


@given(CELLS)
def test_a_column_is_read_as_its_cells_are(cells: list[str | None]) -> None:
    column = pl.Series(cells, dtype=pl.String)
    for by_column, by_cell in [
        (columns.check_phones, normal.check_phone),
        (columns.check_emails, normal.check_email),
        (columns.check_codes, normal.check_code),
        (columns.check_texts, normal.check_text),
    ]:
        values, reasons = by_column(column)
        expected = [(None, None) if cell is None else by_cell(cell) for cell in cells]
        assert list(zip(values, reasons, strict=True)) == expected


@pytest.mark.parametrize(
    ("typed", "operator", "asked"),
    [
        ("138 0013 8000", "is", "+8613800138000"),
        ("010-6552 9988", "not", "+861065529988"),
        ("no number", "is", "nonumber"),
        ("138", "starts", "+86138"),
        ("+44", "starts", "+44"),
        ("010 6552 9988", "has", "1065529988"),
        ("8000", "lacks", "8000"),
    ],
)
def test_a_phone_number_is_asked_for_as_it_is_kept(typed: str, operator: str, asked: str) -> None:
    assert normal.sought_phone(typed, operator) == asked
