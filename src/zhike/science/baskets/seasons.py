"""Whether a rule holds in every period, or lives of some."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc

from zhike.science.baskets.itemsets import BitSets
from zhike.science.baskets.rules import Rules
from zhike.science.baskets.significance import Floats, false_discovery, fisher_greater
from zhike.science.baskets.transactions import Baskets, Integers

if TYPE_CHECKING:
    import pyarrow as pa

CERTAIN = 0.05
SIDES = ("antecedent", "consequent")
_FEW = 5  # expected in a cell; below, chi-square is a rough guide


class PeriodsMissing(ValueError):
    """Baskets of one period, or of none, cannot differ between periods."""


class ProductUnknown(ValueError):
    """A rule names a product that is in none of the baskets."""


@dataclass(frozen=True, kw_only=True)
class RuleSeasons:
    """by_period: a row for each rule (its place in the rules) and period. homogeneity: a row a rule."""

    by_period: pa.Table
    homogeneity: pa.Table


def rules_by_period(baskets: Baskets, rules: Rules, *, certain: float = CERTAIN) -> RuleSeasons:
    """Each rule's figures in each period, and whether its odds ratio is the same in all of them.

    by_period: rule, period, basket_count, antecedent_count, consequent_count, total_count, support, confidence and
    lift (null in a period without the antecedent, or without the consequent), p (Fisher's, one-sided).

    homogeneity: rule, odds_ratio (Mantel and Haenszel's, of all periods, so that what merely sells in the same months
    is not taken for a pair; null where it has no bound), breslow_day (with Tarone's correction), degrees (periods that
    say something, less one), p and q (Benjamini and Hochberg), is_rough (fewer than five expected in some cell), and
    verdict: "differs" (q up to `certain`), "steady", or "untestable" (one telling period, or an odds ratio without
    bound).

    Sources: Breslow and Day, Statistical Methods in Cancer Research I (1980), section 4.4; Tarone (1985).

    :raises PeriodsMissing: the baskets are of fewer than two periods
    :raises ProductUnknown: the rules are of other baskets
    """
    import pyarrow as pa

    if len(baskets.periods) < 2:
        raise PeriodsMissing(f"{len(baskets.periods)} periods")
    few = baskets.only(_named(baskets, rules))
    left, right = (_codes(few, rules.table[side]) for side in SIDES)
    both = [np.concatenate(sides) for sides in zip(left, right, strict=True)]
    parts = [few.part(few.period == period) for period in range(len(few.periods))]
    tables = np.array([[_count(part, sets) for sets in (both, left, right)] for part in parts], dtype=np.int64)
    totals = np.array([len(part) for part in parts])
    of_both, of_left, of_right = (tables[:, side, :].T for side in range(3))  # a row a rule, a column a period
    homogeneity = _homogeneity(of_both, of_left, of_right, totals)
    adjusted = np.full(len(both), np.nan)
    is_tested = ~np.isnan(homogeneity["p"])
    adjusted[is_tested] = false_discovery(homogeneity["p"][is_tested])
    verdict = np.where(~is_tested, "untestable", np.where(adjusted <= certain, "differs", "steady"))
    columns = {name: _nullable(column) for name, column in {**homogeneity, "q": adjusted}.items()}
    return RuleSeasons(
        by_period=_by_period(baskets, of_both, of_left, of_right, totals),
        homogeneity=pa.table({"rule": np.arange(len(both)), **columns, "verdict": verdict}),
    )


def breslow_day(both: Any, first: Any, second: Any, total: Any) -> dict[str, Floats]:
    """Of tables in columns and rules in rows: odds_ratio (Mantel, Haenszel), breslow_day with Tarone's correction,
    degrees, p, is_rough; not-a-number where nothing can be tested. both: first and second; total: of each column."""
    a, n, m = (np.asarray(one, dtype=np.float64) for one in (both, first, second))
    all_of = np.broadcast_to(np.asarray(total, dtype=np.float64), a.shape)
    tells = (n > 0) & (m > 0) & (n < all_of) & (m < all_of)
    size = np.where(tells, all_of, 1.0)
    agree = np.where(tells, a * (all_of - n - m + a) / size, 0).sum(axis=1)
    differ = np.where(tells, (n - a) * (m - a) / size, 0).sum(axis=1)
    degrees = tells.sum(axis=1) - 1
    is_bound = (agree > 0) & (differ > 0)
    ratio = np.where(is_bound, agree / np.where(differ > 0, differ, 1), np.nan)
    expected = _expected(np.where(is_bound, ratio, 1.0)[:, None], n, m, all_of)
    cells = np.stack([expected, n - expected, m - expected, all_of - n - m + expected])
    with np.errstate(divide="ignore"):
        variance = np.where(tells, 1 / np.where(tells, 1 / cells, 1).sum(axis=0), 0)
    off = np.where(tells, a - expected, 0)
    spread = np.where(variance > 0, variance, 1)
    statistic = (np.where(variance > 0, off**2, 0) / spread).sum(axis=1)
    statistic -= off.sum(axis=1) ** 2 / np.where(variance.sum(axis=1) > 0, variance.sum(axis=1), 1)
    statistic = np.where(is_bound & (degrees > 0), np.maximum(0.0, statistic), np.nan)
    return {
        "odds_ratio": ratio,
        "breslow_day": statistic,
        "degrees": degrees.astype(np.float64),
        "p": np.where(np.isnan(statistic), np.nan, chdtrc(np.maximum(1, degrees), np.nan_to_num(statistic))),
        "is_rough": (np.where(tells, cells.min(axis=0), np.inf) < _FEW).any(axis=1),
    }


def _homogeneity(both: Integers, first: Integers, second: Integers, total: Integers) -> dict[str, Any]:
    found: dict[str, Any] = dict(breslow_day(both, first, second, total))
    found["degrees"] = found["degrees"].astype(np.int64)
    return found


def _expected(ratio: Any, n: Floats, m: Floats, total: Floats) -> Floats:
    """The count of both that gives each table that odds ratio: the root that lies within the margins."""
    square = ratio - 1
    linear = total - n - m + ratio * (n + m)
    constant = ratio * n * m
    # The form without cancellation; with an odds ratio of 1 it is n · m / total.
    root = np.sqrt(np.maximum(0.0, linear**2 - 4 * square * constant))
    below = linear + root
    found: Floats = 2 * constant / np.where(below > 0, below, 1)
    return found


def _by_period(
    baskets: Baskets, of_both: Integers, of_left: Integers, of_right: Integers, totals: Integers
) -> pa.Table:
    import pyarrow as pa

    rules, periods = of_both.shape
    both, first, second = (one.ravel() for one in (of_both, of_left, of_right))
    total = np.tile(totals, rules)
    confidence = np.where(first > 0, both / np.maximum(1, first), np.nan)
    lift = np.where(second > 0, confidence * total / np.maximum(1, second), np.nan)
    return pa.table(
        {
            "rule": np.repeat(np.arange(rules), periods),
            "period": baskets.periods.take(pa.array(np.tile(np.arange(periods), rules))),
            "basket_count": both,
            "antecedent_count": first,
            "consequent_count": second,
            "total_count": total,
            "support": _nullable(np.where(total > 0, both / np.maximum(1, total), np.nan)),
            "confidence": _nullable(confidence),
            "lift": _nullable(lift),
            "p": fisher_greater(both, first, second, total),
        }
    )


def _named(baskets: Baskets, rules: Rules) -> Integers:
    """The products of the rules; bits are kept of these alone, of which there are few."""
    codes = [one for side in SIDES for one in _codes(baskets, rules.table[side])]
    return np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *codes]))


def _codes(baskets: Baskets, column: Any) -> list[Integers]:
    """Of each list of ids the places among the baskets' products."""
    import pyarrow.compute as pc

    rows = column.combine_chunks()
    flat = pc.index_in(rows.flatten(), value_set=baskets.items)
    if flat.null_count:
        raise ProductUnknown("a rule names a product that these baskets do not have")
    offsets = rows.offsets.to_numpy()
    return list(np.split(flat.to_numpy().astype(np.int64), offsets[1:-1] - offsets[0])) if len(rows) else []


def _count(baskets: Baskets, sets: list[Integers]) -> Integers:
    lengths = np.array([len(one) for one in sets], dtype=np.int64)
    found = np.zeros(len(sets), dtype=np.int64)
    counting = BitSets(baskets)
    for length in np.unique(lengths):
        of_length = np.flatnonzero(lengths == length)
        found[of_length] = counting.count(np.stack([sets[place] for place in of_length]))
    return found


def _nullable(column: Any) -> Any:
    """Null where there is no number."""
    import pyarrow as pa

    return pa.array(column, from_pandas=True)
