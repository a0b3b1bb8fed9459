"""From everything that was read to findings, and from these to tallies and figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zhike.quality.checks import Check
from zhike.quality.choices import Dimension, Severity
from zhike.quality.patterns import calling_codes, quoted
from zhike.quality.subjects import CUSTOMER, ORDER, Subject
from zhike.science.outliers import adjusted_fences, quantile_grid

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend

# Table of a kind of record, and the columns that say where its rows come from.
_TABLES: Mapping[str, tuple[str, str, str]] = {
    CUSTOMER: ("customers", "channel", "origin"),
    ORDER: ("orders", "channel", "source"),
}
BY = ("channel", "origin")
MOST_SOURCES = 30


@dataclass(kw_only=True)
class Counted:
    """One field in one group. counts: dimension to records that are not good; what is not measured is not there."""

    record: str
    name: str
    by: str = ""
    source: str = ""
    records: int = 0
    filled: int = 0
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Tallied:
    """What a rule found, what is right so left out."""

    items: int
    customers: int


def codes_in(engine: Backend, columns: Iterable[str]) -> set[int]:
    """Calling codes that occur. columns: of customers, that hold phone numbers as well."""
    queries = ["SELECT substr(value_normal, 2, 3) AS start FROM identifiers WHERE kind = 'phone'"]
    queries += [f"SELECT substr({column}, 2, 3) FROM customers WHERE {column} IS NOT NULL" for column in columns]
    rows = engine.con.execute(f"SELECT DISTINCT start FROM ({' UNION ALL '.join(queries)})").fetchall()
    return calling_codes(row[0] for row in rows)


def fence(engine: Backend, named: Iterable[tuple[str, str, bool]]) -> None:
    """Write the table fences: subject, part, low, high. named: a subject, the query of its values with the part that
    each belongs to, and whether they are looked at as logarithms."""
    rows = []
    for subject, query, in_logs in named:
        for group in quantile_grid(engine.sql(query), value="value", by=("part",)).to_pyarrow().to_pylist():
            fences = adjusted_fences(group["grid"], value_count=group["value_count"], in_logs=in_logs)
            if fences is not None:
                rows.append((subject, group["part"], fences.low, fences.high))
    write(engine, "fences", {"subject": "VARCHAR", "part": "VARCHAR", "low": "DOUBLE", "high": "DOUBLE"}, rows)


def find(engine: Backend, checks: Sequence[Check]) -> list[str]:
    """Write the table findings: rule, item_id, customer_id, stamp, is_right. Returns own rules that cannot be carried
    out, as where a bound is no number."""
    import duckdb

    run = engine.con.execute
    run("CREATE TABLE found (rule VARCHAR, item_id BIGINT, customer_id BIGINT, stamp VARCHAR)")
    failed = []
    for check in checks:
        try:
            run(
                f"INSERT INTO found SELECT {quoted(check.key)}, item_id, customer_id,"
                f" left(md5(coalesce(value, '')), 16) FROM ({check.sql})"
            )
        except duckdb.Error:
            if not check.is_own:
                raise
            failed.append(check.key)
    run(
        "CREATE TABLE findings AS SELECT found.*, right_so.rule IS NOT NULL AS is_right FROM found"
        " LEFT JOIN right_so USING (rule, item_id, stamp)"
    )
    write(
        engine,
        "rules",
        {"rule": "VARCHAR", "record": "VARCHAR", "field": "VARCHAR", "dimension": "VARCHAR", "severity": "INTEGER"},
        [(check.key, check.record, check.field, check.dimension.value, check.severity.value) for check in checks],
    )
    return failed


def tally(engine: Backend, checks: Sequence[Check]) -> dict[str, Tallied]:
    rows = engine.con.execute(
        "SELECT rule, count(*), count(DISTINCT customer_id) FROM findings WHERE NOT is_right GROUP BY rule"
    ).fetchall()
    found = {rule: Tallied(items=items, customers=customers) for rule, items, customers in rows}
    return {check.key: found.get(check.key, Tallied(items=0, customers=0)) for check in checks}


def measure(engine: Backend, subjects: Sequence[Subject], checks: Sequence[Check]) -> list[Counted]:
    """Every subject, of everything, by channel and by origin."""
    groups: dict[tuple[str, str, str, str], Counted] = {}
    measured: dict[tuple[str, str], set[str]] = defaultdict(set)
    for check in checks:
        if check.dimension is not Dimension.COMPLETENESS:
            measured[check.record, check.field].add(check.dimension.value)
    for record in _TABLES:
        mine = [one for one in subjects if one.record == record]
        for parts, records, figures in _scan(engine, record, mine):
            for one, (filled, late) in zip(mine, figures, strict=True):
                for by, source in (("", ""), *parts):
                    group = _group(groups, one, by, source, measured[record, one.field])
                    group.records += records
                    group.filled += filled
                    group.counts[Dimension.TIMELINESS.value] += late
        for name, dimension, parts, count in _flagged(engine, record):
            for by, source in (("", ""), *parts):
                known = groups.get((record, name, by, source))
                if known is not None:
                    known.counts[dimension] += count
    return _largest(groups.values())


def _group(
    groups: dict[tuple[str, str, str, str], Counted], one: Subject, by: str, source: str, measured: set[str]
) -> Counted:
    place = (one.record, one.field, by, source)
    if place not in groups:
        counts = dict.fromkeys((Dimension.TIMELINESS.value, *sorted(measured)), 0)
        groups[place] = Counted(record=one.record, name=one.field, by=by, source=source, counts=counts)
    return groups[place]


type Parts = tuple[tuple[str, str], ...]


def _scan(
    engine: Backend, record: str, subjects: Sequence[Subject]
) -> Iterable[tuple[Parts, int, list[tuple[int, int]]]]:
    """Each group with its number of records and, subject by subject, how many are filled, and of these late."""
    table, *sources = _TABLES[record]
    counts = ", ".join(f"count_if({one.filled}), count_if(({one.filled}) AND ({one.late}))" for one in subjects)
    query = f"SELECT {', '.join(sources)}, count(*), {counts} FROM {table} GROUP BY {', '.join(sources)}"
    for channel, origin, records, *figures in engine.con.execute(query).fetchall():
        pairs = list(zip(figures[::2], figures[1::2], strict=True))
        yield _parts(channel, origin), records, pairs


def _flagged(engine: Backend, record: str) -> Iterable[tuple[str, str, Parts, int]]:
    """Field, dimension and group with the number of records that some rule found. A record that two rules of the same
    dimension found counts once."""
    table, *sources = _TABLES[record]
    subject = "item_id" if record == ORDER else "customer_id"
    rows = engine.con.execute(
        f"SELECT rules.field, rules.dimension, {', '.join(f'held.{one}' for one in sources)},"
        f" count(DISTINCT held.id) FROM findings JOIN rules USING (rule) JOIN {table} AS held"
        f" ON held.id = findings.{subject} WHERE NOT is_right AND rules.record = {quoted(record)}"
        f" AND rules.dimension <> {quoted(Dimension.COMPLETENESS.value)} GROUP BY ALL"
    ).fetchall()
    for name, dimension, channel, origin, count in rows:
        yield name, dimension, _parts(channel, origin), count


def _parts(channel: str, origin: str) -> Parts:
    return tuple(zip(BY, (channel, origin), strict=True))


def _largest(groups: Iterable[Counted]) -> list[Counted]:
    """Without sources beyond the largest thirty of each kind, which no page could show."""
    ranked: dict[tuple[str, str, str], list[Counted]] = defaultdict(list)
    for one in groups:
        ranked[one.record, one.name, one.by].append(one)
    return [
        one
        for several in ranked.values()
        for one in sorted(several, key=lambda each: (-each.records, each.source))[:MOST_SOURCES]
    ]


def overview(engine: Backend, *, late: str) -> dict[str, Any]:
    """Customers in all; with an error; with any finding of each dimension; and not written for long."""
    row = engine.con.execute(f"SELECT count(*), count_if({late}) FROM customers").fetchone()
    customers, outdated = row or (0, 0)
    found = engine.con.execute(
        "SELECT dimension, count(DISTINCT customer_id) FROM findings JOIN rules USING (rule) WHERE NOT is_right"
        " GROUP BY dimension"
    ).fetchall()
    error = engine.con.execute(
        "SELECT count(DISTINCT customer_id) FROM findings JOIN rules USING (rule)"
        f" WHERE NOT is_right AND severity = {Severity.ERROR.value}"
    ).fetchone()
    return {
        "customers": customers,
        "with_error": error[0] if error else 0,
        "concerned": {**dict(found), Dimension.TIMELINESS.value: outdated},
    }


def write(engine: Backend, table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
    """A table of the engine from rows of Python. columns: name to type."""
    import pyarrow as pa

    held = [list(column) for column in zip(*rows, strict=True)] or [[] for _name in columns]
    arrays = [pa.array(column, from_pandas=False) if column else pa.array([], pa.null()) for column in held]
    arrived = pa.table(dict(zip(columns, arrays, strict=True)))
    casts = ", ".join(f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in columns.items())
    engine.con.register("written_rows", arrived)
    engine.con.execute(f'CREATE TABLE "{table}" AS SELECT {casts} FROM written_rows')
    engine.con.unregister("written_rows")
