"""What the literature found in the orders of CDNOW comes out here."""

from pathlib import Path

import numpy as np
import pytest

from zhike.science.clv.beta_geo import BetaGeo, fit_beta_geo
from zhike.science.clv.gamma_gamma import Spending, fit_gamma_gamma
from zhike.science.clv.histories import Histories
from zhike.science.clv.nbd import fit_nbd
from zhike.science.clv.pareto_nbd import ParetoNbd, fit_pareto_nbd
from zhike.science.clv.scoring import score_repeat_purchases
from zhike.science.purchases import calibrated_summary
from zhike.science.tests.clv.companies import CALIBRATION_END, WEEKS, cdnow_orders, held_out


@pytest.fixture(scope="module")
def folder(trial_data: Path) -> Path:
    if not (trial_data / "cdnow").is_dir():
        pytest.skip("needs the trial data set cdnow")
    return trial_data


@pytest.fixture(scope="module")
def histories(folder: Path) -> Histories:
    return Histories.of_table(calibrated_summary(cdnow_orders(folder), calibration_end=CALIBRATION_END))


def test_beta_geo_is_that_of_fader_hardie_and_lee(histories: Histories) -> None:
    model = fit_beta_geo(histories)
    assert isinstance(model, BetaGeo)
    assert histories.customer_count == 2_357
    assert len(histories.frequency) < 2_357
    found = (model.r, model.alpha, model.a, model.b)
    assert found == pytest.approx((0.2426, 4.4136, 0.7929, 2.4259), abs=6e-5)
    assert model.log_likelihood == pytest.approx(-9582.43, abs=0.005)
    one = Histories.of_customers([2], [30.43], [38.86])
    assert model.expected_purchases(one, time=39) == pytest.approx([1.2259], abs=1e-4)
    assert model.p_alive(one) == pytest.approx([0.7266], abs=1e-4)


def test_pareto_nbd_is_that_of_clvtools_with_its_standard_errors(histories: Histories) -> None:
    model = fit_pareto_nbd(histories)
    assert isinstance(model, ParetoNbd)
    assert (model.r, model.s) == pytest.approx((0.5533, 0.6063), abs=1e-4)
    assert (model.alpha, model.beta) == pytest.approx((10.576, 11.67), abs=2e-3)
    assert model.log_likelihood == pytest.approx(-9594.98, abs=0.005)
    errors = model.standard_errors(histories)
    assert [errors[name] for name in ("r", "alpha", "s", "beta")] == pytest.approx(
        [0.0476, 0.8427, 0.1873, 6.2105], rel=2e-3
    )


def test_nbd_is_that_of_the_research(histories: Histories) -> None:
    model = fit_nbd(histories)
    assert (model.r, model.alpha, model.log_likelihood) == pytest.approx((0.3848, 12.072, -9763.66), rel=1e-4)


def test_gamma_gamma_is_that_of_fader_hardie_and_lee(folder: Path) -> None:
    rows = calibrated_summary(cdnow_orders(folder), calibration_end=CALIBRATION_END).to_pyarrow().to_pylist()
    repeaters = [row for row in rows if row["frequency"]]
    spending = Spending.of(
        [row["frequency"] for row in repeaters], [float(row["mean_repeat_amount"]) for row in repeaters]
    )
    model = fit_gamma_gamma(spending)
    assert len(repeaters) == 946
    assert (model.p, model.q, model.v) == pytest.approx((6.25, 3.74, 15.44), abs=6e-3)
    assert model.log_likelihood == pytest.approx(-4055.92, abs=0.006)


def test_the_next_half_is_foretold_as_well_as_published(folder: Path, histories: Histories) -> None:
    orders = cdnow_orders(folder)
    rows = calibrated_summary(orders, calibration_end=CALIBRATION_END)
    missed = {}
    for model in (fit_beta_geo(histories), fit_beta_geo(histories, is_modified=True), fit_pareto_nbd(histories)):
        scored = score_repeat_purchases(rows, model, weeks=WEEKS).order_by("customer_id").to_pyarrow().to_pydict()
        actual = held_out(orders, scored["customer_id"])
        assert actual.sum() == 1_882
        missed[model.name] = float(np.abs(np.array(scored["expected_purchases"]) - actual).mean())
    assert missed == pytest.approx({"BG/NBD": 0.785, "MBG/NBD": 0.765, "Pareto/NBD": 0.755}, abs=6e-4)
