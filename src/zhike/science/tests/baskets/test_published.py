"""The rules that everybody finds in these baskets, each one of them."""

from pathlib import Path

import ibis
import numpy as np
import pytest

from zhike.science.baskets.itemsets import Itemsets, Share, frequent_itemsets
from zhike.science.baskets.rules import association_rules
from zhike.science.baskets.seasons import rules_by_period
from zhike.science.baskets.together import basket_items, basket_sizes, frequent_pairs, frequent_triples
from zhike.science.baskets.transactions import Baskets


@pytest.fixture(scope="module")
def groceries(trial_data: Path) -> Baskets:
    file = trial_data / "groceries" / "groceries.csv"
    if not file.is_file():
        pytest.skip("needs the trial data set groceries")
    return Baskets.of_lists(line.split(",") for line in file.read_text().splitlines())


@pytest.fixture(scope="module")
def lines(trial_data: Path) -> ibis.Table:
    file = trial_data / "online_retail" / "online_retail.parquet"
    if not file.is_file():
        pytest.skip("needs the trial data set online_retail")
    table = ibis.duckdb.connect(threads=1).read_parquet(file)
    sold = table.filter(table.CustomerID.notnull(), table.Quantity > 0, table.UnitPrice > 0)
    return sold.filter(~sold.InvoiceNo.startswith("C")).select(
        order_id=sold.InvoiceNo,
        product_id=sold.StockCode,
        quantity=sold.Quantity,
        period=sold.InvoiceDate.quarter().cast("string"),
    )


@pytest.fixture(scope="module")
def frequent(groceries: Baskets) -> Itemsets:
    return frequent_itemsets(groceries, support=0.001)


def test_the_sets_of_the_groceries(groceries: Baskets, frequent: Itemsets) -> None:
    assert len(groceries) == 9_835
    assert len(groceries.items) == 169
    assert frequent.sizes == [157, 2_981, 6_831, 3_137, 376, 10]
    best = frequent.table().slice(0, 1).to_pylist()[0]
    assert (best["products"], best["basket_count"]) == (["whole milk"], 2_513)


@pytest.mark.parametrize(
    ("support", "confidence", "with_one", "in_all"),
    [(0.006, 0.25, 463, 467), (0.001, 0.5, 5_668, 5_829), (0.001, 0.8, 410, 413)],
)
def test_the_rules_of_the_groceries(
    groceries: Baskets, support: Share, confidence: Share, with_one: int, in_all: int
) -> None:
    found = frequent_itemsets(groceries, support=support)
    assert association_rules(found, confidence=confidence).table.num_rows == with_one
    assert association_rules(found, confidence=confidence, consequents=None).table.num_rows == in_all


def test_rules_at_exactly_the_threshold_are_there(frequent: Itemsets) -> None:
    """Floating-point confidence loses the rules at exactly .8."""
    rules = association_rules(frequent, confidence=0.8).table
    exact = [5 * row["basket_count"] == 4 * row["antecedent_count"] for row in rules.to_pylist()]
    assert sum(exact) > 0


def test_most_rules_of_the_groceries_are_no_chance(frequent: Itemsets) -> None:
    rules = association_rules(frequent, confidence=0.8)
    q = np.array(rules.table["q"])
    assert rules.hypotheses > 2_000_000
    assert 300 <= (q <= 0.05).sum() < 410
    assert (np.array(rules.table["q_dependent"]) >= q).all()


def test_the_invoices_of_the_retailer(lines: ibis.Table) -> None:
    baskets = Baskets.of_table(lines)
    found = frequent_itemsets(baskets, support=0.01)
    rules = association_rules(found, confidence=0.5)
    assert (len(baskets), sum(found.sizes), rules.table.num_rows) == (18_532, 1_031, 313)
    verdicts = rules_by_period(baskets, rules).homogeneity["verdict"].to_pylist()
    assert {"steady", "differs"} <= set(verdicts)


def test_the_engine_counts_the_same_pairs_and_triples(lines: ibis.Table) -> None:
    items = basket_items(lines).cache()
    pairs = frequent_pairs(items, support=0.02).cache()
    found = frequent_itemsets(Baskets.of_table(lines), support=0.02)
    expected = {(*row["products"],): row["basket_count"] for row in found.table().to_pylist()}
    counted: dict[tuple[str, ...], int]
    counted = {(row["first"], row["second"]): row["basket_count"] for row in pairs.to_pyarrow().to_pylist()}
    for row in frequent_triples(items, pairs, support=0.02).to_pyarrow().to_pylist():
        counted[row["first"], row["second"], row["third"]] = row["basket_count"]
    assert counted == {products: count for products, count in expected.items() if len(products) > 1}
    assert basket_sizes(items, cap=500).to_pyarrow().to_pylist() == [
        {"basket_count": 18_532, "over_cap": 3, "largest": 541}
    ]
