"""Association rules: who buys this also buys that."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from zhike.science.baskets.itemsets import Itemsets, Share, exact_share
from zhike.science.baskets.significance import false_discovery, fisher_greater
from zhike.science.baskets.transactions import Integers

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, kw_only=True)
class Rules:
    """table: a row a rule. hypotheses: how many rules were looked at to find these."""

    table: pa.Table
    hypotheses: int


def association_rules(itemsets: Itemsets, *, confidence: Share, consequents: int | None = 1) -> Rules:
    """Every rule between two parts of a frequent set that holds at least that often.

    confidence: more than 0, at most 1; a float is taken as it is written, and compared in integers.
    consequents: products on the right side at most; None: any number.

    table, the most confident first, then the most frequent:
    - antecedent, consequent: lists of ids
    - basket_count, antecedent_count, consequent_count: baskets with both, with either; total_count: all
    - support, confidence: both of all, both of those with the antecedent
    - lift: confidence by the consequent's share; leverage: support less what independence would give (-1/4 to 1/4)
    - conviction: how much oftener the rule would be wrong by chance; infinite for a rule that is never wrong
    - improvement: confidence less the best of the rules without one of the antecedent's products, or without any; at
      most 0: a simpler rule says as much
    - p: Fisher's exact test, one-sided; q: the share of false findings up to here (Benjamini and Hochberg),
      q_dependent: whatever depends on what (Benjamini and Yekutieli)

    Both q count all rules between frequent sides as looked at, not only those frequent together: with margins fixed,
    the count of both is what is tested, and choosing by it would make chance look like a finding (Webb 2007). With
    more than one product on the right this number is an upper bound.

    :raises zhike.science.baskets.itemsets.ThresholdInvalid: confidence is no such share
    """
    least = exact_share(confidence)
    parts = [_rules_of(itemsets, place, least, consequents) for place in range(1, len(itemsets.levels))]
    blocks = [[block for part in parts for block in part[side]] for side in range(2)]
    figures = [np.concatenate([part[column] for part in parts] or [np.zeros(0)]) for column in range(2, 6)]
    hypotheses = max(_hypotheses(itemsets, consequents), len(figures[0]))
    return Rules(table=_table(itemsets, blocks[0], blocks[1], figures, hypotheses), hypotheses=hypotheses)


def _rules_of(itemsets: Itemsets, place: int, least: Any, consequents: int | None) -> tuple[Any, ...]:
    """Of one level: the sides, a block for each way to part a set; the counts of both, of either, and the best
    confidence of a simpler rule."""
    level = itemsets.levels[place]
    length = level.sets.shape[1]
    found: tuple[list[Any], ...] = ([], [], [], [], [], [])
    for size in range(1, min(length - 1, consequents or length) + 1):
        for right in combinations(range(length), size):
            left = [column for column in range(length) if column not in right]
            antecedent, consequent = level.sets[:, left], level.sets[:, list(right)]
            of_left = itemsets.levels[len(left) - 1].counts[itemsets.find(antecedent)]
            holds = level.counts * least.denominator >= of_left * least.numerator
            if not holds.any():
                continue
            antecedent, consequent = antecedent[holds], consequent[holds]
            of_right = itemsets.levels[size - 1].counts[itemsets.find(consequent)]
            found[0].append(antecedent)
            found[1].append(consequent)
            columns = (level.counts[holds], of_left[holds], of_right, _simpler(itemsets, antecedent, consequent))
            for kept, column in zip(found[2:], columns, strict=True):
                kept.append(column)
    return found[0], found[1], *(np.concatenate(kept or [np.zeros(0)]) for kept in found[2:])


def _simpler(itemsets: Itemsets, antecedent: Integers, consequent: Integers) -> Any:
    """The best confidence of the rules with one product less on the left."""
    best = itemsets.levels[consequent.shape[1] - 1].counts[itemsets.find(consequent)] / itemsets.basket_count
    for left_out in range(antecedent.shape[1] if antecedent.shape[1] > 1 else 0):
        less = np.delete(antecedent, left_out, axis=1)
        both = np.sort(np.concatenate([less, consequent], axis=1), axis=1)
        of_both = itemsets.levels[both.shape[1] - 1].counts[itemsets.find(both)]
        best = np.maximum(best, of_both / itemsets.levels[less.shape[1] - 1].counts[itemsets.find(less)])
    return best


def _hypotheses(itemsets: Itemsets, consequents: int | None) -> int:
    """Rules between frequent sides, together no longer than the longest set that was or could be asked for."""
    sizes, found = itemsets.sizes, 0
    for right in range(1, min(len(sizes), consequents or len(sizes)) + 1):
        for left in range(1, len(sizes) - right + 1):
            partners = sizes[0] - left if right == 1 else sizes[right - 1]
            found += sizes[left - 1] * max(0, partners)
    return found


def _table(
    itemsets: Itemsets, antecedents: list[Integers], consequents: list[Integers], figures: list[Any], hypotheses: int
) -> pa.Table:
    import pyarrow as pa

    both, of_left, of_right = (one.astype(np.int64) for one in figures[:3])
    total = itemsets.basket_count
    support, confidence, expected = both / total, both / np.maximum(1, of_left), of_right / total
    p = fisher_greater(both, of_left, of_right, np.full(len(both), total))
    wrong = (of_left - both) * total
    table = pa.table(
        {
            "antecedent": _lists(itemsets, antecedents),
            "consequent": _lists(itemsets, consequents),
            "basket_count": both,
            "antecedent_count": of_left,
            "consequent_count": of_right,
            "total_count": np.full(len(both), total),
            "support": support,
            "confidence": confidence,
            "lift": confidence / np.where(expected > 0, expected, 1),
            "leverage": support - of_left / total * expected,
            "conviction": np.where(wrong > 0, of_left * (total - of_right) / np.maximum(1, wrong), np.inf),
            "improvement": confidence - figures[3],
            "p": p,
            "q": false_discovery(p, hypotheses=hypotheses),
            "q_dependent": false_discovery(p, hypotheses=hypotheses, is_dependent=True),
        }
    )
    return table.take(np.lexsort((np.arange(len(both)), -both, -confidence)))


def _lists(itemsets: Itemsets, blocks: list[Integers]) -> pa.Array:
    import pyarrow as pa

    lengths = np.concatenate([np.full(len(block), block.shape[1]) for block in blocks] or [np.zeros(0, dtype=np.int64)])
    flat = np.concatenate([block.ravel() for block in blocks] or [np.zeros(0, dtype=np.int64)])
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), itemsets.items.take(pa.array(flat)))
