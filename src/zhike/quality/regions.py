"""Provinces, cities and districts of China: how each is written, and which of them an address begins with.

The table is the one of python-stdnum, by which it knows where an ID number was given out: the codes of GB/T 2260 with
the years in which each was in use. Of cities those of today count, of districts those of this century.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_PEOPLES = "蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|侗|白|土家|哈尼|傣|傈僳|柯尔克孜|哈萨克|景颇|羌"
_PROVINCE_TAIL = re.compile(r"(?:省|市|(?:壮族|回族|维吾尔)?自治区|特别行政区)$")
_CITY_TAIL = re.compile(rf"(?:市|地区|盟|林区|(?:(?:{_PEOPLES})族?)+自治[州县])$")
_LINE = re.compile(r'^\s*(?P<code>[0-9]+) (?:province|county)="(?P<names>[^"]*)"')
_NAME = re.compile(r"^(?:\[(?P<since>[0-9]*)-(?P<until>[0-9]*)\])?(?P<name>.+)$")
_SIMPLIFIED = {"香港特別行政區": "香港特别行政区", "澳門特別行政區": "澳门特别行政区"}
_MUNICIPAL = ("11", "12", "31", "50")
_GROUPING = ("市辖区", "县", "省直辖县级行政单位", "自治区直辖县级行政单位")
_COUNTRY = re.compile(r"^(?:中国|中华人民共和国)")
STILL, OLD_DISTRICTS = 9999, 2000
_BETWEEN = re.compile(r"^[\s,，、·-]+")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Official names; empty where an address does not say. street: what is behind them."""

    province: str = ""
    city: str = ""
    district: str = ""
    street: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """provinces: official name or short one to the official one. cities: official or short name to (province, city).
    districts: (province, city) to their names."""

    provinces: Mapping[str, str]
    cities: Mapping[str, tuple[tuple[str, str], ...]]
    districts: Mapping[tuple[str, str], frozenset[str]]


@cache
def table() -> Table:
    provinces: dict[str, str] = {}
    cities: dict[str, list[tuple[str, str]]] = {}
    districts: dict[tuple[str, str], set[str]] = {}
    named: dict[str, str] = {}
    for code, name in sorted(_current()):
        province = named.get(code[:2], name)
        if code.endswith("0000"):
            named[code[:2]] = name
            for alias in _aliases(name, _PROVINCE_TAIL):
                provinces[alias] = name
            if code[:2] in _MUNICIPAL:
                for alias in _aliases(name, _PROVINCE_TAIL):
                    cities.setdefault(alias, []).append((name, name))
        elif name in _GROUPING:
            continue
        elif code[:2] in _MUNICIPAL:
            districts.setdefault((province, province), set()).add(name)
        elif code.endswith("00") or code[2:4] == "90":
            named[code[:4]] = name
            for alias in _aliases(name, _CITY_TAIL):
                cities.setdefault(alias, []).append((province, name))
        elif code[:4] in named:
            districts.setdefault((province, named[code[:4]]), set()).add(name)
    return Table(
        provinces=provinces,
        cities={alias: tuple(found) for alias, found in cities.items()},
        districts={key: frozenset(found) for key, found in districts.items()},
    )


def _current() -> Iterator[tuple[str, str]]:
    head = ""
    for line in files("stdnum.cn").joinpath("loc.dat").read_text(encoding="utf-8").splitlines():
        found = _LINE.match(line)
        if found is None:
            continue
        if not line.startswith(" "):
            head = found["code"]
            yield f"{head}0000", _SIMPLIFIED.get(found["names"], found["names"])
            continue
        if found["code"] == "0000":
            continue
        for one in found["names"].split(","):
            named = _NAME.match(one)
            if named is not None and int(named["until"] or STILL) >= _since(found["code"]):
                yield head + found["code"], named["name"]


def _since(code: str) -> int:
    """People go on writing the names of districts that were merged; cities of today alone are told."""
    return STILL if code.endswith("00") or code.startswith("90") else OLD_DISTRICTS


def _aliases(name: str, tail: re.Pattern[str]) -> set[str]:
    short = tail.sub("", name)
    return {name, short} if len(short) > 1 else {name}


def province_of(text: str) -> str:
    """The official name of a province; empty for what is none."""
    return table().provinces.get(text, "")


def cities_of(text: str) -> tuple[tuple[str, str], ...]:
    """(province, city) of what a city may be, in official names."""
    return table().cities.get(text, ())


@cache
def _heads() -> tuple[Mapping[str, tuple[str, ...]], Mapping[str, tuple[str, ...]]]:
    """Names of provinces and of cities by their first two characters, the longest first."""
    return _by_head(table().provinces), _by_head(table().cities)


def _by_head(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name[:2], []).append(name)
    return {head: tuple(sorted(several, key=len, reverse=True)) for head, several in found.items()}


@cache
def _districts_of(province: str, city: str) -> tuple[str, ...]:
    return tuple(sorted(table().districts.get((province, city), ()), key=len, reverse=True))


def _beginning(text: str, names: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Of the names, those with which the text begins, the longest first."""
    return (name for name in names.get(text[:2], ()) if text.startswith(name))


def split(address: str) -> Place | None:
    """The address in its parts; None where it does not begin with a city, or a province and what lies in it.

    A short name alone is not enough, for 南京东路 is a road in Shanghai: it counts where something within it follows.
    """
    text = _COUNTRY.sub("", address.strip())
    text = _BETWEEN.sub("", text)
    provinces, cities = _heads()
    for written in _beginning(text, provinces):
        province, rest = table().provinces[written], _BETWEEN.sub("", text[len(written) :])
        within = _in_province(province, rest)
        if within is not None:
            return within
        if written == province and province not in table().cities:
            return Place(province=province, street=rest)
    for written in _beginning(text, cities):
        rest = _BETWEEN.sub("", text[len(written) :])
        for province, city in cities_of(written):
            district, street = _district_of(province, city, rest)
            if district or (written == city and city.endswith(("市", "州", "盟", "地区")) and not _is_word(city, rest)):
                return Place(province=province, city=city, district=district, street=street)
    return None


def _is_word(city: str, rest: str) -> bool:
    """Whether the last character of a city's name belongs to what follows: 上海市场路 is a road, in Luoyang."""
    return city.endswith("市") and rest.startswith(("场", "民", "政", "区", "心"))


def parts_of(held: Mapping[str, str]) -> dict[str, str] | None:
    """The parts of an address of which all stands in the street, as a field holds them; None where one part has been
    filled in, which what is written there might contradict, or not even the city is certain."""
    if any(held.get(name) for name in ("province", "city", "district")):
        return None
    place = split(held.get("street") or "")
    if place is None or not place.city:
        return None
    named = (("province", place.province), ("city", place.city), ("district", place.district), ("street", place.street))
    return {name: text for name, text in named if text}


def filled_by(address: str, province: str, city: str) -> tuple[str, str] | None:
    """Province and city with what the address says in place of what is empty; None where it adds nothing, or says
    something else than what is there."""
    place = split(address)
    if place is None or (province and province_of(province) != place.province):
        return None
    if city and (place.province, place.city) not in cities_of(city):
        return None
    made = (province or place.province, city or place.city)
    return made if made != (province, city) else None


def _in_province(province: str, rest: str) -> Place | None:
    if (province, province) in table().districts:  # a city that is a province
        name = next((alias for alias in (province, _PROVINCE_TAIL.sub("", province)) if rest.startswith(alias)), "")
        district, street = _district_of(province, province, _BETWEEN.sub("", rest[len(name) :]))
        return Place(province=province, city=province, district=district, street=street) if district or name else None
    for written in _beginning(rest, _heads()[1]):
        for home, city in cities_of(written):
            if home == province:
                district, street = _district_of(province, city, _BETWEEN.sub("", rest[len(written) :]))
                return Place(province=province, city=city, district=district, street=street)
    return None


def _district_of(province: str, city: str, text: str) -> tuple[str, str]:
    for name in _districts_of(province, city):
        if text.startswith(name):
            return name, _BETWEEN.sub("", text[len(name) :])
    return "", text
