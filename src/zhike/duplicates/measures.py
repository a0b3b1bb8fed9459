"""From customers as they are stored to what is compared of them, and how alike it is: the Chinese side of the scan.

Persons and firms are two models, for what is common among one is rare among the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from zhike.core.text.characters import simplified
from zhike.science.linkage import Block, Compared, Level, link, slips
from zhike.science.linkage import Linked as Linked

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

# What stands behind a name and is no part of it; with its reading.
TITLES = r"(先生|女士|小姐|太太|老师|师傅|经理|总监|总|医生|主任)$"
TITLES_READ = r" (xian sheng|nv shi|xiao jie|tai tai|lao shi|shi fu|jing li|zong jian|zong|yi sheng|zhu ren)$"
BRANCH = r"(分公司|支公司|支行|分行|分店|办事处)$"
PLACES = (
    "北京|上海|天津|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南"
    "|陕西|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门|中国"
)
REGION = rf"^({PLACES})(省|市|自治区)?"
ROAD = r"([\p{Han}]{1,6}(?:路|街|大道|道|巷|弄|里))"


@dataclass(frozen=True, kw_only=True)
class Scanned:
    """Pairs of persons and of firms."""

    persons: Linked
    firms: Linked


def prepare(raw: pl.DataFrame) -> pl.DataFrame:
    """What is compared, a row each customer.

    raw: id, kind, name (normal form), reading, province, city, birthday (YYYY-MM-DD), phones, emails, codes (each
    separated by blanks, the primary first), address; text, empty where unknown.
    """
    names = raw.get_column("name").to_list()
    folded = pl.Series("name", [simplified(name or "") for name in names])
    addresses = pl.Series("address", [simplified(text or "") for text in raw.get_column("address").to_list()])
    is_firm = pl.col("kind") == "organisation"
    city = pl.col("city").str.replace(r"(市|地区|自治州|盟)$", "")
    frame = raw.with_columns(folded, addresses).with_columns(
        city=city,
        name=pl.when(is_firm)
        .then(pl.col("name"))
        .otherwise(pl.col("name").str.replace_all(r"[\s\(\)\[\]·.]", "").str.replace(TITLES, "")),
        reading=pl.when(is_firm)
        .then(pl.col("reading"))
        .otherwise(pl.col("reading").str.replace(TITLES_READ, ""))
        .str.replace_all(" ", ""),
        birthday=pl.col("birthday").str.replace_all("-", ""),
        doors=pl.col("address").str.replace_all(r"[^0-9]+", "-").str.strip_chars("-"),
        road=pl.col("address").str.replace(r"^.*?(区|县|市)", "").str.extract(ROAD, 1),
        phone=pl.col("phones").str.split(" ").list.get(0, null_on_oob=True),
        phone_2=pl.col("phones").str.split(" ").list.get(1, null_on_oob=True),
        email=pl.col("emails").str.split(" ").list.get(0, null_on_oob=True),
    )
    frame = frame.with_columns(
        core=pl.when(is_firm).then(_core()).otherwise(pl.lit("")),
        surname=pl.col("name").str.slice(0, 1),
        account=pl.col("email").str.split("@").list.get(0, null_on_oob=True),
    )
    text = [name for name, kind in frame.schema.items() if kind == pl.String]
    return frame.with_columns(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in text)


def _core() -> pl.Expr:
    """A firm's name without region: its own city or province, or one that everybody knows, in front or behind."""
    bare = pl.col("name").str.replace_all(r"[\s\(\)（）]", "").str.replace(REGION, "")
    bare = bare.str.replace(r"(公司)$", "")
    for place in ("city", "province"):
        word = pl.col(place).str.replace(r"(省|市|自治区)$", "")
        bare = (
            pl.when((word.str.len_chars() > 1) & bare.str.starts_with(word))
            .then(bare.str.slice(word.str.len_chars()))
            .when((word.str.len_chars() > 1) & bare.str.ends_with(word))
            .then(bare.str.head(bare.str.len_chars().cast(pl.Int64) - word.str.len_chars().cast(pl.Int64)))
            .otherwise(bare)
        )
        bare = bare.str.replace(r"^[市省]", "")
    return bare


_SAME_PHONE = "phone_l = phone_r OR phone_l = phone_2_r OR phone_2_l = phone_r"
_PHONE = Compared(
    name="phone",
    known=("phone",),
    levels=(
        Level(name="the same", sql=_SAME_PHONE, m=0.6),
        Level(name="one digit differs", sql=slips("phone", most=1), m=0.07),
    ),
)
_EMAIL = Compared(
    name="email",
    known=("email",),
    levels=(
        Level(name="the same", sql="email_l = email_r", m=0.7),
        Level(name="the same account", sql="account_l = account_r", m=0.02),
    ),
)
_ADDRESS = Compared(
    name="address",
    known=("address",),
    levels=(
        Level(name="the same", sql="address_l = address_r", m=0.4),
        Level(name="the same door", sql="road_l = road_r AND doors_l = doors_r", m=0.3),
        Level(name="the same road and house", sql=(
            "road_l = road_r AND (split_part(doors_l, '-', 1) = split_part(doors_r, '-', 1)"
            " OR damerau_levenshtein(doors_l, doors_r) <= 1)"
        ), m=0.1),
        Level(name="the same road", sql="road_l = road_r", m=0.02),
    ),
)  # fmt: skip
_CITY = Compared(name="city", known=("city",), levels=(Level(name="the same", sql="city_l = city_r", m=0.95),))
PERSON_FIELDS = (
    Compared(
        name="name",
        known=("name",),
        levels=(
            Level(name="the same", sql="name_l = name_r", m=0.65, frequent="name"),
            Level(name="sounds the same", sql="reading_l = reading_r", m=0.15, frequent="reading"),
            Level(name="one character differs", sql=(
                "surname_l = surname_r AND length(name_l) = length(name_r) AND length(name_l) > 2"
                " AND (substr(name_l, 2, 1) = substr(name_r, 2, 1) OR substr(name_l, 3, 1) = substr(name_r, 3, 1))"
            ), m=0.08),
            Level(name="one is part of the other", sql=(
                "surname_l = surname_r AND length(name_l) <> length(name_r)"
                " AND (contains(name_l, substr(name_r, 2)) OR contains(name_r, substr(name_l, 2)))"
            ), m=0.05),
            Level(name="the same surname", sql="surname_l = surname_r", m=0.05),
        ),
    ),
    _PHONE,
    _EMAIL,
    Compared(
        name="birthday",
        known=("birthday",),
        levels=(
            Level(name="the same", sql="birthday_l = birthday_r", m=0.9),
            Level(name="day and month exchanged", sql=(
                "substr(birthday_l, 1, 4) = substr(birthday_r, 1, 4)"
                " AND substr(birthday_l, 5, 2) = substr(birthday_r, 7, 2)"
                " AND substr(birthday_l, 7, 2) = substr(birthday_r, 5, 2)"
            ), m=0.02),
            Level(name="one part differs", sql=(
                "substr(birthday_l, 1, 6) = substr(birthday_r, 1, 6)"
                " OR substr(birthday_l, 5, 4) = substr(birthday_r, 5, 4)"
            ), m=0.05),
        ),
    ),
    _ADDRESS,
    _CITY,
)  # fmt: skip
PERSON_BLOCKS = (
    Block(name="phone", sql="phone", trains=True),
    Block(name="email", sql="email"),
    Block(name="birth", sql="reading || birthday", trains=True),
    Block(name="home", sql="road || doors"),
    Block(name="place", sql="reading || city || road"),
    Block(name="house", sql="surname || road || split_part(doors, '-', 1)", largest=30),
    Block(name="born", sql="surname || birthday || city", largest=30),
    Block(name="rare", sql="reading || city", largest=12),
)
FIRM_FIELDS = (
    Compared(
        name="name",
        known=("core",),
        levels=(
            Level(name="the same", sql="core_l = core_r", m=0.75, frequent="core"),
            Level(name="one is part of the other", sql=(
                "least(length(core_l), length(core_r)) > 1"
                " AND (starts_with(core_l, core_r) OR starts_with(core_r, core_l))"
            ), m=0.1),
            Level(name="nearly the same", sql=(
                "length(core_l) = length(core_r) AND length(core_l) > 2"
                " AND (substr(core_l, 2) = substr(core_r, 2)"
                " OR (substr(core_l, 1, 1) = substr(core_r, 1, 1) AND substr(core_l, 3) = substr(core_r, 3)))"
            ), m=0.08),
        ),
    ),
    Compared(name="code", known=("codes",), levels=(Level(name="the same", sql="codes_l = codes_r", m=0.98),)),
    _PHONE,
    _EMAIL,
    _ADDRESS,
    _CITY,
)  # fmt: skip
FIRM_BLOCKS = (
    Block(name="code", sql="codes"),
    Block(name="phone", sql="phone", trains=True),
    Block(name="email", sql="email"),
    Block(name="name", sql="core || city", trains=True, largest=40),
    Block(name="home", sql="road || doors"),
    Block(name="start", sql="substr(core, 1, 2) || road || split_part(doors, '-', 1)", largest=30),
    Block(name="rare", sql="core", largest=12),
)


def scan(
    raw: pl.DataFrame,
    *,
    memory: str = "3GB",
    spill: str = "",
    on_step: Callable[[str], None] = lambda _step: None,
    session: SparkSession | None = None,
) -> Scanned:
    """Which customers may be the same. raw: as `prepare` takes it; the others as `link` does."""
    on_step("prepare")
    frame = prepare(raw)
    persons, firms = (frame.filter(pl.col("kind") == kind) for kind in ("person", "organisation"))
    return Scanned(
        persons=link(
            _arrow(persons),
            fields=PERSON_FIELDS,
            blocks=PERSON_BLOCKS,
            certain="l.name = r.name AND l.phone = r.phone",
            recall=0.35,
            memory=memory,
            spill=spill,
            on_step=on_step,
            session=session,
        ),
        firms=link(
            _arrow(firms),
            fields=FIRM_FIELDS,
            blocks=FIRM_BLOCKS,
            certain="l.core = r.core AND l.phone = r.phone",
            recall=0.35,
            memory=memory,
            spill=spill,
            on_step=on_step,
            session=session,
        ),
    )


def _arrow(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())
