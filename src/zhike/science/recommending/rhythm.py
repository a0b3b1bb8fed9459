"""When somebody will need it again: cycles of consumables.

Days between purchases of a product by one customer are taken as log-normal, with a mean of the customer's own for the
product, drawn to the product's mean the fewer own gaps there are, and that to the mean of all products. Not every
purchase is followed by another; the share that is, is learnt in the same way. Having waited for t days without a
purchase, one comes within the next h days with probability π (F(t + h) - F(t)) / (1 - π F(t)): either the cycle is
late, or there is none.

Sources: Bhagat, Muralidharan, Lobzhanidze and Vishwanath, Buy it again (2018); cure model: Boag (1949).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy.special import log_ndtr, ndtr

from zhike.science.recommending.interactions import EPOCH, Integers, Interactions, calendar_day
from zhike.science.recommending.models import Repeated, SettingInvalid

if TYPE_CHECKING:
    import pyarrow as pa

OWN_GAPS = 4.0  # that the product's mean weighs as, beside a customer's own
ITEM_GAPS = 10.0  # that the mean of all products weighs as, beside a product's
OWN_RETURNS = 1.0  # that the product's share of purchases followed by another weighs as
_LEAST_SPREAD = 0.1
_HALF_A_DAY = 0.5
_ROUNDS = 20


@dataclass(frozen=True, kw_only=True)
class Rhythm(Repeated):
    """Of each customer and product bought: chances, and what they come from. weights: the chance of a purchase within
    the horizon."""

    interactions: Interactions
    usual_gap_days: Any
    chance: Any
    as_of: int
    name: ClassVar[str] = "due again"

    def table(self) -> pa.Table:
        """customer_id, product_id, purchase_days, last_on, usual_gap_days (their median), due_on (may have passed) and
        chance (within the horizon); the likeliest first."""
        import pyarrow as pa

        pairs = self.interactions.pairs
        due = pairs.last + np.rint(self.usual_gap_days).astype(np.int64)
        table = pa.table(
            {
                "customer_id": self.interactions.users.take(pa.array(pairs.user)),
                "product_id": self.interactions.items.take(pa.array(pairs.item)),
                "purchase_days": pairs.days,
                "last_on": pa.array(pairs.last.astype(np.int32)).cast(pa.date32()),
                "usual_gap_days": self.usual_gap_days,
                "due_on": pa.array(due.astype(np.int32)).cast(pa.date32()),
                "chance": self.chance,
            }
        )
        return table.take(np.lexsort((pairs.item, pairs.user, -self.chance)))

    @property
    def as_of_day(self) -> date:
        return calendar_day(self.as_of)


def fit_rhythm(interactions: Interactions, *, horizon_days: int = 91, as_of: date | None = None) -> Rhythm:
    """as_of: the day from which the horizon counts; None: that of the last purchase. Later purchases do not exist yet.

    :raises SettingInvalid: no day to look ahead
    :raises zhike.science.recommending.interactions.NothingBought: nobody did
    """
    if horizon_days < 1:
        raise SettingInvalid(f"{horizon_days} days ahead")
    known = interactions if as_of is None else interactions.until(as_of)
    known.check_any()
    now = known.last_day if as_of is None else (as_of - EPOCH).days
    pairs = known.pairs
    gaps, pair = _gaps(known)
    logs, again, waited = np.log(gaps), pairs.days - 1, np.maximum(0, now - pairs.last)
    cycles = _cycles(known, logs, pairs.item[pair], waited, horizon_days)
    center = (np.bincount(pair, logs, len(again)) + OWN_GAPS * cycles.center[pairs.item]) / (again + OWN_GAPS)
    returning = (again + OWN_RETURNS * cycles.returning[pairs.item]) / (again + OWN_RETURNS)
    chance = _chance(waited, horizon_days, center, cycles.spread, returning)
    return Rhythm(
        interactions=known,
        weights=known.weighted(chance),
        usual_gap_days=np.exp(center),
        chance=chance,
        as_of=now,
    )


def _gaps(known: Interactions) -> tuple[Any, Integers]:
    """Days between purchases of the same product by the same customer, and whose pair each gap is of."""
    same = (np.diff(known.user) == 0) & (np.diff(known.item) == 0)
    pair = np.repeat(np.arange(len(known.pairs.days)), known.pairs.days)
    return np.diff(known.day)[same].astype(np.float64), pair[1:][same]


@dataclass(frozen=True, kw_only=True)
class _Cycles:
    """center: of each product, the mean of the logarithms of its gaps; spread: their deviation, of all products;
    returning: of each product, the share of purchases that are followed by another."""

    center: Any
    spread: float
    returning: Any


def _cycles(known: Interactions, logs: Any, item: Integers, waited: Any, ahead: int) -> _Cycles:
    """By expectation maximisation: of each customer's last purchase nobody knows yet whether another one follows, and
    if one does, only that its gap is longer than the time waited."""
    pairs, size = known.pairs, len(known.items)
    gaps, events = np.bincount(item, minlength=size), np.bincount(known.item, minlength=size)
    sums, least = np.bincount(item, logs, size), np.log(np.maximum(waited, _HALF_A_DAY))
    mean = float(logs.mean()) if len(logs) else float(np.log(ahead))
    found = _Cycles(
        center=np.full(size, mean),
        spread=max(_LEAST_SPREAD, float(logs.std())) if len(logs) else 1.0,
        returning=np.full(size, (len(logs) + 0.5) / (len(known.user) + 1)),
    )
    for _round in range(_ROUNDS):
        center, share = found.center[pairs.item], found.returning[pairs.item]
        beyond = (least - center) / found.spread
        open_ = share * ndtr(-beyond) / (1 - share * ndtr(beyond))  # another one is still to come
        # Mean and square of a normal variable above a bound, in deviations from its center.
        hazard = np.exp(-0.5 * beyond**2 - log_ndtr(-beyond)) / np.sqrt(2 * np.pi)
        by_item = np.bincount(pairs.item, open_, size)
        expected = np.bincount(pairs.item, open_ * (center + found.spread * hazard), size)
        total = gaps + by_item
        overall = (sums.sum() + expected.sum()) / max(1e-9, float(total.sum()))
        squares = float(((logs - found.center[item]) ** 2).sum())
        squares += float((open_ * found.spread**2 * (1 + beyond * hazard)).sum())
        returned = total.sum() / events.sum()
        found = _Cycles(
            center=(sums + expected + ITEM_GAPS * overall) / (total + ITEM_GAPS),
            spread=max(_LEAST_SPREAD, float(np.sqrt(squares / max(1e-9, float(total.sum()))))),
            returning=np.clip((total + ITEM_GAPS * returned) / (events + ITEM_GAPS), 1e-6, 1 - 1e-6),
        )
    return found


def _chance(waited: Any, ahead: int, center: Any, spread: float, returning: Any) -> Any:
    before = np.where(waited > 0, ndtr((np.log(np.maximum(waited, 1)) - center) / spread), 0.0)
    by_then = ndtr((np.log(waited + ahead) - center) / spread)
    return returning * (by_then - before) / (1 - returning * before)
