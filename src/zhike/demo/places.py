"""Where the demo company's customers live: cities by weight, with districts, streets and the nearest store."""

from dataclasses import dataclass

from zhike.demo.words import rows, words


@dataclass(frozen=True)
class City:
    """weight: share of the customers, in no unit. code: six digits of the administrative division."""

    province: str
    name: str
    code: str
    weight: int
    districts: tuple[str, ...]
    stores: tuple[str, ...]


CITIES = tuple(
    City(province, name, code, int(weight), tuple(districts.split()), tuple(stores.split()))
    for province, name, code, weight, districts, stores in rows("cities")
)
STREETS = words("streets")
ESTATES = words("estates")

# The four sales regions; a city belongs to the one whose provinces name it.
REGIONS = {
    "华东区": ("上海市", "浙江省", "江苏省", "安徽省", "福建省", "江西省"),
    "华北区": ("北京市", "天津市", "河北省", "山东省", "河南省", "辽宁省", "黑龙江省"),
    "华南区": ("广东省", "广西壮族自治区", "湖南省", "湖北省"),
    "西部区": ("四川省", "重庆市", "陕西省", "云南省"),
}


def region_of(city: City) -> str:
    return next(region for region, provinces in REGIONS.items() if city.province in provinces)
