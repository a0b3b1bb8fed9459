"""What keeps the library fit for another engine and light for whoever imports it."""

import subprocess
import sys
from datetime import date

import ibis
import ibis.expr.operations as ops
import pytest

from zhike.science.tests.measures import SCHEMAS, measures

TABLES = {name: ibis.table(schema, name=name) for name, schema in SCHEMAS.items()}
MEASURES = measures(TABLES, day=date(2026, 1, 31))


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_can_be_written_for_spark(name: str) -> None:
    assert "SELECT" in ibis.to_sql(MEASURES[name], dialect="databricks")


@pytest.mark.parametrize("name", MEASURES)
def test_no_measure_counts_rows_under_a_condition(name: str) -> None:
    """Of columns alone: Ibis makes a sum of that for Spark, which of no rows is null."""
    assert [count for count in MEASURES[name].op().find(ops.CountStar) if count.where is not None] == []


def test_importing_the_library_loads_nothing_heavy() -> None:
    modules = "cohort, concentration, lifecycle, purchases, pyramid, relationship, rfm"
    code = (
        f"import sys\nfrom zhike.science import {modules}\n"
        "print([name for name in ('ibis', 'duckdb', 'pyarrow', 'polars', 'pandas', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
