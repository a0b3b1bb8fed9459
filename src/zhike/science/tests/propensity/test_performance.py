"""Measures of ranking and of truth: against scikit-learn, published figures and simulation."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from zhike.science.propensity.comparison import compare
from zhike.science.propensity.inputs import OneClass
from zhike.science.propensity.performance import ProbabilityInvalid, auc, gains, measure

told_and_met = st.lists(
    st.tuples(st.integers(1, 9).map(lambda n: n / 10), st.integers(0, 1)), min_size=4, max_size=60
).filter(lambda rows: 0 < sum(met for _, met in rows) < len(rows))


def arrays(rows: list[tuple[float, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([told for told, _ in rows]), np.array([met for _, met in rows], dtype=np.int64)


@settings(max_examples=40)
@given(told_and_met)
def test_measures_equal_those_of_scikit_learn(rows: list[tuple[float, int]]) -> None:
    from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score
    from sklearn.metrics import log_loss as sklearn_log_loss

    told, met = arrays(rows)
    found = measure(told, met)
    assert found.auc == pytest.approx(roc_auc_score(met, told))
    assert found.average_precision == pytest.approx(average_precision_score(met, told))
    assert found.brier == pytest.approx(brier_score_loss(met, told))
    assert found.log_loss == pytest.approx(sklearn_log_loss(met, told))


@given(told_and_met, st.randoms(use_true_random=False))
def test_neither_order_nor_doubling_matters(rows: list[tuple[float, int]], chance: Random) -> None:
    again = rows + rows
    chance.shuffle(again)
    one, other = measure(*arrays(rows)), measure(*arrays(again))
    for name in ("rate", "auc", "average_precision", "brier", "lift"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-9)


@given(told_and_met)
def test_other_labels_turn_the_ranking_round(rows: list[tuple[float, int]]) -> None:
    told, met = arrays(rows)
    assert auc(told, 1 - met)[0] == pytest.approx(1 - auc(told, met)[0])


def test_gains_are_counted_from_the_top() -> None:
    told = np.linspace(1, 0, 20)
    met = np.array([1, 1, 1, 0, 1] + [0] * 15)
    first, second, *_, last = gains(told, met)
    assert (first.share, first.rate, first.captured, first.lift) == pytest.approx((0.1, 1.0, 0.5, 5.0))
    assert second.captured == pytest.approx(0.75)
    assert (last.captured, last.lift) == (1.0, 1.0)
    assert gains(np.full(20, 0.2), met)[0].lift == pytest.approx(1.0)


def test_delong_covers_and_tells_two_models_apart() -> None:
    chance, covered, told = np.random.default_rng(1), 0, 0
    great = chance.normal(size=200_000)
    truth = auc(great, (chance.random(200_000) < expit(great - 1)).astype(np.int64))[0]
    for _ in range(300):
        score = chance.normal(size=300)
        met = (chance.random(300) < expit(score - 1)).astype(np.int64)
        low, high = measure(expit(score), met).auc_interval
        covered += low <= truth <= high
        one, other = (expit(score + chance.normal(size=300)) for _ in range(2))
        told += compare(one, other, met, seed=1, draws=1).p < 0.05
    assert 0.92 <= covered / 300 <= 0.98
    assert 0.02 <= told / 300 <= 0.08


def test_a_better_challenger_is_called_better_and_an_equal_one_not() -> None:
    chance = np.random.default_rng(2)
    score = chance.normal(size=2_000)
    met = (chance.random(2_000) < expit(score)).astype(np.int64)
    worse = expit(score + chance.normal(size=2_000))
    found = compare(worse, expit(score), met, seed=1, draws=200)
    assert found.verdict == "better"
    assert found.auc.low > 0 > found.log_loss.high
    assert compare(expit(score), worse, met, seed=1, draws=200).verdict == "worse"
    same = compare(worse, worse, met, seed=1, draws=50)
    assert (same.verdict, same.p, same.brier.value) == ("no different", 1.0, 0.0)


def test_calibration_error_of_true_chances_is_that_of_chance() -> None:
    chance = np.random.default_rng(3)
    found = []
    for _ in range(200):
        told = chance.beta(1, 3, 1_000)
        result = measure(told, (chance.random(1_000) < told).astype(np.int64))
        found.append((result.calibration_error, result.chance_error))
    assert np.mean([error for error, _ in found]) == pytest.approx(np.mean([by for _, by in found]), rel=0.05)


def test_what_cannot_be_measured_is_refused() -> None:
    met = np.array([0, 1, 0])
    with pytest.raises(OneClass):
        measure(np.full(3, 0.5), np.zeros(3, np.int64))
    for told in ([0.5, np.nan, 0.1], [0.5, 1.1, 0.1], [0.5, 0.1]):
        with pytest.raises(ProbabilityInvalid):
            measure(np.array(told), met)


def test_the_result_in_words() -> None:
    told = np.linspace(0.9, 0.1, 20)
    assert "AUC 1.0000 [1.0000, 1.0000]" in str(measure(told, (told > 0.5).astype(np.int64)))
