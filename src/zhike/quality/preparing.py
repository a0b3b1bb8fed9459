"""What rules look up: regions, how most write them, what addresses begin with, and limits of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from zhike.metadata.models import Kind
from zhike.quality import regions
from zhike.quality.choices import Ask
from zhike.quality.measures import fence, write
from zhike.quality.models import OwnRule
from zhike.quality.own import OWN, source_of
from zhike.quality.subjects import NUMBERS, measured_own, own_column

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend

type Forms = dict[str, dict[str, str]]


def prepare(engine: Backend, rules: Iterable[OwnRule]) -> Forms:
    """Write the tables known_provinces, known_cities, minor_forms, apart, located, unsplit and fences. Returns, of
    provinces and cities, how most customers have what some write otherwise."""
    known = regions.table()
    write(engine, "known_provinces", {"written": "VARCHAR", "name": "VARCHAR"}, list(known.provinces.items()))
    cities = [(written, *place) for written, places in known.cities.items() for place in places]
    write(engine, "known_cities", {"written": "VARCHAR", "province": "VARCHAR", "city": "VARCHAR"}, cities)
    forms = {name: _forms(engine, name) for name in ("province", "city")}
    minor = [(name, written) for name, found in forms.items() for written in found]
    _part(engine)
    write(engine, "minor_forms", {"field": "VARCHAR", "written": "VARCHAR"}, minor)
    _locate(engine)
    _find_unsplit(engine)
    _fence(engine, rules)
    return forms


def _forms(engine: Backend, column: str) -> dict[str, str]:
    rows = engine.con.execute(f"SELECT {column}, count(*) FROM customers WHERE {column} <> '' GROUP BY ALL").fetchall()
    return major_forms(column, dict(rows))


def major_forms(column: str, counts: Mapping[str, int]) -> dict[str, str]:
    """Ways to write a place that are not the commonest, to the commonest. counts: of the values as they are."""
    written: dict[str, list[str]] = {}
    for value in counts:
        place = regions.province_of(value) if column == "province" else _only_city(value)
        if place:
            written.setdefault(place, []).append(value)
    found: dict[str, str] = {}
    for several in written.values():
        major = max(several, key=lambda value: (counts[value], len(value)))
        found |= {value: major for value in several if value != major}
    return found


def _only_city(value: str) -> str:
    places = regions.cities_of(value)
    return "".join(places[0]) if len(places) == 1 else ""


def _part(engine: Backend) -> None:
    """Pairs of a province and a city that are known, and of which the city lies elsewhere."""
    pairs = engine.con.execute("SELECT DISTINCT province, city FROM customers WHERE province <> ''").fetchall()
    found = [
        (province, city)
        for province, city in pairs
        if (home := regions.province_of(province))
        and (places := regions.cities_of(city))
        and home not in {place for place, _city in places}
    ]
    write(engine, "apart", {"province": "VARCHAR", "city": "VARCHAR"}, found)


def _locate(engine: Backend) -> None:
    rows = engine.con.execute(
        "SELECT held.id, held.province, held.city, arg_min(marks.value, (NOT marks.is_primary, marks.id))"
        " FROM customers AS held JOIN identifiers AS marks ON marks.customer_id = held.id AND marks.kind = 'address'"
        " WHERE held.city = '' OR held.province = '' GROUP BY ALL"
    ).fetchall()
    found = [(pk, address) for pk, province, city, address in rows if regions.filled_by(address, province, city)]
    write(engine, "located", {"customer_id": "BIGINT", "address": "VARCHAR"}, found)


def _find_unsplit(engine: Backend) -> None:
    """Addresses in fields of the company's own that stand in one piece."""
    found = []
    for one in measured_own():
        if one.kind is Kind.ADDRESS:
            held = {part: f"({own_column(one)} ->> '{part}')" for part in ("street", "province", "city", "district")}
            rows = engine.con.execute(
                f"SELECT id, {held['street']} FROM customers WHERE {held['street']} IS NOT NULL"
                f" AND coalesce({held['province']}, {held['city']}, {held['district']}) IS NULL"
            ).fetchall()
            found += [(one.name, pk, text) for pk, text in rows if regions.parts_of({"street": text})]
    write(engine, "unsplit", {"field": "VARCHAR", "customer_id": "BIGINT", "address": "VARCHAR"}, found)


def _fence(engine: Backend, rules: Iterable[OwnRule]) -> None:
    """Limits of amounts in each currency, of numbers in own fields, and of what own rules ask about."""
    named: list[tuple[str, str, bool]] = [
        (
            "amount",
            "SELECT currency AS part, amount AS value FROM orders WHERE kind = 'sale' AND amount > 0",
            True,
        )
    ]
    for one in measured_own():
        if one.kind in NUMBERS:
            named.append((one.name, f"SELECT '' AS part, {own_column(one)} AS value FROM customers", False))
    for rule in rules:
        query = source_of(rule)
        if rule.ask == Ask.FAR and query:
            value = f"SELECT '' AS part, try_cast(value AS DOUBLE) AS value FROM ({query})"
            named.append((f"{OWN}{rule.pk}", value, False))
    fence(engine, named)


def limits(engine: Backend) -> list[tuple[str, str, float, float]]:
    """Subject, part, low and high of every fence, for pages."""
    found: list[tuple[str, str, float, float]] = engine.con.execute("FROM fences ORDER BY ALL").fetchall()
    return found
