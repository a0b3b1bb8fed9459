"""Frequent sets of products, level by level.

Infrequent products are dropped first; pairs come from one sparse product of the incidence matrix with itself; longer
sets are candidates all of whose parts are frequent (Apriori), counted as intersections of bit sets (Eclat), as many at
once as fit the cache. Baskets are gone through in blocks, so memory does not grow with them.

Sources: Agrawal and Srikant, Fast algorithms for mining association rules (1994); Zaki, Scalable algorithms for
association mining (2000).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from zhike.science.baskets.transactions import Baskets, Integers

if TYPE_CHECKING:
    import pyarrow as pa

type Share = Fraction | Decimal | float | str
type Bits = np.ndarray[Any, np.dtype[np.uint64]]

MOST_SETS = 2_000_000
_CANDIDATES_A_SET = 10  # may be looked at for each set that may be found
_BLOCK = 1 << 17  # baskets
_CELLS = 1 << 21  # counts of pairs held at once
_CACHED = 1 << 16  # words of 64 baskets held at once: half a megabyte
_FINEST = 10**9  # denominator of a threshold; its products with counts then fit 64 bits


class ThresholdInvalid(ValueError):
    """A least support or confidence has to be more than 0 and at most 1, with at most nine decimals."""


class TooManyItemsets(ValueError):
    """So many sets are frequent that nobody can read them: ask for more support, or for shorter sets."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """All frequent sets of one length. sets: a row each, codes in order, rows in order. counts: baskets with them.
    keys: of each set one number, growing: the place of the set without its last product, and that product."""

    sets: Integers
    counts: Integers
    keys: Integers


@dataclass(frozen=True, kw_only=True)
class Itemsets:
    """items: ids of the frequent products; codes are places among them. levels: by length, from 1. least_count:
    baskets that a set has to be in, of basket_count. longest: where the search was to end; None: nowhere."""

    items: pa.Array
    basket_count: int
    levels: list[Level]
    least_count: int
    longest: int | None = None

    @property
    def sizes(self) -> list[int]:
        """How many sets of each length."""
        return [len(level.counts) for level in self.levels]

    def find(self, sets: Integers) -> Integers:
        """The place of each row in its level; -1: not frequent. A row's codes are in order."""
        found = sets[:, 0]  # every code is of a frequent product
        for length in range(1, sets.shape[1]):
            found = self._place(length, found, sets[:, length])
        return found

    def table(self) -> pa.Table:
        """products (ids), product_count, basket_count and support of every set; the most frequent first."""
        import pyarrow as pa

        lengths = np.repeat(np.arange(1, len(self.levels) + 1), self.sizes)
        counts = np.concatenate([level.counts for level in self.levels] or [np.zeros(0, dtype=np.int64)])
        flat = np.concatenate([level.sets.ravel() for level in self.levels] or [np.zeros(0, dtype=np.int64)])
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
        table = pa.table(
            {
                "products": pa.ListArray.from_arrays(offsets, self.items.take(pa.array(flat))),
                "product_count": lengths,
                "basket_count": counts,
                "support": counts / self.basket_count,
            }
        )
        return table.take(np.lexsort((np.arange(len(counts)), lengths, -counts)))

    def _place(self, length: int, prefix: Integers, last: Integers) -> Integers:
        """Of sets one product longer than their prefix, whose place is given."""
        if length >= len(self.levels):
            return np.full(len(prefix), -1, dtype=np.int64)
        keys = self.levels[length].keys
        asked = np.where(prefix < 0, -1, prefix * len(self.items) + last)
        at = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
        return np.where(keys[at] == asked, at, -1)


def frequent_itemsets(
    baskets: Baskets, *, support: Share, longest: int | None = None, most: int = MOST_SETS
) -> Itemsets:
    """Every set of products that is in at least that share of the baskets.

    support: more than 0, at most 1; a float is taken as it is written, so .8 is exactly 4/5.
    longest: products of a set; None: as many as there are. most: sets to find at all.

    :raises zhike.science.baskets.transactions.BasketsEmpty: there are no baskets
    :raises ThresholdInvalid: support is no such share
    :raises TooManyItemsets: there are more than `most`; found out before they fill the memory
    """
    baskets.check_any()
    least = least_count(support, len(baskets))
    counts = baskets.item_counts()
    frequent = np.flatnonzero(counts >= least)
    kept = baskets.only(frequent)
    kept = kept.part(kept.sizes > 1)
    counting = BitSets(kept)
    one = np.arange(len(frequent))
    found = Itemsets(
        items=kept.items,
        basket_count=len(baskets),
        levels=[Level(sets=one[:, None], counts=counts[frequent], keys=one)] if len(one) else [],
        least_count=least,
        longest=longest,
    )
    while found.levels and (longest is None or len(found.levels) < longest):
        level = _pairs(kept, least, most) if len(found.levels) == 1 else _longer(found, counting, most)
        if not len(level.counts):
            break
        found.levels.append(level)
        if sum(found.sizes) > most:
            raise TooManyItemsets(
                f"more than {most} sets of up to {len(found.levels)} products at a support of {support}"
            )
    return found


def exact_share(share: Share) -> Fraction:
    """A threshold as it is written.

    >>> exact_share(0.8)
    Fraction(4, 5)

    :raises ThresholdInvalid: not more than 0 and at most 1, or with more than nine decimals
    """
    try:
        exact = share if isinstance(share, Fraction) else Fraction(str(share))
    except ValueError:
        raise ThresholdInvalid(f"{share!r} is no number") from None
    if not 0 < exact <= 1 or exact.denominator > _FINEST:
        raise ThresholdInvalid(f"{share} does not lie between 0 and 1, or is too fine")
    return exact


def least_count(support: Share, basket_count: int) -> int:
    """Baskets that make that share of them.

    >>> least_count(0.006, 9_835)
    60
    """
    share = exact_share(support)
    return -(-share.numerator * basket_count // share.denominator)


class BitSets:
    """Of each product the baskets it is in, a bit each."""

    def __init__(self, baskets: Baskets) -> None:
        self._baskets = baskets
        self._whole = self._block(0, len(baskets)) if len(baskets) <= _BLOCK else None

    def count(self, sets: Integers) -> Integers:
        """In how many baskets all products of each row are."""
        found = np.zeros(len(sets), dtype=np.int64)
        for start in range(0, len(self._baskets), _BLOCK):
            bits = self._whole
            if bits is None:
                bits = self._block(start, min(start + _BLOCK, len(self._baskets)))
            step = max(1, _CACHED // max(1, bits.shape[1]))
            for first in range(0, len(sets), step):
                rows = sets[first : first + step]
                together = bits[rows[:, 0]]
                for column in range(1, rows.shape[1]):
                    together &= bits[rows[:, column]]
                found[first : first + step] += np.bitwise_count(together).sum(axis=1, dtype=np.int64)
        return found

    def _block(self, start: int, end: int) -> Bits:
        starts = self._baskets.starts[start : end + 1]
        held = self._baskets.held[starts[0] : starts[-1]]
        row = np.repeat(np.arange(end - start), np.diff(starts))
        words = (end - start + 63) // 64
        bits = np.zeros((len(self._baskets.items), words * 8), dtype=np.uint8)
        np.bitwise_or.at(bits, (held, row >> 3), (1 << (row & 7)).astype(np.uint8))
        return bits.view(np.uint64)


def _pairs(baskets: Baskets, least: int, most: int) -> Level:
    """Block by block of first products, so that too many are told before the products of all pairs fill the memory."""
    width = len(baskets.items)
    ones = np.ones(len(baskets.held), dtype=np.int32)
    incidence = sparse.csr_matrix((ones, baskets.held, baskets.starts), shape=(len(baskets), width))
    held_by = incidence.T.tocsr()
    step, found, total = max(1, _CELLS // width), [], 0
    for start in range(0, width, step):
        together = (held_by[start : start + step] @ incidence).tocoo()
        first, second = together.row.astype(np.int64) + start, together.col.astype(np.int64)
        is_frequent = (second > first) & (together.data >= least)
        total += int(is_frequent.sum())
        if total > most:
            raise TooManyItemsets(f"more than {most} pairs are frequent")
        found.append(np.stack([first[is_frequent], second[is_frequent], together.data[is_frequent]]))
    first, second, counts = np.concatenate(found, axis=1).astype(np.int64)
    in_order = np.lexsort((second, first))
    sets = np.column_stack([first, second])[in_order]
    return Level(sets=sets, counts=counts[in_order], keys=sets[:, 0] * width + sets[:, 1])


def _longer(found: Itemsets, counting: BitSets, most: int) -> Level:
    candidates, prefix = _candidates(found, most)
    counts = counting.count(candidates)
    is_frequent = counts >= found.least_count
    keys = prefix * len(found.items) + candidates[:, -1]
    return Level(sets=candidates[is_frequent], counts=counts[is_frequent], keys=keys[is_frequent])


def _candidates(found: Itemsets, most: int) -> tuple[Integers, Integers]:
    """Sets one product longer than the last level, all of whose parts are in it; and the places of the first of these
    parts, without the last product."""
    sets = found.levels[-1].sets
    begins = np.concatenate([[True], (sets[1:, :-1] != sets[:-1, :-1]).any(axis=1)])
    ends = np.append(np.flatnonzero(begins)[1:], len(sets))[np.cumsum(begins) - 1]
    partners = ends - np.arange(len(sets)) - 1
    if partners.sum() > most * _CANDIDATES_A_SET:
        raise TooManyItemsets(f"{partners.sum()} candidates of {sets.shape[1] + 1} products")
    first = np.repeat(np.arange(len(sets)), partners)
    before = np.concatenate([[0], np.cumsum(partners)])[:-1]
    second = first + 1 + np.arange(len(first)) - before[first]
    joined = np.column_stack([sets[first], sets[second, -1]])
    for left_out in range(sets.shape[1] - 1):
        stays = found.find(np.delete(joined, left_out, axis=1)) >= 0
        joined, first = joined[stays], first[stays]
    return joined, first
