"""Cycles of consumables: simulated ones are recovered, and chances come true as often as they say."""

from datetime import timedelta

import numpy as np
import pytest

from zhike.science.recommending.interactions import Interactions, calendar_day
from zhike.science.recommending.rhythm import fit_rhythm
from zhike.science.tests.recommending.shops import FIRST_DAY, shop


def cycles(dice: np.random.Generator, customers: int, *, until: int) -> Interactions:
    """Coffee every thirty days or so, soap every ninety, until one has had enough; some are loyal, some are not."""
    lines = []
    for user in range(customers):
        for item, gap in (("coffee", 30), ("soap", 90)):
            day, loyalty = float(dice.uniform(0, gap)), dice.beta(1.4, 0.6)
            while day < until:
                lines.append((user, item, int(day), 1))
                if dice.random() > loyalty:
                    break
                day += max(1.0, float(np.exp(np.log(gap) + dice.normal(0, 0.3))))
    return shop(lines)


def test_usual_gaps_are_each_products_own() -> None:
    model = fit_rhythm(cycles(np.random.default_rng(1), 300, until=700))
    rows = model.table().to_pylist()
    for item, gap in (("coffee", 30), ("soap", 90)):
        gaps = [row["usual_gap_days"] for row in rows if row["product_id"] == item]
        assert np.median(gaps) == pytest.approx(gap, rel=0.12)


def test_chances_come_true_as_often_as_they_say() -> None:
    whole = cycles(np.random.default_rng(2), 1_500, until=700)
    cut = FIRST_DAY + timedelta(days=600)
    model = fit_rhythm(whole, horizon_days=30, as_of=cut)
    pairs = whole.until(cut).pairs
    later = (whole.day > model.as_of) & (whole.day <= model.as_of + 30)
    came = set(zip(whole.user[later].tolist(), whole.item[later].tolist(), strict=True))
    true = np.array([pair in came for pair in zip(pairs.user.tolist(), pairs.item.tolist(), strict=True)])
    for low, high in ((0, 0.1), (0.1, 0.4), (0.4, 0.7), (0.7, 1)):
        within = (model.chance >= low) & (model.chance < high)
        assert true[within].mean() == pytest.approx(model.chance[within].mean(), abs=0.1)


def test_the_due_day_follows_from_the_own_rhythm() -> None:
    weekly = [(1, "bread", day, 1) for day in range(0, 210, 7)]
    monthly = [(2, "bread", day, 1) for day in range(0, 210, 30)]
    rows = {row["customer_id"]: row for row in fit_rhythm(shop([*weekly, *monthly])).table().to_pylist()}
    assert 7 <= rows[1]["usual_gap_days"] < 9
    assert 15 < rows[2]["usual_gap_days"] <= 30
    assert rows[1]["due_on"] - rows[1]["last_on"] == timedelta(days=round(rows[1]["usual_gap_days"]))
    assert rows[1]["purchase_days"] == 30


def test_the_longer_overdue_the_less_likely() -> None:
    lines = [(1, "tea", day, 1) for day in range(0, 200, 10)]
    chances = []
    for waited in (0, 30, 90, 300):
        as_of = FIRST_DAY + timedelta(days=190 + waited)
        chances.append(fit_rhythm(shop(lines), horizon_days=10, as_of=as_of).chance[0])
    assert chances[1:] == sorted(chances[1:], reverse=True)
    assert chances[0] > 0.4


def test_single_purchases_have_a_low_chance_and_no_error() -> None:
    model = fit_rhythm(shop([(1, "a", 0, 1), (2, "b", 5, 1)]), horizon_days=30)
    assert (model.chance >= 0).all()
    assert (model.chance < 0.1).all()
    assert model.as_of_day == calendar_day(model.as_of) == FIRST_DAY + timedelta(days=5)
