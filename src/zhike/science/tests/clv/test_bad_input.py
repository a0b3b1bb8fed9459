"""What companies really have: an error with a name, or an answer that is a number; never a silent NaN."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import ibis
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhike.science.clv.beta_geo import BetaGeo, _while_here, fit_beta_geo
from zhike.science.clv.histories import Histories, NotIdentified
from zhike.science.clv.holding_out import FITS
from zhike.science.clv.nbd import Nbd
from zhike.science.purchases import OrdersInvalid, calibrated_summary, purchase_summary
from zhike.science.tests.clv.companies import beta_geo_company
from zhike.science.tests.tables import Order, by_customer, orders_table

FIRST, END = date(2024, 1, 1), date(2024, 12, 29)
FAST = {name: fit for name, fit in FITS.items() if name != "Pareto/NBD"}


def known(orders: list[Order]) -> Histories:
    return Histories.of_table(calibrated_summary(orders_table(orders), calibration_end=END))


@pytest.mark.parametrize("name", FITS)
def test_single_purchases_negative_totals_and_later_customers_alone_are_not_identified(name: str) -> None:
    once: list[Order] = [(customer, FIRST + timedelta(days=customer), Decimal(5)) for customer in range(9)]
    refunded: list[Order] = [(customer, FIRST + timedelta(days=customer + 9), Decimal(-5)) for customer in range(9)]
    same_day = once * 3
    born_later: list[Order] = [(99, END + timedelta(days=days), Decimal(5)) for days in (1, 5)]
    for orders in (once, once + refunded, same_day, once + born_later):
        assert known(orders).customer_count == 9
        with pytest.raises(NotIdentified, match="nobody bought again"):
            FITS[name](known(orders))
    with pytest.raises(NotIdentified, match="no customers"):
        FITS[name](known([*refunded, *born_later]))


def test_a_moment_instead_of_a_day_is_refused_for_only_its_owner_knows_the_zone() -> None:
    late = datetime(2024, 1, 1, 23, 30, tzinfo=UTC)  # already the next day in Hangzhou
    table = ibis.memtable(pa.table({"customer_id": [1], "placed_on": [late], "amount": [Decimal("5.00")]}))
    with pytest.raises(OrdersInvalid, match="time zone"):
        calibrated_summary(table, calibration_end=END)
    with pytest.raises(OrdersInvalid, match="time zone"):
        purchase_summary(table, as_of=END)
    with pytest.raises(OrdersInvalid, match="without amount"):
        calibrated_summary(table.drop("amount"), calibration_end=END)
    with pytest.raises(OrdersInvalid, match="a number is wanted"):
        calibrated_summary(
            table.mutate(placed_on=table.placed_on.date(), amount=ibis.literal("5")), calibration_end=END
        )


@given(
    st.lists(st.tuples(st.integers(1, 8), st.integers(0, 300), st.integers(0, 50)), min_size=1, max_size=30),
    st.randoms(use_true_random=False),
)
@settings(max_examples=25, deadline=None)
def test_order_and_orders_told_twice_change_no_history(rows: list[tuple[int, int, int]], random: Random) -> None:
    orders: list[Order] = [(who, FIRST + timedelta(days=day), Decimal(amount)) for who, day, amount in rows]
    again = [*orders, *orders[::2]]
    random.shuffle(again)
    keys = ("frequency", "recency_weeks", "age_weeks")
    one, other = (by_customer(calibrated_summary(orders_table(some), calibration_end=END)) for some in (orders, again))
    assert {who: [row[key] for key in keys] for who, row in one.items()} == {
        who: [row[key] for key in keys] for who, row in other.items()
    }


@given(st.lists(st.tuples(st.integers(0, 40), st.floats(0.001, 1), st.floats(0, 200)), min_size=1, max_size=12))
@settings(max_examples=20, deadline=None)
def test_whatever_the_histories_every_answer_is_a_number(rows: list[tuple[int, float, float]]) -> None:
    frequency = np.array([count for count, _share, _rest in rows])
    recency = np.where(frequency > 0, [share * 60 for _count, share, _rest in rows], 0.0)
    histories = Histories.of_customers(frequency, recency, recency + np.array([rest for *_others, rest in rows]))
    for fit in FAST.values():
        try:
            model = fit(histories)
        except NotIdentified:
            assert not frequency.any()
            continue
        alive, bought = model.p_alive(histories), model.expected_purchases(histories, time=26)
        assert ((alive >= 0) & (alive <= 1)).all()
        assert (np.isfinite(bought) & (bought >= 0)).all()


@given(st.floats(0.05, 40))
@settings(max_examples=5, deadline=None)
def test_another_unit_of_time_scales_alpha_and_nothing_else(scale: float) -> None:
    company = beta_geo_company(600, seed=12)
    scaled = Histories.of_customers(company.frequency, company.recency * scale, company.age * scale)
    one, other = fit_beta_geo(company), fit_beta_geo(scaled)
    assert isinstance(one, BetaGeo)
    assert isinstance(other, BetaGeo)
    assert (other.r, other.alpha, other.a, other.b) == pytest.approx((one.r, one.alpha * scale, one.a, one.b), rel=2e-3)
    moved = company.purchase_count * np.log(scale)
    assert other.log_likelihood == pytest.approx(one.log_likelihood - moved, abs=1e-3)
    assert other.p_alive(scaled) == pytest.approx(one.p_alive(company), abs=1e-3)


def test_where_the_series_overflows_the_mean_is_taken_otherwise_and_is_the_same() -> None:
    model = BetaGeo(r=0.8, alpha=5.0, a=0.7, b=2.0, log_likelihood=0.0)
    some = Histories.of_customers([0, 2, 9], [0, 20, 30], [25, 39, 31])
    series = model.expected_purchases(some, time=39) / model.p_alive(some)
    mean = _while_here(0.7, 2.0 + some.frequency, 0.8 + some.frequency, 39 / (5.0 + some.age))
    assert mean == pytest.approx(series, rel=2e-3)
    steady = BetaGeo(r=5e9, alpha=1e10, a=1e-6, b=5e9, log_likelihood=0.0).expected_purchases(some, time=39)
    assert steady == pytest.approx(39 * 0.5, rel=1e-3)


def test_online_retail_is_at_the_boundary_and_answered_by_name(trial_data: Path) -> None:
    file = trial_data / "online_retail" / "online_retail.parquet"
    if not file.is_file():
        pytest.skip("needs the trial data set online_retail")
    lines = pl.scan_parquet(file).filter(
        pl.col("CustomerID").is_not_null(), pl.col("Quantity") > 0, pl.col("UnitPrice") > 0
    )
    orders = lines.select(
        customer_id=pl.col("CustomerID").cast(pl.Int64),
        placed_on=pl.col("InvoiceDate").dt.date(),
        amount=(pl.col("Quantity") * pl.col("UnitPrice")).cast(pl.Decimal(24, 8)),
    )
    table = ibis.memtable(orders.collect().to_arrow())
    histories = Histories.of_table(calibrated_summary(table, calibration_end=date(2011, 9, 9)))
    for name, fit in FITS.items():
        model = fit(histories)
        assert isinstance(model, Nbd)
        assert model.boundary_of == ("" if name == "NBD" else name)
        assert (model.r, model.alpha) == pytest.approx((0.7236, 9.367), rel=1e-4)
        assert model.log_likelihood == pytest.approx(-22_887.03, abs=0.006)
