import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given

from zhike.science.purchases import calibrated_summary, purchase_summary
from zhike.science.tests import slow, strategies
from zhike.science.tests.tables import Compiled, Order, by_customer, orders_table

EVERYONE = range(1, 14)


BUYERS = Compiled(lambda orders, _: purchase_summary(orders, as_of=strategies.AS_OF))
ALL = Compiled(lambda orders, customers: purchase_summary(orders, as_of=strategies.AS_OF, customers=customers))


@given(strategies.orders)
def test_summary_equals_a_slow_model(orders: list[Order]) -> None:
    assert BUYERS.by_customer(orders) == close_to(slow.purchases(orders, as_of=strategies.AS_OF))
    everyone = slow.purchases(orders, as_of=strategies.AS_OF, customers=EVERYONE)
    assert ALL.by_customer(orders, EVERYONE) == close_to(everyone)


def close_to(expected: dict[int, dict[str, object]]) -> dict[int, dict[str, object]]:
    rounded = ("average_amount", "mean_interval_days")
    return {
        customer: row
        | {
            name: pytest.approx(row[name], abs=Decimal("1e-8") if name == rounded[0] else 1e-9)
            for name in rounded
            if row[name] is not None
        }
        for customer, row in expected.items()
    }


def test_a_refund_lowers_the_amount_and_is_no_purchase() -> None:
    orders = orders_table(
        [
            (1, date(2026, 1, 1), Decimal("100.5")),
            (1, date(2026, 1, 11), Decimal(50)),
            (1, date(2026, 2, 1), Decimal("-50")),
            (2, date(2026, 2, 1), Decimal("-9.99")),
        ]
    )
    found = by_customer(purchase_summary(orders, as_of=date(2026, 2, 10)))
    assert found[1] == {
        "first_order_on": date(2026, 1, 1),
        "last_order_on": date(2026, 1, 11),
        "recency_days": 30,
        "tenure_days": 40,
        "order_count": 2,
        "purchase_days": 2,
        "amount": Decimal("100.5"),
        "average_amount": Decimal("75.25"),
        "mean_interval_days": 10.0,
    }
    assert (found[2]["order_count"], found[2]["amount"], found[2]["last_order_on"]) == (0, Decimal("-9.99"), None)


def test_the_day_itself_counts_and_the_next_does_not() -> None:
    orders = orders_table([(1, date(2026, 1, 1), Decimal(1)), (1, date(2026, 1, 2), Decimal(2))])
    found = by_customer(purchase_summary(orders, as_of=date(2026, 1, 1)))
    assert (found[1]["order_count"], found[1]["recency_days"], found[1]["amount"]) == (1, 0, 1)


def test_calibrated_summary_equals_the_published_one(trial_data: Path) -> None:
    lines = (trial_data / "cdnow" / "CDNOW_sample.txt").read_text().splitlines()
    purchases = [line.split() for line in lines]
    orders = orders_table((int(row[1]), date.fromisoformat(row[2]), Decimal(row[4])) for row in purchases)
    found = by_customer(calibrated_summary(orders, calibration_end=date(1997, 9, 30)))
    with (trial_data / "cdnow" / "cdnow_customers_summary_with_transactions.csv").open() as file:
        published = list(csv.DictReader(file))
    assert len(found) == len(published) == 2357
    for row in published:
        ours = found[int(row["ID"])]
        assert ours["frequency"] == int(row["x"])
        assert ours["recency_weeks"] == pytest.approx(float(row["t_x"]), abs=0.0050001)
        assert ours["age_weeks"] == pytest.approx(float(row["T"]), abs=0.0050001)
        assert float(ours["mean_repeat_amount"] or 0) == pytest.approx(float(row["zbar"]), abs=0.0050001)


def test_a_customer_who_first_buys_after_calibration_is_not_in_it() -> None:
    orders = orders_table([(1, date(2026, 1, 1), Decimal(1)), (2, date(2026, 3, 1), Decimal(1))])
    assert by_customer(calibrated_summary(orders, calibration_end=date(2026, 1, 15))) == {
        1: {"frequency": 0, "recency_weeks": 0.0, "age_weeks": 2.0, "mean_repeat_amount": None}
    }
