"""Drift is told where there is some, and not where there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from zhike.science.propensity.drift import PeriodEmpty, feature_shifts, psi, watch
from zhike.science.propensity.inputs import InputsInvalid, OneClass
from zhike.science.tests.propensity.customers import customers


def test_psi_is_that_of_its_definition() -> None:
    before = np.repeat(np.arange(10.0), 1_000)
    now = np.repeat(np.arange(10.0), [2_000, *[1_000] * 8, 0])
    shares = np.array([0.2, *[0.1] * 8, 0.5 / 10_005])
    expected = ((shares - 0.1) * np.log(shares / 0.1)).sum()
    assert psi(before, now) == pytest.approx(expected, rel=0.01)
    assert psi(before, before) == 0
    assert psi(before, np.full(10, np.nan)) > 1
    with pytest.raises(PeriodEmpty):
        psi(before, np.array([]))


def test_equal_customers_have_no_shift_and_others_are_named() -> None:
    before, now = customers(4_000, seed=1)[0].inputs, customers(4_000, seed=2)[0].inputs
    assert {shift.strength for shift in feature_shifts(before, now)} == {"none"}
    values = now.values.copy()
    values[:, 0] += 1
    values[:2_000, 1] = np.nan
    values[:3_000, 2] = 1
    first, *rest = feature_shifts(before, replace(now, values=values), raw_names={"town": ["杭州", "苏州"]})
    shifts = {shift.feature: shift for shift in (first, *rest)}
    assert [shifts[name].strength for name in ("bend", "gaps", "town", "noise")] == ["large", "large", "large", "none"]
    assert shifts["gaps"].missing == pytest.approx((0.1, 0.55), abs=0.02)
    assert shifts["town"].unseen == 0.5
    assert first.psi == max(shift.psi for shift in shifts.values())
    with pytest.raises(InputsInvalid):
        feature_shifts(before, now.without(["town"]))
    with pytest.raises(PeriodEmpty):
        feature_shifts(before, now.rows(slice(0, 0)))


def test_a_model_is_watched_over_time() -> None:
    chance = np.random.default_rng(1)

    def period(size: int, *, noise: float = 0.0, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        score = chance.normal(size=size)
        met = (chance.random(size) < expit(score + shift)).astype(np.int64)
        return expit(score + noise * chance.normal(size=size)), met

    told = watch(
        [
            ("as ever", *period(3_000)),
            ("ranks worse", *period(3_000, noise=2)),
            ("too low", *period(3_000, shift=0.6)),
            ("to nobody", np.full(40, 0.001), np.zeros(40, np.int64)),
            ("empty", np.array([]), np.array([], np.int64)),
        ],
        first=period(5_000),
    )
    found = [(each.worse, each.off) for each in told]
    assert found == [(False, False), (True, False), (False, True), (False, False), (False, False)]
    shifts = [each.score_psi for each in told]
    assert shifts[0] is not None
    assert shifts[1] is not None
    assert shifts[0] < 0.1 < shifts[1]
    assert (told[3].result, told[4].result, told[4].customers, shifts[4]) == (None, None, 0, None)
    with pytest.raises(OneClass):
        watch([], first=(np.full(5, 0.5), np.ones(5, np.int64)))


def test_false_alarms_are_rare() -> None:
    chance, alarms = np.random.default_rng(2), 0
    for _ in range(200):
        told = [chance.beta(2, 3, 400) for _ in range(2)]
        met = [(chance.random(400) < each).astype(np.int64) for each in told]
        (found,) = watch([("", told[1], met[1])], first=(told[0], met[0]))
        alarms += found.worse + found.off
    assert alarms / 400 < 0.03
