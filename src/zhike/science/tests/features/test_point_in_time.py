"""Nothing of the future enters features, what was asked of it enters labels, and a planted leak is told by name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from zhike.science.features.audit import FutureLeak, check_point_in_time
from zhike.science.features.catalogue import COMPLAINTS, OPEN_TICKETS, STANDARD
from zhike.science.features.examples import WindowNotOver, labelled_examples, purchase_labels, rolling_origins
from zhike.science.features.sources import Clock
from zhike.science.features.store import customer_features
from zhike.science.tests.features.companies import AS_OF, SHANGHAI, company, tables
from zhike.science.tests.tables import by_customer, rows_of

CLOCK = Clock(as_of=AS_OF, zone=SHANGHAI)
NOON = datetime(2026, 3, 20, 12, tzinfo=UTC)


def standard(found: Mapping[str, ir.Table]) -> ir.Table:
    return customer_features(found, clock=CLOCK, features=(*STANDARD, OPEN_TICKETS, COMPLAINTS))


def test_the_standard_features_know_nothing_of_the_future() -> None:
    check_point_in_time(standard, tables(company(0, facts=150)), clock=CLOCK)


def test_a_planted_leak_is_told_by_name() -> None:
    def leaking(found: Mapping[str, ir.Table]) -> ir.Table:
        known = customer_features(found, clock=CLOCK, features=(STANDARD[0], OPEN_TICKETS))
        orders, tickets = found["orders"], found["tickets"]
        ever = orders.group_by("customer_id").agg(last_ever=orders.amount.argmax(orders["at"]))
        now = tickets.filter(tickets["at"].date() <= AS_OF).group_by("customer_id")
        state = now.agg(resolved_by_now=tickets.resolved_at.count())
        wide = known.left_join(ever, "customer_id").drop("customer_id_right")
        return wide.left_join(state, "customer_id").drop("customer_id_right")

    rows = company(2, facts=300)
    found = tables({name: rows[name] for name in ("orders", "tickets")})
    with pytest.raises(FutureLeak) as told:
        check_point_in_time(leaking, found, clock=CLOCK)
    assert told.value.names == ["last_ever", "resolved_by_now"]


def test_customers_of_the_future_are_a_leak_too() -> None:
    def everyone(found: Mapping[str, ir.Table]) -> ir.Table:
        orders = found["orders"]
        return (
            orders.filter(orders.customer_id.notnull())
            .group_by("customer_id")
            .agg(last=orders.amount.argmax(orders["at"]))
        )

    rows = company(2)
    rows["orders"].append({"customer_id": 99, "key": "z", "at": NOON + timedelta(days=60), "amount": 1.0})
    with pytest.raises(FutureLeak, match="customer_id"):
        check_point_in_time(everyone, tables({"orders": rows["orders"]}), clock=CLOCK)


def test_an_order_that_came_late_is_not_there_before_it_came() -> None:
    late = {"customer_id": 1, "key": "late", "at": NOON, "known_at": NOON + timedelta(days=30), "amount": 9.0}
    here = {"customer_id": 1, "key": "here", "at": NOON, "known_at": NOON, "amount": 5.0}
    corrected = here | {"known_at": NOON + timedelta(days=20), "amount": 7.0}
    found = tables({"orders": [late, here, corrected]})
    assert by_customer(customer_features(found, clock=CLOCK))[1]["amount"] == 5.0
    later = Clock(as_of=AS_OF + timedelta(days=10), zone=SHANGHAI)
    assert by_customer(customer_features(found, clock=later))[1]["amount"] == 7.0
    last = Clock(as_of=AS_OF + timedelta(days=60), zone=SHANGHAI)
    assert by_customer(customer_features(found, clock=last))[1]["amount"] == 16.0


def test_what_a_ticket_became_later_is_not_known() -> None:
    ticket = {"customer_id": 1, "key": "t", "at": NOON, "is_complaint": True, "resolved_at": NOON}
    features = (OPEN_TICKETS, COMPLAINTS)
    for updated, told in ((NOON, (0, 1)), (None, (0, 1)), (NOON + timedelta(days=30), (1, 0))):
        found = tables({"tickets": [ticket | {"updated_at": updated}]})
        row = by_customer(customer_features(found, clock=CLOCK, features=features))[1]
        assert (row["open_tickets"], row["complaints_365d"]) == told


def test_labels_begin_the_day_after_and_end_with_their_window() -> None:
    days = {1: AS_OF, 2: AS_OF + timedelta(days=1), 3: AS_OF + timedelta(days=30), 4: AS_OF + timedelta(days=31)}
    columns = {
        "customer_id": [*days, 5],
        "key": list("abcde"),
        "at": [*days.values(), AS_OF + timedelta(days=5)],
        "amount": [1.0, 1.0, 1.0, 1.0, -1.0],
    }
    orders = ibis.memtable(pa.table(columns))
    known = AS_OF + timedelta(days=40)
    assert by_customer(purchase_labels(orders, clock=CLOCK, days=30, known=known)) == {
        2: {"purchases": 1},
        3: {"purchases": 1},
    }
    with pytest.raises(WindowNotOver):
        purchase_labels(orders, clock=CLOCK, days=30, known=AS_OF + timedelta(days=29))


def test_examples_of_several_origins_are_those_of_each() -> None:
    found = tables({"orders": company(6)["orders"]})
    some = STANDARD[:3]
    origins = rolling_origins(last=AS_OF, days=30, step_days=30, count=3)
    assert origins == [date(2025, 12, 31), date(2026, 1, 30), date(2026, 3, 1)]
    rows = rows_of(labelled_examples(found, origins=origins, days=30, clock=CLOCK, features=some))
    for origin in origins:
        then = Clock(as_of=origin, zone=SHANGHAI)
        alone = by_customer(customer_features(found, clock=then, features=some))
        bought = by_customer(purchase_labels(found["orders"], clock=then, days=30, known=AS_OF))
        own = {row["customer_id"]: row for row in rows if row["as_of"] == origin}
        assert own.keys() == alone.keys()
        for customer, row in own.items():
            assert row["bought"] == (customer in bought)
            assert row["orders"] == alone[customer]["orders"]


def test_an_origin_whose_window_is_not_over_is_refused() -> None:
    found = tables({"orders": company(6)["orders"]})
    with pytest.raises(WindowNotOver):
        labelled_examples(found, origins=[AS_OF - timedelta(days=29)], days=30, clock=CLOCK)
    with pytest.raises(ValueError, match="one origin"):
        labelled_examples(found, origins=[], days=30, clock=CLOCK)
