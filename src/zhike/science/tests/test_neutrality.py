"""What keeps the library fit for another engine and light for whoever imports it."""

import ast
import subprocess
import sys
from datetime import date
from pathlib import Path

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pytest

from zhike.science.tests import measures as declared
from zhike.science.tests.measures import NAMES, SCHEMAS, measures

SCIENCE = Path(declared.__file__).parents[1]
# What those measures ask, and so no less compared.
WITHIN = {"summary_of_totals", "purchase_totals", "rfm_cutoffs", "pyramid_thresholds", "purchase_labels", "known_rows"}
WITHIN |= {"distinct_lines"}
# Answers of what was fitted, joined to customers: tests/spark/test_fits.py compares them.
FITTED = {"score_repeat_purchases", "score_silence"}


@pytest.fixture(scope="module")
def composed() -> dict[str, ir.Table]:
    tables = {name: ibis.table(schema, name=name) for name, schema in SCHEMAS.items()}
    return measures(tables, day=date(2026, 1, 31))


def test_every_measure_is_named(composed: dict[str, ir.Table]) -> None:
    assert tuple(composed) == NAMES


def test_every_query_of_the_library_is_among_the_measures() -> None:
    """So that a new one is compared on Spark too."""
    paths = [path for path in SCIENCE.rglob("*.py") if not path.is_relative_to(SCIENCE / "tests")]
    queries = {
        node.name
        for path in paths
        if not path.name.startswith("_")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.returns and ast.unparse(node.returns) == "ir.Table"
        if not node.name.startswith("_")
    }
    assert queries - set(vars(declared)) == WITHIN | FITTED


@pytest.mark.parametrize("name", NAMES)
def test_every_measure_can_be_written_for_spark(composed: dict[str, ir.Table], name: str) -> None:
    assert "SELECT" in ibis.to_sql(composed[name], dialect="databricks")


@pytest.mark.parametrize("name", NAMES)
def test_no_measure_counts_rows_under_a_condition(composed: dict[str, ir.Table], name: str) -> None:
    """Of columns alone: Ibis makes a sum of that for Spark, which of no rows is null."""
    assert [count for count in composed[name].op().find(ops.CountStar) if count.where is not None] == []


def test_importing_the_library_loads_nothing_heavy() -> None:
    modules = "cohort, concentration, lifecycle, purchases, pyramid, relationship, rfm"
    code = (
        f"import sys\nfrom zhike.science import {modules}\n"
        "print([name for name in ('ibis', 'duckdb', 'pyarrow', 'polars', 'pandas', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
