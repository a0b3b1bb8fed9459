"""Rules once more, by the word of their definitions."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from math import comb


def frequent_sets(baskets: Sequence[frozenset[int]], support: Fraction) -> dict[tuple[int, ...], int]:
    held = [basket for basket in baskets if basket]
    products = sorted(set().union(*held))
    counts = {
        chosen: sum(1 for basket in held if basket >= set(chosen))
        for size in range(1, len(products) + 1)
        for chosen in combinations(products, size)
    }
    return {chosen: count for chosen, count in counts.items() if Fraction(count, len(held)) >= support}


def rules(
    baskets: Sequence[frozenset[int]], support: Fraction, confidence: Fraction
) -> dict[tuple[tuple[int, ...], tuple[int, ...]], int]:
    sets = frequent_sets(baskets, support)
    found = {}
    for chosen, count in sets.items():
        for size in range(1, len(chosen)):
            for left in combinations(chosen, size):
                right = tuple(item for item in chosen if item not in left)
                if Fraction(count, sets[left]) >= confidence:
                    found[left, right] = count
    return found


def fisher(both: int, first: int, second: int, total: int) -> float:
    ways = sum(
        comb(first, here) * comb(total - first, second - here)
        for here in range(both, min(first, second) + 1)
        if second - here <= total - first
    )
    return float(Fraction(ways, comb(total, second)))
