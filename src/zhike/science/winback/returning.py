"""Who of the lost would return, and what their second life would be worth.

Learned from earlier days of the same company: customers who were lost then, by what was known then, and whether they
bought in the weeks after, all of which lie before the day of the forecast. Penalised regressions on logarithms, not
trees: lost customers are few, and what is known of them is smooth.
Sources: Thomas, Blattberg and Fox, Recapturing lost customers (2004); Duan, Smearing estimate (1983), for amounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from zhike.science.clv.histories import Floats, Histories, NotIdentified
from zhike.science.clv.nbd import fit_nbd

if TYPE_CHECKING:
    import ibis.expr.types as ir

FEATURES = ("days", "recency", "age", "interval", "overdue", "amount", "mean", "last", "largest", "refunds", "rate")
LEAST_RETURNED = 20  # and as many who did not, to learn from
NEARLY = 2 / 3  # of the days after which one is lost: the nearly lost are learned from too, the lost being few
WEEK_DAYS = 7
YEAR_WEEKS = 365.25 / 7
_PENALTY, _AMOUNT_PENALTY = 0.05, 30.0


class TooFewReturned(ValueError):
    """Too few of those who were lost earlier returned, or stayed away, to learn from."""


@dataclass(frozen=True, kw_only=True)
class Lapsed:
    """What is known of customers on a day; a row each.

    features: not negative, in the order of FEATURES and then of the further columns. recency_days: since the last
    purchase.
    """

    customer_ids: list[int]
    recency_days: Floats
    features: Floats

    def only(self, chosen: Any) -> Lapsed:
        kept = np.flatnonzero(chosen)
        return Lapsed(
            customer_ids=[self.customer_ids[place] for place in kept],
            recency_days=self.recency_days[kept],
            features=self.features[kept],
        )


def lapsed_customers(orders: ir.Table, *, as_of: date, lost_days: float, further: Sequence[str] = ()) -> Lapsed:
    """Customers whose last purchase is more than so many days ago, by what was known at the end of that day.

    orders: customer_id, placed_on (date), amount (one currency, refunds negative), and the further columns, numbers of
    0 or more of each order (lines, pieces), whose mean by purchase day is a feature.
    """
    import ibis

    known = orders.filter(
        orders.customer_id.notnull(), orders.amount.notnull(), orders.placed_on <= ibis.literal(as_of)
    )
    bought = known.filter(known.amount >= 0)
    days = bought.group_by("customer_id", "placed_on").agg(
        day_amount=bought.amount.cast("float64").sum(), **{name: bought[name].cast("float64").sum() for name in further}
    )
    buyers = days.group_by("customer_id").agg(
        days=days.count(),
        first_on=days.placed_on.min(),
        last_on=days.placed_on.max(),
        amount=days.day_amount.sum(),
        last=days.day_amount.argmax(days.placed_on),
        largest=days.day_amount.max(),
        **{name: days[name].mean() for name in further},
    )
    refunds = known.filter(known.amount < 0).group_by(of=known.customer_id).agg(refunds=ibis._.count())
    rows = buyers.left_join(refunds, buyers.customer_id == refunds.of).drop("of").order_by("customer_id").to_pyarrow()
    return _with_rates(rows, as_of=as_of, further=further, lost_days=lost_days)


@dataclass(frozen=True, kw_only=True)
class Returns:
    """p: of returning within the weeks. amount: what they would then spend in them. customer_ids: a row each."""

    customer_ids: list[int]
    p: Floats
    amount: Floats

    @property
    def value(self) -> Floats:
        """Expected spending within the weeks: what to rank by."""
        return self.p * self.amount


@dataclass(frozen=True, kw_only=True)
class ReturnModel:
    """Fitted by :func:`fit_returns`. learned_from: customers and days; returned_rate: of them.

    retention: share of those who returned that bought again in the same number of weeks after; None where the orders
    are too short to say.
    """

    weeks: int
    lost_days: float
    further: tuple[str, ...]
    learned_from: int
    returned_rate: float
    retention: float | None
    _chance: Any
    _amount: Any
    _smear: float

    def predict(self, lapsed: Lapsed) -> Returns:
        seen = np.log1p(lapsed.features)
        if not len(seen):
            return Returns(customer_ids=[], p=np.zeros(0), amount=np.zeros(0))
        return Returns(
            customer_ids=lapsed.customer_ids,
            p=self._chance.predict_proba(seen)[:, 1],
            amount=np.exp(self._amount.predict(seen)) * self._smear,
        )


def fit_returns(
    orders: ir.Table,
    *,
    as_of: date,
    lost_days: float,
    weeks: int,
    windows: int = 3,
    step_weeks: int = 4,
    further: Sequence[str] = (),
) -> ReturnModel:
    """Learn from so many earlier days, the last of which is `weeks` before the day of the forecast.

    orders: as in :func:`lapsed_customers`; those after `as_of` are not looked at. They are asked for several times, so
    hand in a table that is computed already where it is costly.

    :raises TooFewReturned: fewer than 20 returned, or stayed away
    """
    seen, spent = [], []
    for window in range(windows):
        day = as_of - timedelta(weeks=weeks + window * step_weeks)
        lapsed = lapsed_customers(orders, as_of=day, lost_days=lost_days * NEARLY, further=further)
        seen.append(np.log1p(lapsed.features))
        spent.append(spending_after(orders, lapsed.customer_ids, day=day, weeks=weeks))
    features, amounts = np.concatenate(seen), np.concatenate(spent)
    returned = amounts > 0
    if min(returned.sum(), (~returned).sum()) < LEAST_RETURNED:
        raise TooFewReturned(f"{returned.sum()} of {len(returned)} returned")
    chance, amount = _regressions()
    chance.fit(features, returned)
    logarithms = np.log(amounts[returned])
    amount.fit(features[returned], logarithms)
    return ReturnModel(
        weeks=weeks,
        lost_days=lost_days,
        further=tuple(further),
        learned_from=len(returned),
        returned_rate=float(returned.mean()),
        retention=_retention(orders, as_of=as_of, lost_days=lost_days * NEARLY, weeks=weeks),
        _chance=chance,
        _amount=amount,
        _smear=float(np.exp(logarithms - amount.predict(features[returned])).mean()),
    )


def second_life_value(
    amount: Floats, *, retention: float, weeks: int, periods: int, margin: float, annual_rate: float
) -> Floats:
    """What a customer who returns is worth: margin on what they spend in the first weeks, and in later periods of as
    many weeks, to each of which the share `retention` of those of the period before goes on; discounted by year.

    :raises ValueError: a share that is none, no period, or a rate of -1 or less
    """
    if not (0 <= retention <= 1 and periods >= 1 and weeks >= 1 and annual_rate > -1):
        raise ValueError(f"a share, a period, and a rate above -1: {retention}, {periods}, {annual_rate}")
    keeps = retention * (1 + annual_rate) ** (-weeks / YEAR_WEEKS)
    return amount * (margin * float(np.sum(keeps ** np.arange(periods))))


def spending_after(orders: ir.Table, customer_ids: Sequence[int], *, day: date, weeks: int) -> Floats:
    """What each of them spent in the weeks after that day, refunds aside; 0 who bought nothing."""
    import ibis

    end = day + timedelta(weeks=weeks)
    later = orders.filter(
        orders.placed_on > ibis.literal(day), orders.placed_on <= ibis.literal(end), orders.amount > 0
    )
    sums = later.group_by("customer_id").agg(spent=later.amount.cast("float64").sum()).to_pyarrow().to_pydict()
    known = dict(zip(sums["customer_id"], sums["spent"], strict=True))
    return np.array([known.get(customer, 0.0) for customer in customer_ids])


def _retention(orders: ir.Table, *, as_of: date, lost_days: float, weeks: int) -> float | None:
    """Of those who were lost twice the weeks ago and returned, the share that bought again in the weeks after."""
    first, second = as_of - timedelta(weeks=2 * weeks), as_of - timedelta(weeks=weeks)
    lapsed = lapsed_customers(orders, as_of=first, lost_days=lost_days).customer_ids
    returned = spending_after(orders, lapsed, day=first, weeks=weeks) > 0
    again = spending_after(orders, lapsed, day=second, weeks=weeks)[returned] > 0
    return float(again.mean()) if len(again) >= LEAST_RETURNED else None


def _with_rates(rows: Any, *, as_of: date, further: Sequence[str], lost_days: float) -> Lapsed:
    told = {name: rows[name].to_pylist() for name in rows.column_names}
    days = np.array(told["days"], dtype=np.float64)
    age, recency = (
        np.array([(as_of - day).days for day in told[name]], dtype=np.float64) for name in ("first_on", "last_on")
    )
    amount = np.array(told["amount"], dtype=np.float64)
    # Of whoever bought once, no interval is known but that it is longer than their age.
    interval = np.where(days > 1, (age - recency) / np.maximum(days - 1, 1), age)
    columns = {
        "days": days,
        "recency": recency,
        "age": age,
        "interval": interval,
        "overdue": recency / np.maximum(interval, 1.0),
        "amount": amount,
        "mean": amount / np.maximum(days, 1),
        "last": np.array(told["last"], dtype=np.float64),
        "largest": np.array(told["largest"], dtype=np.float64),
        "refunds": np.array([count or 0 for count in told["refunds"]], dtype=np.float64),
        "rate": _rates(days, recency, age),
        **{name: np.array(told[name], dtype=np.float64) for name in further},
    }
    everybody = Lapsed(
        customer_ids=told["customer_id"],
        recency_days=recency,
        features=np.column_stack([columns[name] for name in (*FEATURES, *further)]),
    )
    return everybody.only(recency > lost_days)


def _rates(days: Floats, recency: Floats, age: Floats) -> Floats:
    """Expected purchases in a year by NBD of all customers on that day; 0 where nobody has bought again yet."""
    histories = Histories.of_customers(days - 1, (age - recency) / WEEK_DAYS, age / WEEK_DAYS)
    try:
        return fit_nbd(histories).expected_purchases(histories, time=YEAR_WEEKS)
    except NotIdentified:
        return np.zeros(len(days))


def _regressions() -> tuple[Any, Any]:
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    chance = make_pipeline(StandardScaler(), LogisticRegression(C=_PENALTY, max_iter=1_000))
    return chance, make_pipeline(StandardScaler(), Ridge(alpha=_AMOUNT_PENALTY))
