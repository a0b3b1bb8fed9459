"""Frequent sets and rules of the library, with their tests, from baskets that are made beforehand."""

from pathlib import Path
from typing import Any

import ibis
import pyarrow.compute as pc

from zhike.science.baskets.itemsets import frequent_itemsets
from zhike.science.baskets.rules import association_rules
from zhike.science.baskets.transactions import Baskets

SUPPORT, CONFIDENCE = 0.001, 0.5


def load(given: Path) -> Baskets:
    return Baskets.of_table(ibis.duckdb.connect(threads=1).read_parquet(given))


def work(baskets: Baskets, output: Path) -> dict[str, Any]:
    sets = frequent_itemsets(baskets, support=SUPPORT)
    rules = association_rules(sets, confidence=CONFIDENCE, consequents=None).table
    single = pc.sum(pc.equal(pc.list_value_length(rules["consequent"]), 1)).as_py()
    found = {"sets": sum(sets.sizes), "rules": rules.num_rows, "rules_with_one": single}
    return {**found, "by_length": sets.sizes}
