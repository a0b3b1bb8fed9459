"""Features are what their definitions say, whatever the order of rows, and in the company's days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import numpy as np
import pyarrow as pa
import pytest

from zhike.science.features.catalogue import COMPLAINTS, OPEN_TICKETS, STANDARD
from zhike.science.features.days import NotAMoment, day_number, local_days
from zhike.science.features.declared import Feature, FeatureInvalid
from zhike.science.features.sources import Clock, SourceInvalid
from zhike.science.features.store import customer_features
from zhike.science.tests.features.companies import AS_OF, SHANGHAI, Rows, company, slow_features, tables
from zhike.science.tests.tables import by_customer, customers_table, orders_table

CLOCK = Clock(as_of=AS_OF, zone=SHANGHAI)
FEATURES = (*STANDARD, OPEN_TICKETS, COMPLAINTS)


def found(rows: Rows, **more: Any) -> dict[int, dict[str, Any]]:
    return by_customer(customer_features(tables(rows), clock=CLOCK, features=FEATURES, **more))


@pytest.mark.parametrize("seed", range(2))
def test_features_equal_a_slow_model(seed: int) -> None:
    rows = company(seed, facts=150)
    everyone = found(rows)
    for customer, features in everyone.items():
        slow = slow_features(rows, customer, as_of=AS_OF)
        assert {name: features[name] for name in slow} == {
            name: value if isinstance(value, str | None) else pytest.approx(value, abs=1e-9)
            for name, value in slow.items()
        }


def test_neither_the_order_of_rows_nor_duplicates_matter() -> None:
    rows = company(11)
    again = {name: facts + facts[::3] for name, facts in rows.items()}
    for facts in again.values():
        np.random.default_rng(3).shuffle(facts)
    before, after = found(rows), found(again)
    assert before.keys() == after.keys()
    for customer, features in before.items():
        assert after[customer] == {
            name: value if isinstance(value, str | date | None) else pytest.approx(value, abs=1e-9)
            for name, value in features.items()
        }


def test_nobody_without_facts_is_nan() -> None:
    everyone = by_customer(
        customer_features(tables(company(5)), clock=CLOCK, customers=customers_table([1, 77]), features=FEATURES)
    )
    assert everyone.keys() == {1, 77}
    assert (everyone[77]["orders"], everyone[77]["recency_days"], everyone[77]["orders_trend"]) == (0, None, None)
    assert all(value is None or value == value for row in everyone.values() for value in row.values())


def test_customers_born_after_the_day_are_left_out() -> None:
    customers = ibis.memtable(pa.table({"customer_id": [1, 2], "at": [date(2026, 3, 31), date(2026, 4, 1)]}))
    assert found(company(5), customers=customers).keys() == {1}


def test_days_are_those_of_the_company() -> None:
    midnight = datetime(2026, 3, 31, 16, tzinfo=UTC)
    rows = [
        {"customer_id": customer, "key": str(customer), "at": at, "known_at": at, "amount": 5.0}
        for customer, at in ((1, midnight - timedelta(seconds=1)), (2, midnight))
    ]
    orders = tables({"orders": rows})["orders"]
    in_shanghai = by_customer(customer_features({"orders": orders}, clock=CLOCK))
    assert in_shanghai.keys() == {1}
    assert in_shanghai[1]["recency_days"] == 0
    in_utc = by_customer(customer_features({"orders": orders}, clock=Clock(as_of=AS_OF)))
    assert in_utc.keys() == {1, 2}


@pytest.mark.parametrize("session", ["UTC", "America/New_York"])
@pytest.mark.parametrize("aware", [True, False])
def test_local_days_follow_summer_time_whatever_the_session(session: str, *, aware: bool) -> None:
    zone = ZoneInfo("Europe/Berlin")
    moments = [datetime(2025, month, 28, hour, 30, tzinfo=UTC) for month in range(1, 13) for hour in (21, 22, 23)]
    engine = ibis.duckdb.connect()
    engine.raw_sql(f"SET TimeZone = '{session}'")
    kind = "timestamptz" if aware else "timestamp"
    values = ", ".join(f"({kind} '{moment:%Y-%m-%d %H:%M:%S}{'+00' if aware else ''}')" for moment in moments)
    rows = engine.sql(f"SELECT * FROM (VALUES {values}) AS moments(moment)")  # noqa: S608 - written above
    days, _ = local_days(rows.moment, zone=zone, until=date(2025, 12, 31))
    told = rows.select(days=days).to_pyarrow()["days"].to_pylist()
    assert told == [day_number(moment.astimezone(zone).date()) for moment in moments]


def test_dates_are_local_days_already() -> None:
    orders = orders_table([(1, date(2026, 3, 30), Decimal(5))])
    orders = orders.rename({"at": "placed_on"}).mutate(key=ibis.literal("a"))
    assert by_customer(customer_features({"orders": orders}, clock=CLOCK))[1]["recency_days"] == 1


def test_what_is_no_table_of_facts_is_refused() -> None:
    orders = ibis.memtable(pa.table({"customer_id": [1], "key": ["a"], "at": ["yesterday"], "amount": [1.0]}))
    with pytest.raises(NotAMoment):
        customer_features({"orders": orders}, clock=CLOCK)
    with pytest.raises(SourceInvalid, match="lacks amount"):
        customer_features({"orders": orders.drop("amount")}, clock=CLOCK)
    with pytest.raises(SourceInvalid, match="no such source: visits"):
        customer_features({"visits": orders}, clock=CLOCK)
    with pytest.raises(SourceInvalid, match="neither"):
        customer_features({}, clock=CLOCK)


def test_features_of_one_name_and_empty_windows_are_refused() -> None:
    with pytest.raises(FeatureInvalid, match="declared twice: recency_days"):
        customer_features(tables(company(1)), clock=CLOCK, features=[*STANDARD, STANDARD[0]])
    with pytest.raises(FeatureInvalid, match="window of x is empty"):
        Feature(name="x", source="orders", measure=lambda rows, within: rows.count(where=within), days=30, skip=30)
