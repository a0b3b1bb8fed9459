"""Frequent sets and rules of mlxtend, from a table of booleans that is made beforehand."""

from pathlib import Path
from typing import Any

import pandas as pd
from mlxtend.frequent_patterns import association_rules, fpgrowth

SUPPORT, CONFIDENCE = 0.001, 0.5


def load(given: Path) -> pd.DataFrame:
    lines = pd.read_parquet(given)
    return pd.crosstab(lines["order_id"], lines["product_id"]).astype(bool)


def work(table: pd.DataFrame, output: Path) -> dict[str, Any]:
    sets = fpgrowth(table, min_support=SUPPORT, use_colnames=True)
    rules = association_rules(sets, metric="confidence", min_threshold=CONFIDENCE)
    single = rules[rules["consequents"].map(len) == 1]
    return {"sets": len(sets), "rules": len(rules), "rules_with_one": len(single)}
