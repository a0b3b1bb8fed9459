"""The demo company itself: departments, people, and whose customers are whose."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from zhike.demo.places import CITIES, REGIONS, region_of
from zhike.demo.population import Population

COMPANY = "青禾生活"
RETAIL = "零售事业部"
CORPORATE = "企业客户部"
# Name and the department above, from the top down.
TEAMS = (
    (COMPANY, ""),
    (RETAIL, COMPANY),
    *((region, RETAIL) for region in REGIONS),
    (CORPORATE, COMPANY),
    ("客户服务中心", COMPANY),
    ("数据与运营部", COMPANY),
)


@dataclass(frozen=True)
class Colleague:
    """Somebody who works at the demo company. role: code of a built-in role."""

    username: str
    name: str
    role: str
    team: str


COLLEAGUES = (
    Colleague("admin", "沈知秋", "administrator", COMPANY),
    Colleague("lijing", "李静", "manager", RETAIL),
    Colleague("zhoumin", "周敏", "manager", CORPORATE),
    Colleague("wanghao", "王浩", "manager", "华东区"),
    Colleague("chenyu", "陈雨", "representative", "华东区"),
    Colleague("xuwei", "徐薇", "representative", "华东区"),
    Colleague("zhaolei", "赵磊", "representative", "华北区"),
    Colleague("liuyang", "刘洋", "representative", "华南区"),
    Colleague("tangting", "唐婷", "representative", "西部区"),
    Colleague("sunbo", "孙博", "representative", CORPORATE),
    Colleague("heqian", "何倩", "representative", CORPORATE),
    Colleague("luojun", "罗俊", "representative", CORPORATE),
    Colleague("fangyuan", "方圆", "analyst", "数据与运营部"),
    Colleague("songya", "宋雅", "privacy_officer", "数据与运营部"),
)
LOOKED_AFTER_SPENDING = 420.0  # persons who spend more than this per order have somebody of their own


def owner_of(people: Population, random: np.random.Generator) -> pl.Series:
    """User name of whoever looks after the customer; empty for most persons."""
    size = len(people.number)
    sellers = [colleague for colleague in COLLEAGUES if colleague.role == "representative"]
    corporate = [seller.username for seller in sellers if seller.team == CORPORATE]
    regional = [[seller.username for seller in sellers if seller.team == region_of(city)] for city in CITIES]
    at = random.integers(0, 1 << 30, size)
    by_city = np.asarray([len(team) for team in regional])[people.city]
    starts = np.concatenate([[0], np.cumsum([len(team) for team in regional])])[people.city]
    shopkeeper = pl.Series([name for team in regional for name in team]).gather(pl.Series(starts + at % by_city))
    seller = pl.Series(corporate).gather(pl.Series(at % len(corporate)))
    nobody = pl.repeat("", size, eager=True)
    looked_after = pl.Series(people.spending > LOOKED_AFTER_SPENDING)
    vacant = pl.Series(random.random(size) < 0.08)
    owner = seller.zip_with(pl.Series(people.is_firm), shopkeeper.zip_with(looked_after, nobody))
    return nobody.zip_with(vacant, owner)
