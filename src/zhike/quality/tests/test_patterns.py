"""Checks in SQL say what the libraries of each standard say, value by value; places are split as people would."""

from random import Random

import duckdb
import phonenumbers
import pytest
from stdnum.cn import ric
from stdnum.cn import uscc as standard

from zhike.core.text import normal
from zhike.quality import patterns, regions
from zhike.quality.fixes import standard_name
from zhike.quality.preparing import major_forms

SEED = 4711


def ask(test: str, values: list[str]) -> list[bool]:
    engine = duckdb.connect(config={"threads": 1})
    engine.execute("CREATE TABLE held (place INTEGER, value VARCHAR)")
    engine.executemany("INSERT INTO held VALUES (?, ?)", list(enumerate(values)))
    rows = engine.execute(f"SELECT coalesce({test}, false) FROM held ORDER BY place").fetchall()
    return [row[0] for row in rows]


def test_phone_numbers_are_those_of_the_numbering_plans() -> None:
    choice = Random(SEED)  # noqa: S311
    heads = [
        "86",
        "8613",
        "8615",
        "86154",
        "8610",
        "86571",
        "1650",
        "1212",
        "44207",
        "4479",
        "852",
        "3906",
        "800",
        "999",
    ]
    values = [
        f"+{head}{''.join(choice.choice('0123456789') for _ in range(choice.randrange(5, 11)))}"
        for head in heads
        for _ in range(25)
    ]
    wanted = [_is_valid(value) for value in values]
    codes = patterns.calling_codes(value[1:4] for value in values)
    assert ask(patterns.phone("value", codes), values) == wanted
    assert 40 < sum(wanted) < len(values) - 40


def _is_valid(value: str) -> bool:
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return False
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return written == value and phonenumbers.is_valid_number(number)


def test_credit_codes_and_id_numbers_are_those_of_the_standards() -> None:
    choice = Random(SEED)  # noqa: S311
    codes = ["91110000600037341L", "91440300708461136T", "91330100799655058B", "x"]
    codes += [_slipped(code, choice, "0123456789ABCDEFGHJKLMNPQRTUWXY") for code in codes[:3] for _ in range(30)]
    assert ask(patterns.uscc("value"), codes) == [standard.is_valid(code) for code in codes]
    numbers = [
        f"1101011990{month:02d}{day:02d}{order:03d}" for month in (1, 3, 12) for day in (7, 31) for order in (7, 12)
    ]
    numbers = [number + ric.calc_check_digit(f"{number}0") for number in numbers]
    numbers += [_slipped(number, choice, "0123456789") for number in numbers for _ in range(10)]
    held = ask(patterns.id_number("value"), numbers)
    # Where somebody was born is not looked at: districts come and go.
    for number, is_right in zip(numbers, held, strict=True):
        assert is_right == (ric.is_valid(f"110101{number[6:]}") if number.startswith("110101") else is_right)
    assert all(held[:12])


def _slipped(code: str, choice: Random, letters: str) -> str:
    place = choice.randrange(len(code) - 1)
    return code[:place] + choice.choice(letters) + code[place + 1 :]


def test_addresses_of_mail_are_those_that_can_be_entered() -> None:
    values = [
        "a@b.cn",
        "zhang.wei@mail.example.com",
        "张伟@公司.中国",
        "a@b",
        "a b@c.cn",
        "a@b..cn",
        "@b.cn",
        "a@-b.cn",
    ]
    values += [
        "a@b.c",
        "x@1.com",
        "a@b.123",
        f"{'a' * 64}@b.cn",
        f"{'a' * 65}@b.cn",
        f"a@{'b' * 63}.cn",
        f"a@{'b' * 64}.cn",
    ]
    assert ask(patterns.email("value"), values) == [normal.email(value) is not None for value in values]


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("浙江省杭州市西湖区文三路1号", ("浙江省", "杭州市", "西湖区", "文三路1号")),
        ("杭州西湖区文三路", ("浙江省", "杭州市", "西湖区", "文三路")),
        ("上海市黄浦区南京东路100号", ("上海市", "上海市", "黄浦区", "南京东路100号")),
        ("重庆渝北区龙溪街道", ("重庆市", "重庆市", "渝北区", "龙溪街道")),
        ("内蒙古呼和浩特市新城区", ("内蒙古自治区", "呼和浩特市", "新城区", "")),
        ("湖北省仙桃市沔州大道", ("湖北省", "仙桃市", "", "沔州大道")),
        ("中国 江苏省 苏州市 工业园区", ("江苏省", "苏州市", "", "工业园区")),
        ("恩施州恩施市", None),
        ("南京东路100号", None),
        ("上海市场路5号", None),
        ("南京市民中心", None),
        ("南京市玄武区市场路5号", ("江苏省", "南京市", "玄武区", "市场路5号")),
        ("北京路1号", None),
        ("10 Downing Street", None),
        ("", None),
    ],
)
def test_addresses_are_split_only_where_it_is_certain(address: str, parts: tuple[str, ...] | None) -> None:
    found = regions.split(address)
    assert (None if found is None else (found.province, found.city, found.district, found.street)) == parts


def test_an_address_fills_only_what_is_empty_and_contradicts_nothing() -> None:
    address = "浙江省杭州市西湖区文三路1号"
    assert regions.filled_by(address, "", "") == ("浙江省", "杭州市")
    assert regions.filled_by(address, "浙江", "") == ("浙江", "杭州市")
    assert regions.filled_by(address, "江苏省", "") is None
    assert regions.filled_by(address, "", "宁波市") is None
    assert regions.filled_by(address, "浙江省", "杭州") is None


def test_places_are_written_as_most_have_them() -> None:
    assert major_forms("province", {"浙江": 3, "浙江省": 40, "California": 2}) == {"浙江": "浙江省"}
    assert major_forms("city", {"杭州": 30, "杭州市": 4}) == {"杭州市": "杭州"}


def test_names_lose_what_no_name_has() -> None:
    assert standard_name(" 王 小明　") == "王小明"
    assert standard_name("Ａｌｉｃｅ  Ｗ．") == "Alice W．"
    assert standard_name("腾讯科技（深圳）有限公司") == "腾讯科技（深圳）有限公司"


def test_an_address_is_split_only_where_no_part_has_been_filled_in() -> None:
    street = "江苏省苏州市昆山市前进路1号"
    whole = {"province": "江苏省", "city": "苏州市", "district": "昆山市", "street": "前进路1号"}
    assert regions.parts_of({"street": street}) == whole
    assert regions.parts_of({"street": street, "city": ""}) == whole
    for part, value in (("city", "昆山市"), ("district", "玉山镇"), ("province", "江苏")):
        assert regions.parts_of({"street": street, part: value}) is None
    assert regions.parts_of({"street": "湖北省仙桃市"}) == {"province": "湖北省", "city": "仙桃市"}
