"""The customer file as a shop's system exports it: names, ways to reach them, and the dirt of real files."""

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from zhike.demo import names
from zhike.demo.firms import credit_codes, firm_names
from zhike.demo.organisation import owner_of
from zhike.demo.places import CITIES, ESTATES, STREETS
from zhike.demo.plan import CUSTOMERS, Flags, Ints, Plan
from zhike.demo.population import Population, population
from zhike.demo.purchases import CHANNELS, customer_code, favourite_channel

type Dates = NDArray[np.datetime64]

SECOND_REGISTRATION_SHARE = 0.02
REFERRED_SHARE = 0.07
HONORIFICS = ("先生", "女士")
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
PERSON_TAGS = ("有孩家庭", "宠物家庭", "咖啡爱好者", "高端小区", "团购群", "服务满意", "价格敏感")
FIRM_TAGS = ("对公结算", "年框客户", "节日福利", "办公茶水间", "需开专票")
PERSON_NOTES = (
    "偏好周末上门，提前一小时电话联系",
    "老客户介绍，注意维护",
    "家有老人，配送请轻敲门",
    "曾反馈包装破损，已补发",
    "约 2023-02-30 回访（日期待核实）",
    "对香味敏感，推荐无香款",
    "加过企微，朋友圈互动多",
    "生日写的是农历，请核对",
)
FIRM_NOTES = (
    "月结 30 天，开增值税专用发票",
    "采购需三家比价，关注折扣",
    "年底福利采购预算约 5 万，11 月前跟进",
    "对接人休产假，暂联系行政前台",
    "送货到 B1 卸货区，需提前报备车牌",
    "合同 2025-13-01 到期（原表日期有误）",
)


def iter_customer_frames(plan: Plan) -> Iterator[pl.DataFrame]:
    """The customers, chunk by chunk; every cell is text."""
    for chunk in range(plan.chunk_count):
        yield _frame(plan, population(plan, chunk), plan.random(CUSTOMERS, chunk))


def _frame(plan: Plan, people: Population, random: np.random.Generator) -> pl.DataFrame:
    frame, is_woman = clean_frame(plan, people, random)
    return _soiled(_registered_twice(frame, people.is_firm, random), people.is_firm, is_woman, random)


def clean_frame(plan: Plan, people: Population, random: np.random.Generator) -> tuple[pl.DataFrame, Flags]:
    """Everybody once, as written with care, and which of them are women."""
    size = len(people.number)
    age = np.clip(random.gamma(9, 4.2, size), 18, 82)
    born = plan.end_on.year - age.astype(np.int64)
    is_woman = random.random(size) < 0.62
    new_year: Dates = (born - 1970).astype("datetime64[Y]").astype("datetime64[D]")
    birthday = new_year + random.integers(0, 365, size).astype("timedelta64[D]")
    came: Dates = np.datetime64(plan.first_on, "D") + people.came.astype("timedelta64[D]")
    person_names = _person_names(born, is_woman, random)
    firm = firm_names(people.city, random)
    phone = _phones(people.number, random)
    wechat = pl.Series(np.char.add("wx_", np.char.mod("%08x", _scrambled(people.number, 0xFFFFFFFF))))
    mail = _mails(people.number, random)
    return pl.DataFrame(
        {
            "客户编号": pl.Series(people.number),
            "客户类型": np.where(people.is_firm, "企业", "个人"),
            "客户名称": pl.select(pl.when(pl.Series(people.is_firm)).then(firm).otherwise(person_names)).to_series(),
            "手机号": phone,
            "邮箱": _kept(mail, random.random(size) < np.where(people.is_firm, 0.85, 0.42)),
            "微信号": _kept(wechat, ~people.is_firm & (random.random(size) < 0.5)),
            "统一社会信用代码": _kept(
                credit_codes(people.city, people.number), people.is_firm & (random.random(size) < 0.93)
            ),
            "省份": _pick([city.province for city in CITIES], people.city),
            "城市": _pick([city.name for city in CITIES], people.city),
            "地址": _addresses(people.city, people.is_firm, random),
            "来源渠道": _channels(people, random),
            "生日": _kept(
                pl.Series(np.datetime_as_string(birthday, unit="D")), ~people.is_firm & (random.random(size) < 0.58)
            ),
            "负责人": owner_of(people, random),
            "标签": _labels(people.is_firm, PERSON_TAGS, FIRM_TAGS, 0.22, random),
            "备注": _labels(people.is_firm, PERSON_NOTES, FIRM_NOTES, 0.06, random),
            "建档日期": pl.Series(np.datetime_as_string(came, unit="D")),
        }
    ).with_columns(客户编号=customer_code(pl.col("客户编号"))), is_woman


def _pick(words: Sequence[str], index: Ints) -> pl.Series:
    return pl.Series(words).gather(pl.Series(index))


def _kept(values: pl.Series, keep: Flags) -> pl.Series:
    """The values where known, empty elsewhere."""
    return values.zip_with(pl.Series(keep), pl.repeat("", len(values), eager=True))


def _scrambled(number: Ints, mask: int) -> Ints:
    """A fixed shuffle of the numbers, so that neighbours do not look alike; distinct up to the mask."""
    return ((number.astype(np.uint64) * np.uint64(2654435761) + np.uint64(0x5F3759)) & np.uint64(mask)).astype(np.int64)


def _phones(number: Ints, random: np.random.Generator) -> pl.Series:
    # The factor is prime to 10^8, so that the last eight digits, and with them the numbers, are all different.
    tail = (number * 38_196_601 + 10_720_337) % 100_000_000
    prefixes = _pick(names.PHONE_PREFIXES, random.integers(0, len(names.PHONE_PREFIXES), len(number)))
    return prefixes + pl.Series(tail).cast(pl.String).str.zfill(8)


def _mails(number: Ints, random: np.random.Generator) -> pl.Series:
    weights = np.asarray(names.MAIL_WEIGHTS) / sum(names.MAIL_WEIGHTS)
    domain = _pick(names.MAIL_DOMAINS, random.choice(len(names.MAIL_DOMAINS), len(number), p=weights))
    account = pl.Series(_scrambled(number, 0xFFFFFFFF) + 100_000_000).cast(pl.String)
    return account + "@" + domain


def _person_names(born: Ints, is_woman: Flags, random: np.random.Generator) -> pl.Series:
    size = len(born)
    shares = np.asarray([share for _name, share in names.SURNAMES], dtype=np.float64)
    surname = _pick(
        [name for name, _share in names.SURNAMES], random.choice(len(shares), size, p=shares / shares.sum())
    )
    generation = np.digitize(born, [1975, 1990])
    place = random.beta(0.9, 1.5, (2, size))  # the first words of each list are the commonest
    draw = random.random(size)
    given = np.empty(size, dtype=object)
    for women, characters, pairs in (
        (True, names.WOMEN_CHARACTERS, names.WOMEN_PAIRS),
        (False, names.MEN_CHARACTERS, names.MEN_PAIRS),
    ):
        for era in range(3):
            rows = np.flatnonzero((is_woman == women) & (generation == era))
            letters = np.asarray(list(characters[era]), dtype=object)
            fixed = np.asarray(pairs[era].split(), dtype=object)
            first = letters[(place[0, rows] * len(letters)).astype(np.int64)]
            second = letters[(place[1, rows] * len(letters)).astype(np.int64)]
            pair = fixed[(place[0, rows] * len(fixed)).astype(np.int64)]
            single = draw[rows] < names.SINGLE_SHARE[era]
            popular = ~single & (draw[rows] > 1 - names.PAIR_SHARE)
            given[rows] = np.where(single, first, np.where(popular, pair, first + second))
    return surname + pl.Series(given, dtype=pl.String)


def _addresses(city: Ints, is_firm: Flags, random: np.random.Generator) -> pl.Series:
    size = len(city)
    counts: Ints = np.asarray([len(place.districts) for place in CITIES], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(counts)])[:-1]
    district = _pick(
        [district for place in CITIES for district in place.districts],
        starts[city] + random.integers(0, counts[city]),
    )
    street = _pick(STREETS, random.integers(0, len(STREETS), size))
    house = pl.Series(random.integers(1, 900, size)).cast(pl.String) + "号"
    estate = _pick(ESTATES, random.integers(0, len(ESTATES), size))
    building = pl.Series(random.integers(1, 28, size)).cast(pl.String)
    floor = random.integers(1, 30, size)
    flat = pl.Series(floor * 100 + random.integers(1, 5, size)).cast(pl.String)
    home = district + street + house + estate + building + "幢" + flat + "室"
    office = district + street + house + building + "号楼" + pl.Series(floor).cast(pl.String) + "层"
    return _kept(office.zip_with(pl.Series(is_firm), home), random.random(size) < 0.83)


def _channels(people: Population, random: np.random.Generator) -> pl.Series:
    sources = (*CHANNELS, "转介绍", "展会", "电话拜访")
    referred = random.random(len(people.number))
    won = np.where(people.is_firm, np.where(referred < 0.22, 8, 7), 6)
    index = np.where(
        referred < np.where(people.is_firm, 0.4, REFERRED_SHARE),
        won,
        favourite_channel(people.number, people.is_firm),
    )
    return _pick(sources, index)


def _labels(
    is_firm: Flags, persons: Sequence[str], firms: Sequence[str], share: float, random: np.random.Generator
) -> pl.Series:
    size = len(is_firm)
    index = np.where(
        is_firm, len(persons) + random.integers(0, len(firms), size), random.integers(0, len(persons), size)
    )
    return _kept(_pick([*persons, *firms], index), random.random(size) < np.where(is_firm, 2 * share, share))


def _registered_twice(frame: pl.DataFrame, is_firm: Flags, random: np.random.Generator) -> pl.DataFrame:
    """Some persons have a second card: the same phone or mail, and a name that is often spelt otherwise."""
    size = len(frame)
    again = np.flatnonzero(~is_firm & (random.random(size) < SECOND_REGISTRATION_SHARE))
    again = again[again > 0]
    model = np.floor(random.random(len(again)) * again).astype(np.int64)
    again, model = again[~is_firm[model]], model[~is_firm[model]]
    same_phone = random.random(len(again)) < 0.55
    other = frame[model]
    spelling = other["客户名称"].map_elements(_misspelt, return_dtype=pl.String)
    second = frame[again].with_columns(
        客户名称=pl.when(pl.Series(random.random(len(again)) < 0.5)).then(spelling).otherwise(other["客户名称"]),
        手机号=pl.when(pl.Series(same_phone)).then(other["手机号"]).otherwise(pl.col("手机号")),
        邮箱=pl.when(pl.Series(~same_phone)).then(other["邮箱"]).otherwise(pl.col("邮箱")),
        省份=other["省份"],
        城市=other["城市"],
        地址=other["地址"],
        生日=other["生日"],
    )
    order = np.arange(size)
    order[again] = size + np.arange(len(again))
    return pl.concat([frame, second])[order]


def _misspelt(name: str) -> str:
    for right, wrong in names.LOOK_OR_SOUND_ALIKES.items():
        if right in name[1:]:
            return name[0] + name[1:].replace(right, wrong, 1)
    return f"{name[0]} {name[1:]}"


def _soiled(frame: pl.DataFrame, is_firm: Flags, is_woman: Flags, random: np.random.Generator) -> pl.DataFrame:
    """What typing, copying and spreadsheets do to a file, without making a row worthless."""
    size = len(frame)
    phone, name, mail = pl.col("手机号"), pl.col("客户名称"), pl.col("邮箱")
    digits = pl.concat_list(phone.str.slice(0, 3), phone.str.slice(3, 4), phone.str.slice(7, 4))
    wide = frame["手机号"].map_elements(lambda text: text.translate(FULL_WIDTH), return_dtype=pl.String)
    dirt = pl.Series(random.random(size))
    title = pl.Series(HONORIFICS).gather(pl.Series(is_woman.astype(np.int64)))
    untidy = pl.Series(random.random(size))
    persons = pl.Series(~is_firm)
    return frame.with_columns(
        手机号=pl.when(dirt < 0.02)
        .then(digits.list.join(" "))
        .when(dirt < 0.035)
        .then(digits.list.join("-"))
        .when(dirt < 0.05)
        .then(pl.lit("+86 ") + phone)
        .when(dirt < 0.058)
        .then(wide)
        .when(dirt < 0.07)
        .then(phone + " ")
        .when(dirt > 0.93)
        .then(pl.lit(""))
        .otherwise(phone),
        客户名称=pl.when(untidy < 0.008)
        .then(pl.lit(" ") + name + "  ")
        .when((untidy < 0.014) & persons)
        .then(name.str.slice(0, 1) + "　" + name.str.slice(1))
        .when((untidy < 0.02) & persons)
        .then(name + title)
        .when((untidy < 0.03) & ~persons)
        .then(name.str.replace_all("（", "(").str.replace_all("）", ")"))
        .otherwise(name),
        邮箱=pl.when(untidy > 0.985).then(mail.str.to_uppercase()).otherwise(mail),
        城市=pl.when(dirt < 0.12).then(pl.col("城市").str.strip_suffix("市")).otherwise(pl.col("城市")),
        建档日期=pl.when(untidy > 0.9).then(pl.col("建档日期").str.replace_all("-", "/")).otherwise(pl.col("建档日期")),
    )
