"""What other tools say of the same figures comes out here."""

from pathlib import Path

import ibis
import pytest

from zhike.science.experiments.arms import Arm, arm_statistics, arms_of_table
from zhike.science.experiments.comparing import Effect, Metric, compare
from zhike.science.experiments.soundness import check_sample_ratio
from zhike.science.tests.experiments.hillstrom import MENS, NOBODY, WOMENS, hillstrom_rows

COLUMNS = ("visit", "spend", "history", "recency", "mens", "womens", "newbie")
TUNING = 5_000


@pytest.fixture(scope="module")
def arms(trial_data: Path) -> dict[str, Arm]:
    rows = ibis.memtable(hillstrom_rows(trial_data).to_arrow())
    return arms_of_table(arm_statistics(rows, arm="segment", columns=COLUMNS), columns=COLUMNS)


def effect(arms: dict[str, Arm], arm: str, of: str, *adjusted_by: str) -> Effect:
    return compare(arms[arm], arms[NOBODY], metric=Metric(of=of, adjusted_by=adjusted_by))


def test_the_mens_campaign_brings_visits_and_money(arms: dict[str, Arm]) -> None:
    visit, spend = effect(arms, MENS, "visit"), effect(arms, MENS, "spend")
    assert (visit.treatment, visit.control) == pytest.approx((0.182757, 0.106167), abs=1e-6)
    assert (visit.difference.value, *visit.difference.interval()) == pytest.approx(
        (0.076590, 0.069953, 0.083226), abs=1e-6
    )
    assert visit.difference.always_valid(tuning=TUNING) == pytest.approx((0.065685, 0.087494), abs=1e-6)
    assert visit.relative is not None
    assert (visit.relative.value, *visit.relative.interval()) == pytest.approx((0.7214, 0.6384, 0.8044), abs=5e-5)
    assert (spend.difference.value, *spend.difference.interval()) == pytest.approx(
        (0.769827, 0.485140, 1.054515), abs=1e-6
    )


def test_the_womens_campaign_brings_less(arms: dict[str, Arm]) -> None:
    visit, spend = effect(arms, WOMENS, "visit").difference, effect(arms, WOMENS, "spend").difference
    assert (visit.value, spend.value) == pytest.approx((0.045233, 0.424412), abs=1e-6)
    assert visit.value / visit.standard_error == pytest.approx(13.98, abs=0.005)
    assert spend.value / spend.standard_error == pytest.approx(3.26, abs=0.005)


def test_covariates_save_as_little_as_is_known(arms: dict[str, Arm]) -> None:
    assert effect(arms, MENS, "visit", "history").noise_saved == pytest.approx(0.004, abs=5e-4)
    all_of_them = effect(arms, MENS, "visit", "history", "recency", "mens", "womens", "newbie")
    assert all_of_them.noise_saved == pytest.approx(0.0295, abs=5e-3)
    assert all_of_them.difference.value == pytest.approx(0.0766, abs=5e-4)


def test_customers_fell_to_the_arms_as_planned(arms: dict[str, Arm]) -> None:
    check = check_sample_ratio({name: arm.count for name, arm in arms.items()}, dict.fromkeys(arms, 1.0))
    assert sum(arm.count for arm in arms.values()) == 64_000
    assert not check.is_mismatch


def test_the_relative_sequential_interval_is_that_of_gbstats() -> None:
    """GrowthBook's gbstats, test_sequential: two arms by their sums, tuned to 1,000 rows."""
    control = Arm.of_sums(3_000, {"y": 1_396.87}, {"y": 52_377.9767})
    treatment = Arm.of_sums(3_461, {"y": 2_422.7}, {"y": 134_698.29})
    relative = compare(treatment, control, metric=Metric(of="y")).relative
    assert relative is not None
    assert (relative.value, *relative.always_valid(tuning=1_000)) == pytest.approx(
        (0.50336, -0.55844, 1.56516), abs=1e-5
    )
