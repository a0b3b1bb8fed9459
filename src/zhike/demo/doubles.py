"""A customer file with doubles whose truth is known, to measure how well they are found.

Some persons and firms come a second or third time, as another clerk, shop or system would have written them. What is
different, each with the share given below and independent of the rest:

- names of persons: a character that sounds or looks alike (伟 as 炜), traditional characters (張偉), a title behind it
  (张伟先生), a blank, the given name shortened to one character;
- names of firms: another legal form or none, the city left out or in brackets, a brand character that looks alike, the
  trade left out;
- phone: another number, one wrong digit, none; e-mail: another one, none; social credit code: none;
- birthday: none, day and month exchanged, one wrong digit;
- address: none, another one (they moved), written shorter, one wrong digit; city: none.

The same seed gives the same file.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from zhike.demo import names
from zhike.demo.customers import clean_frame
from zhike.demo.plan import CHUNK, Flags, Floats, Plan
from zhike.demo.population import population

AGAIN_SHARE = 0.08  # of all rows
THIRD_SHARE = 0.15  # of those, a third time
ENTITY = "同一客户"
END_ON = date(2026, 11, 20)
STREAM = 40

TITLES = ("先生", "女士", "老师", "总", "经理")
FORMS = ("有限公司", "有限责任公司", "股份有限公司", "", "公司", "集团有限公司")
TRADITIONAL = str.maketrans(
    "张刘陈杨赵吴孙马罗郑谢韩冯萧叶贾邹陆汤钱龚万严顾伟国华军强丽红兰凤静艳云莲珍荣爱剑龙飞岚洁莹颖诗语梦铭轩泽涛",
    "張劉陳楊趙吳孫馬羅鄭謝韓馮蕭葉賈鄒陸湯錢龔萬嚴顧偉國華軍強麗紅蘭鳳靜艷雲蓮珍榮愛劍龍飛嵐潔瑩穎詩語夢銘軒澤濤",
)
LOOKS = str.maketrans("鑫森晟恒瑞泰盛华", "馨林盛衡锐太晟桦")
SHORTER = (("幢", "-"), ("号楼", "#"), ("室", ""), ("层", "F"), ("大道", "大道"), ("号", ""))


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Shares of the second cards that differ in a certain way."""

    alike: float = 0.22
    traditional: float = 0.06
    title: float = 0.08
    blank: float = 0.06
    shortened: float = 0.04
    form: float = 0.45
    homeless: float = 0.25
    brand: float = 0.05
    tradeless: float = 0.10
    other_phone: float = 0.22
    wrong_phone: float = 0.07
    no_phone: float = 0.08
    other_mail: float = 0.20
    no_mail: float = 0.35
    no_code: float = 0.45
    no_birthday: float = 0.25
    turned_birthday: float = 0.04
    wrong_birthday: float = 0.04
    no_address: float = 0.20
    moved: float = 0.10
    shorter_address: float = 0.30
    wrong_address: float = 0.06
    no_city: float = 0.10


def make_doubles(count: int, *, seed: int = 20261122, noise: Noise | None = None) -> pl.DataFrame:
    """`count` rows as the demo company's file has them, in any order, and in `ENTITY` who is who."""
    noise = noise or Noise()
    plan = Plan(customers=count, orders=0, end_on=END_ON, seed=seed)
    frames = []
    for chunk in range(plan.chunk_count):
        random = plan.random(STREAM, chunk)
        people = population(plan, chunk)
        frame, _women = clean_frame(plan, people, random)
        size = len(frame)
        kept = size - round(size * AGAIN_SHARE)
        frame = frame.with_columns(pl.Series(ENTITY, np.arange(size) + chunk * CHUNK)).head(kept)
        model = random.choice(kept, size - kept, replace=False)
        thrice = random.random(len(model)) < THIRD_SHARE
        model = np.where(np.roll(thrice, 1) & (np.arange(len(model)) > 0), np.roll(model, 1), model)
        second = _again(frame[model], frame[random.permutation(kept)[: len(model)]], noise, random)
        frames.append(pl.concat([frame, second])[random.permutation(size)])
    made = pl.concat(frames)
    return made.with_columns(客户编号=pl.Series([f"D{number:08d}" for number in range(len(made))]))


def _again(frame: pl.DataFrame, others: pl.DataFrame, noise: Noise, random: np.random.Generator) -> pl.DataFrame:
    """The second cards. others: rows of strangers, for what is somebody's other number or address."""

    def some(share: float) -> Flags:
        chosen: Flags = random.random(len(frame)) < share
        return chosen

    rows = frame.to_dict(as_series=False)
    strange = others.to_dict(as_series=False)
    changed = {name: some(getattr(noise, name)) for name in Noise.__dataclass_fields__}
    dice = random.random((len(frame), 6))
    for at in range(len(frame)):
        has = {name for name, flags in changed.items() if flags[at]}
        is_firm = rows["客户类型"][at] == "企业"
        name, city = rows["客户名称"][at], rows["城市"][at].removesuffix("市")
        rows["客户名称"][at] = _firm(name, city, has, dice[at]) if is_firm else _person(name, has, dice[at])
        stranger = f"{strange['手机号'][at][:-4]}{int(dice[at][1] * 10000):04d}"
        rows["手机号"][at] = _phone(rows["手机号"][at], has, stranger, dice[at][2])
        rows["邮箱"][at] = _mail(rows["邮箱"][at], has, dice[at][3])
        rows["微信号"][at] = ""
        if "no_code" in has or not is_firm:
            rows["统一社会信用代码"][at] = ""
        rows["生日"][at] = _birthday(rows["生日"][at], has, dice[at][4])
        if "no_address" in has:
            rows["地址"][at] = ""
        elif "moved" in has:
            rows["地址"][at] = strange["地址"][at]
        elif rows["地址"][at]:
            rows["地址"][at] = _address(rows["地址"][at], has, dice[at][5])
        if "no_city" in has:
            rows["省份"][at] = rows["城市"][at] = ""
    return pl.DataFrame(rows, schema=frame.schema)


def _person(name: str, has: set[str], dice: Floats) -> str:
    if "alike" in has:
        for right, wrong in names.LOOK_OR_SOUND_ALIKES.items():
            if right in name[1:]:
                name = name[0] + name[1:].replace(right, wrong, 1)
                break
    if "shortened" in has and len(name) > 2:
        name = name[0] + name[2:]
    if "traditional" in has:
        name = name.translate(TRADITIONAL)
    if "title" in has:
        return name + TITLES[int(dice[0] * len(TITLES))]
    return f"{name[0]} {name[1:]}" if "blank" in has else name


def _firm(name: str, city: str, has: set[str], dice: Floats) -> str:
    form = next((one for one in sorted(names.FORMS, key=len, reverse=True) if name.endswith(one)), "")
    core = name.removesuffix(form).removeprefix(city)
    if "tradeless" in has:
        trade = next((one for one, _share in names.TRADES if core.endswith(one) and len(core) > len(one)), "")
        core = core.removesuffix(trade)
    if "brand" in has:
        core = core.translate(LOOKS)
    if "form" in has:
        form = FORMS[int(dice[0] * len(FORMS))]
    if "homeless" in has:
        return core + (f"（{city}）" if dice[1] < 0.4 else "") + form
    return city + core + form


def _phone(value: str, has: set[str], other: str, dice: float) -> str:
    if "no_phone" in has or not value:
        return ""
    if "other_phone" in has:
        return other
    return _one_wrong(value, dice, first=3) if "wrong_phone" in has else value


def _mail(value: str, has: set[str], dice: float) -> str:
    if "no_mail" in has or not value:
        return ""
    return f"{int(dice * 1e9):09d}@163.com" if "other_mail" in has else value


def _one_wrong(text: str, dice: float, *, first: int = 0) -> str:
    """One digit of the text is another one, from the place `first` on."""
    places = [place for place, letter in enumerate(text) if letter.isdigit() and place >= first]
    if not places:
        return text
    place = places[int(dice * len(places))]
    return text[:place] + str((int(text[place]) + 1 + int(dice * 8)) % 10) + text[place + 1 :]


def _birthday(value: str, has: set[str], dice: float) -> str:
    if not value or "no_birthday" in has:
        return ""
    year, month, day = value.split("-")
    if "turned_birthday" in has and int(day) <= 12:
        return f"{year}-{day}-{month}"
    if "wrong_birthday" in has:
        return f"{year}-{month}-{1 + int(dice * 28):02d}"
    return value


def _address(value: str, has: set[str], dice: float) -> str:
    if "shorter_address" in has:
        for long, short in SHORTER:
            value = value.replace(long, short)
    return _one_wrong(value, dice) if "wrong_address" in has else value
