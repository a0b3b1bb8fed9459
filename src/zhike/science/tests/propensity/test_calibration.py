"""Probabilities that were wrong become right, and Venn-Abers predictors are those of their definition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from zhike.science.propensity.calibration import (
    FITS,
    VennAbers,
    calibrate,
    fit_isotonic,
    fit_platt,
    fit_venn_abers,
    log_loss,
)
from zhike.science.propensity.performance import calibration_bins, calibration_error


def scores(size: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Log odds that are twice too far out."""
    chance = np.random.default_rng(seed)
    true = chance.normal(-1, 1, size)
    return 2 * true, (chance.random(size) < expit(true)).astype(np.int64)


@pytest.mark.parametrize("name", sorted(set(FITS) - {"as is"}))
def test_every_calibration_mends_what_is_too_sure(name: str) -> None:
    given, happened = scores(4_000, seed=1)
    calibration = FITS[name](given, happened, np.ones(len(given)))
    later, met = scores(20_000, seed=2)
    before, after = (calibration_error(calibration_bins(told, met)) for told in (expit(later), calibration(later)))
    assert after < 0.025 < 0.06 < before
    assert (np.diff(calibration(np.linspace(-9, 9, 200))) >= -1e-12).all()


def test_the_one_that_foretells_best_is_kept() -> None:
    given, happened = scores(4_000, seed=3)
    kept, losses, _ = calibrate(given, happened, weight=np.ones(len(given)), seed=1)
    assert kept.name == min(losses, key=lambda name: losses[name]) != "as is"
    kept, _, _ = calibrate(given / 2, happened, weight=np.ones(len(given)), seed=1)
    assert kept.name in ("as is", "Platt")


def test_what_is_held_back_was_calibrated_without_it() -> None:
    """Steps fitted to noise find something in it, unless they are asked of others."""
    chance = np.random.default_rng(5)
    given, happened = chance.normal(size=400), chance.integers(0, 2, 400)
    found = calibrate(given, happened, weight=np.ones(400), seed=1, fits={"isotonic": FITS["isotonic"]})
    by_chance = np.log(2)
    assert log_loss(found.calibration(given), happened, np.ones(400)) < by_chance
    assert log_loss(found.held_back, happened, np.ones(400)) == found.log_losses["isotonic"] > by_chance


def test_venn_abers_equals_two_isotonic_fits_with_one_customer_more() -> None:
    from sklearn.isotonic import IsotonicRegression

    chance = np.random.default_rng(4)
    given = np.round(chance.normal(size=60), 1)
    happened = (chance.random(60) < expit(given)).astype(np.int64)
    found = fit_venn_abers(given, happened, np.ones(60))
    for place, score in enumerate(found.log_odds):
        for one_more, told in ((0, found.low), (1, found.high)):
            fit = IsotonicRegression().fit(np.append(given, score), np.append(happened, one_more))
            assert told[place] == pytest.approx(fit.predict([score])[0], abs=1e-9)
    low, high = found.interval(given)
    assert ((low <= found(given)) & (found(given) <= high)).all()


def test_many_scores_are_grouped() -> None:
    given, happened = scores(5_000, seed=5)
    found = fit_venn_abers(given, happened, np.ones(5_000))
    assert isinstance(found, VennAbers)
    assert len(found.log_odds) == 200


def test_platt_equals_a_logit() -> None:
    from sklearn.linear_model import LogisticRegression

    given, happened = scores(500, seed=6)
    found = fit_platt(given, happened, np.ones(500))
    rival = LogisticRegression(C=1e6).fit(given[:, None], happened)
    assert (found.slope, found.intercept) == pytest.approx((rival.coef_[0, 0], rival.intercept_[0]), rel=1e-3)


def test_isotonic_never_says_never() -> None:
    told = fit_isotonic(np.arange(10.0), (np.arange(10) > 4).astype(np.int64), np.ones(10))(np.array([-5.0, 50.0]))
    assert told == pytest.approx([0.05, 0.95])


def test_scores_upside_down_are_not_turned_round() -> None:
    log_odds, happened = np.linspace(-3, 3, 200), np.arange(200) < 60
    told = fit_platt(log_odds, happened.astype(np.int64), np.ones(200))(log_odds)
    assert told == pytest.approx(np.full(200, 0.3))
