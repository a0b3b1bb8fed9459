"""Models compared by what was held back, and what customers are still worth."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from zhike.science.clv._likelihood import NotConverged
from zhike.science.clv.beta_geo import BetaGeo
from zhike.science.clv.histories import Histories, NotIdentified
from zhike.science.clv.holding_out import FITS, choose_repeat_model, try_repeat_models
from zhike.science.clv.nbd import Nbd, fit_nbd
from zhike.science.clv.pareto_nbd import ParetoNbd
from zhike.science.clv.residual import discounted_purchases
from zhike.science.purchases import calibrated_summary
from zhike.science.tests.clv.companies import CALIBRATION_END, WEEKS, cdnow_orders
from zhike.science.tests.tables import orders_table

SOME = Histories.of_customers([0, 2, 7], [0, 30.4, 36], [39, 38.9, 39])


def test_the_best_comes_first_and_the_naive_last(trial_data: Path) -> None:
    if not (trial_data / "cdnow").is_dir():
        pytest.skip("needs the trial data set cdnow")
    trials = try_repeat_models(cdnow_orders(trial_data), calibration_end=CALIBRATION_END, weeks=WEEKS)
    assert [trial.asked for trial in trials][-1] == "NBD"
    assert [trial.deviance for trial in trials] == sorted(trial.deviance for trial in trials)
    told = {trial.asked: trial for trial in trials}
    assert told["BG/NBD"].mae == pytest.approx(0.785, abs=6e-4)
    assert told["BG/NBD"].rmse == pytest.approx(1.608, abs=6e-4)
    assert told["BG/NBD"].correlation == pytest.approx(0.626, abs=1.5e-3)
    assert told["BG/NBD"].expected == pytest.approx(1_653, abs=1)
    assert told["BG/NBD"].actual == 1_882
    groups = told["BG/NBD"].by_frequency
    assert [frequency for frequency, *_rest in groups] == list(range(8))
    assert sum(customers for _frequency, customers, *_rest in groups) == 2_357
    assert sum(customers * actual for _f, customers, _expected, actual in groups) == pytest.approx(1_882)


def test_the_simplest_of_those_that_cannot_be_told_from_the_best_is_chosen_and_says_why(trial_data: Path) -> None:
    if not (trial_data / "cdnow").is_dir():
        pytest.skip("needs the trial data set cdnow")
    orders = cdnow_orders(trial_data)
    as_of = CALIBRATION_END + timedelta(weeks=WEEKS)
    choice = choose_repeat_model(orders, as_of=as_of, weeks=WEEKS)
    told = {trial.asked: trial for trial in choice.trials}
    assert set(told) == set(FITS)
    assert choice.trials[0].excess == 0
    assert told["NBD"].excess > 2 * told["NBD"].excess_error
    assert choice.asked != "NBD"
    assert choice.model.name == choice.asked
    assert choice.reason.startswith(choice.asked)
    # It is fitted to the weeks that were held back too.
    fitted = FITS[choice.asked](Histories.of_table(calibrated_summary(orders, calibration_end=as_of)))
    # An engine hands rows out in any order, and sums of them differ by rounding.
    assert vars(choice.model) == pytest.approx(vars(fitted), rel=1e-5)


def test_a_model_without_a_maximum_is_left_out_and_named() -> None:
    first = date(2024, 1, 1)
    orders = orders_table((1 + n % 40, first + timedelta(days=n * 7 % 200 + n % 3), Decimal(10)) for n in range(300))

    def fails(histories: Histories) -> Nbd:
        raise NotConverged("no start led to a maximum")

    choice = choose_repeat_model(orders, as_of=date(2024, 7, 1), weeks=8, fits={"odd": fails, "NBD": fit_nbd})
    assert choice.asked == "NBD"
    assert choice.reason.endswith("no maximum was found for odd")
    with pytest.raises(NotConverged, match="odd"):
        try_repeat_models(orders, calibration_end=date(2024, 5, 1), weeks=8, fits={"odd": fails})


def test_a_company_where_nobody_came_back_cannot_be_told() -> None:
    orders = orders_table([(1, date(2024, 1, 5), Decimal(10)), (2, date(2024, 1, 9), Decimal(10))])
    with pytest.raises(NotIdentified):
        try_repeat_models(orders, calibration_end=date(2024, 3, 1), weeks=4)


def test_what_was_bought_after_the_last_week_is_not_looked_at() -> None:
    first = date(2024, 1, 1)
    orders = [(1 + n % 40, first + timedelta(days=n * 7 % 200 + n % 3), Decimal(10)) for n in range(300)]
    end = first + timedelta(days=120)
    known = [trial.actual for trial in try_repeat_models(orders_table(orders), calibration_end=end, weeks=6)]
    later = [*orders, (1, end + timedelta(weeks=6, days=1), Decimal(10)), (2, end + timedelta(days=3), Decimal(-5))]
    assert [trial.actual for trial in try_repeat_models(orders_table(later), calibration_end=end, weeks=6)] == known


def test_without_discount_all_purchases_count_and_with_it_the_closed_form_holds() -> None:
    model = BetaGeo(r=0.24, alpha=4.4, a=0.79, b=2.4, log_likelihood=0.0)
    plain = discounted_purchases(model, SOME, annual_rate=0.0, weeks=101)
    assert plain == pytest.approx(model.expected_purchases(SOME, time=101.0))
    # Nobody leaves: purchases come at an even rate, and the discounted sum is that of an annuity.
    even = Nbd(r=0.4, alpha=12.0, log_likelihood=0.0)
    force = np.log(1.15) / (365.25 / 7)
    annuity = (1 - np.exp(-force * 520)) / force
    found = discounted_purchases(even, SOME, annual_rate=0.15, weeks=520)
    assert found == pytest.approx((0.4 + SOME.frequency) / (12 + SOME.age) * annuity, rel=1e-4)


def test_a_longer_look_and_a_livelier_customer_are_worth_more() -> None:
    model = ParetoNbd(r=0.5534, alpha=10.5802, s=0.6061, beta=11.6562, log_likelihood=0.0)
    some, more = (discounted_purchases(model, SOME, annual_rate=0.16, weeks=weeks) for weeks in (500, 4_000))
    assert (more > some).all()
    assert (np.diff(more) > 0).all()


@pytest.mark.parametrize(("rate", "weeks"), [(-1.0, 10), (0.1, 0)])
def test_a_horizon_that_is_none_is_refused(rate: float, weeks: int) -> None:
    with pytest.raises(ValueError, match="a week or more"):
        discounted_purchases(Nbd(r=1, alpha=1, log_likelihood=0), SOME, annual_rate=rate, weeks=weeks)
