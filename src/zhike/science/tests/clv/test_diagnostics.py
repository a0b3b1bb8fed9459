"""Tables that show a model beside what happened."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from zhike.science.clv.beta_geo import BetaGeo, fit_beta_geo
from zhike.science.clv.diagnostics import count_probabilities, frequency_histogram, track
from zhike.science.clv.histories import Histories
from zhike.science.clv.nbd import Nbd
from zhike.science.clv.pareto_nbd import ParetoNbd
from zhike.science.clv.simulation import Simulated, simulate_histories
from zhike.science.purchases import calibrated_summary
from zhike.science.tests.clv.companies import CALIBRATION_END, WEEKS, cdnow_orders
from zhike.science.tests.tables import orders_table

MODELS: list[Simulated] = [
    BetaGeo(r=0.8, alpha=5.0, a=0.7, b=2.0, log_likelihood=0.0),
    BetaGeo(r=0.8, alpha=5.0, a=0.7, b=2.0, log_likelihood=0.0, is_modified=True),
    ParetoNbd(r=0.8, alpha=5.0, s=0.6, beta=9.0, log_likelihood=0.0),
    Nbd(r=0.8, alpha=5.0, log_likelihood=0.0),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_histogram_expects_what_simulated_customers_do(model: Simulated) -> None:
    ages = np.repeat([20.0, 40.0], 30_000)
    made = simulate_histories(model, ages, seed=5)
    table = frequency_histogram(model, made).to_pydict()
    assert table["frequency"] == list(range(8))
    assert sum(table["actual"]) == 60_000
    assert sum(table["expected"]) == pytest.approx(60_000)
    for actual, expected in zip(table["actual"], table["expected"], strict=True):
        assert abs(actual - expected) < 4 * expected**0.5
    assert count_probabilities(model, np.array([1e-9, 30.0]), most=400).sum(axis=1) == pytest.approx(1, abs=1e-3)


def test_the_histogram_of_cdnow_is_near(trial_data: Path) -> None:
    if not (trial_data / "cdnow").is_dir():
        pytest.skip("needs the trial data set cdnow")
    orders = cdnow_orders(trial_data)
    histories = Histories.of_table(calibrated_summary(orders, calibration_end=CALIBRATION_END))
    model = fit_beta_geo(histories)
    assert isinstance(model, BetaGeo)
    table = frequency_histogram(model, histories).to_pydict()
    assert table["actual"][:3] == [1_411, 439, 214]
    assert table["expected"] == pytest.approx(table["actual"], abs=25)
    weekly = track(
        orders, model, calibration_end=CALIBRATION_END, until=CALIBRATION_END + timedelta(weeks=WEEKS)
    ).to_pydict()
    assert len(weekly["week"]) == 78
    assert weekly["actual_cumulative"][-1] - weekly["actual_cumulative"][38] == 1_882
    # Fader, Hardie and Lee (2005): the BG/NBD follows the calibration and ends some percent below after 78 weeks.
    assert weekly["expected_cumulative"][38] == pytest.approx(weekly["actual_cumulative"][38], rel=0.04)
    assert weekly["expected_cumulative"][-1] == pytest.approx(weekly["actual_cumulative"][-1], rel=0.07)


def test_weeks_are_counted_from_the_first_purchase_of_all_and_newcomers_are_left_out() -> None:
    first = date(2024, 1, 1)
    orders = orders_table(
        [
            (1, first, Decimal(1)),
            (1, first, Decimal(2)),
            (1, first + timedelta(days=6), Decimal(1)),
            (1, first + timedelta(days=7), Decimal(1)),
            (2, first + timedelta(days=8), Decimal(1)),
            (2, first + timedelta(days=9), Decimal(-5)),
            (2, first + timedelta(days=20), Decimal(1)),
            (3, first + timedelta(days=15), Decimal(1)),
            (3, first + timedelta(days=16), Decimal(1)),
        ]
    )
    model = Nbd(r=1.0, alpha=7.0, log_likelihood=0.0)
    end, until = first + timedelta(days=13), first + timedelta(days=20)
    table = track(orders, model, calibration_end=end, until=until).to_pydict()
    assert table["actual"] == [1, 1, 1]
    assert table["actual_cumulative"] == [1, 2, 3]
    assert table["ends_on"] == [first + timedelta(days=days) for days in (6, 13, 20)]
    # One customer known for 6, 13 and 20 days, another for 5 and 12 days since the second week.
    assert np.array(table["expected_cumulative"]) * 49 == pytest.approx([6, 13 + 5, 20 + 12])
    assert np.cumsum(table["expected"]) == pytest.approx(table["expected_cumulative"])
    with pytest.raises(ValueError, match="before the end"):
        track(orders, model, calibration_end=end, until=first)
    with pytest.raises(ValueError, match="nobody bought"):
        track(orders, model, calibration_end=first - timedelta(days=1), until=until)
