"""CDNOW through the whole house: the file imported, refreshed, and equal to the published summary."""

import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from zhike.commerce.models import Order
from zhike.core.actor import SYSTEM
from zhike.customers.models import Customer, CustomerFacts, Identifier
from zhike.engine.backend import connect
from zhike.engine.warehouse import Warehouse
from zhike.exchange import services as exchange
from zhike.insight import services
from zhike.runtime.home import Home
from zhike.science.purchases import calibrated_summary

NOW = datetime(2026, 3, 15, 4, tzinfo=UTC)
CALIBRATION_END = date(1997, 9, 30)
WEEK = 7

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cdnow(trial_data: Path, settings: Settings, tmp_path: Path) -> Path:
    folder = trial_data / "cdnow"
    if not folder.is_dir():
        pytest.skip("needs the trial data set cdnow")
    settings.HOME = Home(path=tmp_path)
    settings.HOME.create()
    job = exchange.start_import(actor=SYSTEM, file=folder / "CDNOW_master.txt", name="CDNOW_master.txt", at=NOW)
    exchange.apply_import(actor=SYSTEM, import_id=job.pk, at=NOW)
    return folder


def published(folder: Path) -> dict[str, tuple[int, str, str]]:
    """Master id to x, t_x and T as printed; the sample file tells which master id a row of the summary belongs to."""
    ids: dict[str, str] = {}
    for line in (folder / "CDNOW_sample.txt").read_text().splitlines():
        master, sample, *_rest = line.split()
        ids[sample.lstrip("0")] = master.lstrip("0")
    with (folder / "cdnow_customers_summary_with_transactions.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {ids[row["ID"]]: (int(row["x"]), row["t_x"], row["T"]) for row in rows}


def test_the_published_summary_comes_out_of_the_import(cdnow: Path, settings: Settings) -> None:
    assert (Customer.objects.count(), Order.objects.count()) == (23_570, 69_659)
    run = services.refresh(actor=SYSTEM, as_of=CALIBRATION_END, at=NOW).run
    assert run.metrics["currency"] == "CNY"
    numbers = {
        customer: number.lstrip("0")
        for customer, number in Identifier.objects.filter(kind="external").values_list("customer_id", "value")
    }
    expected = published(cdnow)
    assert len(expected) == 2_357

    with connect(Warehouse(settings.HOME.warehouse_dir)) as engine:
        orders = engine.table("orders")
        counted = orders.select("customer_id", "placed_on", amount=orders.total_amount)
        rows = calibrated_summary(counted, calibration_end=CALIBRATION_END).to_pyarrow().to_pylist()
    frequency = {numbers[row["customer_id"]]: row["frequency"] for row in rows}
    facts = {numbers[row.customer_id]: row for row in CustomerFacts.objects.exclude(stage="prospect")}
    for number, (x, t_x, age) in expected.items():
        known = facts[number]
        assert known.first_order_on is not None
        assert known.last_order_on is not None
        assert frequency[number] == x
        recency_weeks = Decimal((known.last_order_on - known.first_order_on).days) / WEEK
        age_weeks = Decimal((CALIBRATION_END - known.first_order_on).days) / WEEK
        assert abs(recency_weeks - Decimal(t_x)) <= Decimal("0.005")
        assert abs(age_weeks - Decimal(age)) <= Decimal("0.005")
