"""Every measure says the same on DuckDB and on a Spark cluster of two workers, over the same Parquet files."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import isnan
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pytest
from tests.spark import companies
from tests.spark.report import Compared, report

from zhike.engine.backend import Engine, connect
from zhike.science.tests.measures import NAMES, SCHEMAS, measures

TOLERANCE = 1e-9
DAY = date(2026, 1, 31)
DIVIDED = {"average_amount", "mean_repeat_amount"}
MAKING: dict[str, tuple[Callable[[Path], companies.Company], date]] = {
    "retail": (companies.retail, companies.RETAIL_DAY),
    "cdnow": (companies.cdnow, companies.CDNOW_DAY),
    "made": (lambda _folder: companies.made(7, customers=120, orders=1500), DAY),
    "nobody": (lambda _folder: companies.nobody(), DAY),
}


@dataclass(frozen=True, kw_only=True)
class Engines:
    """A company's measures on both."""

    company: str
    duckdb: dict[str, ir.Table]
    spark: dict[str, ir.Table]


@pytest.fixture(scope="module", params=MAKING)
def engines(
    request: pytest.FixtureRequest, spark_engine: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engines]:
    making, day = MAKING[request.param]
    data = request.getfixturevalue("trial_data") if request.param in ("retail", "cdnow") else Path()
    warehouse = companies.warehouse(tmp_path_factory.mktemp("warehouse"), making(data))
    with pytest.MonkeyPatch.context() as patch, connect(warehouse, threads=1) as duckdb:
        patch.setenv("ZHIKE_ENGINE", spark_engine)
        with connect(warehouse) as spark:
            yield Engines(company=request.param, duckdb=_measures(duckdb, day), spark=_measures(spark, day))


def _measures(engine: Engine, day: date) -> dict[str, ir.Table]:
    return measures({name: engine.table(name).select(*SCHEMAS[name]) for name in SCHEMAS}, day=day)


@pytest.mark.parametrize("name", NAMES)
def test_a_measure_is_the_same(engines: Engines, name: str) -> None:
    rows, seconds = _rows(engines.duckdb[name])
    other, spark_seconds = _rows(engines.spark[name])
    assert len(rows) == len(other)
    apart = max((difference(one, two) for one, two in zip(rows, other, strict=True)), default=0.0)
    report.add(
        Compared(
            company=engines.company,
            measure=name,
            row_count=len(rows),
            apart=apart,
            duckdb_seconds=seconds,
            spark_seconds=spark_seconds,
        )
    )
    far = [pair for pair in zip(rows, other, strict=True) if difference(*pair) > TOLERANCE]
    assert far[:3] == []


def _rows(table: ir.Table) -> tuple[list[dict[str, Any]], float]:
    """In an order of their own: by what is exact, then by the rest."""
    began = time.monotonic()
    found = table.to_pyarrow()
    seconds = time.monotonic() - began
    exact = [name for name, kind in table.schema().items() if not (kind.is_floating() or kind.is_array())]
    names = exact + [name for name in table.columns if name not in exact]
    return sorted(found.to_pylist(), key=lambda row: [_sortable(row[name]) for name in names]), seconds


def _sortable(value: Any) -> tuple[bool, Any]:
    if isinstance(value, float):
        return False, round(value, 6)
    return value is None, "" if value is None else value


def difference(one: Any, other: Any, *, is_divided: bool = False) -> float:
    """By how much two answers differ, of 1 or of their size where that is more; endless unless what is no binary
    fraction is the same to the last digit. is_divided: a decimal that was one on its way."""
    if is_divided and isinstance(one, Decimal) and isinstance(other, Decimal):
        one, other = float(one), float(other)
    match one, other:
        case float(), float():
            if isnan(one) or isnan(other):
                return 0.0 if isnan(one) and isnan(other) else float("inf")
            return 0.0 if one == other else abs(one - other) / max(1.0, abs(one))
        case dict(), dict():
            return max((difference(one[name], other[name], is_divided=name in DIVIDED) for name in one), default=0.0)
        case list(), list() if len(one) == len(other):
            return max((difference(*pair) for pair in zip(one, other, strict=True)), default=0.0)
    return 0.0 if type(one) is type(other) and one == other else float("inf")


def test_what_differs_is_seen() -> None:
    assert difference({"a": 1.0, "b": [1.0]}, {"a": 1.0, "b": [1.0 + 1e-6]}) > TOLERANCE
    assert difference({"a": 1}, {"a": 2}) == difference({"a": None}, {"a": 0.0}) == float("inf")
    assert difference({"a": Decimal("0.1")}, {"a": Decimal("0.10000001")}) == float("inf")
    assert difference({"a": 1e12, "b": date(2026, 1, 1)}, {"a": 1e12 + 1e-4, "b": date(2026, 1, 1)}) < TOLERANCE
