"""A refresh on Spark writes what one on DuckDB writes, also where it goes on from the run before."""

import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from zhike.core.actor import SYSTEM
from zhike.customers.models import CustomerFacts
from zhike.insight import scoring, services
from zhike.insight.tests.company import DAY, NOW, add_customers, add_orders
from zhike.insight.tests.test_refresh import happen_to, some_sales
from zhike.runtime.home import Home

pytestmark = pytest.mark.django_db(transaction=True)


def test_facts_and_figures_are_the_same(
    spark_engine: str, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    customers = add_customers(40)
    add_orders(customers, some_sales(3, 38, 200))
    monkeypatch.setenv("ZHIKE_ENGINE", spark_engine)
    counted = refreshed(settings, tmp_path / "spark")
    monkeypatch.setattr("zhike.engine.warehouse.COMPACTION_SHARE", 2)
    happen_to(random.Random(3), customers, step=0)
    gone_on = refreshed(settings, tmp_path / "spark")
    assert gone_on != counted
    CustomerFacts.objects.all().delete()
    monkeypatch.delenv("ZHIKE_ENGINE")
    refreshed(settings, tmp_path / "duckdb", as_of=DAY - timedelta(days=1))
    assert refreshed(settings, tmp_path / "duckdb") == gone_on


def refreshed(settings: Settings, home: Path, *, as_of: date = DAY) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The facts of all customers, and the run's figures."""
    settings.HOME = Home(path=home)
    settings.HOME.create()
    run = services.refresh(actor=SYSTEM, as_of=as_of, at=NOW).run
    return list(CustomerFacts.objects.order_by("customer_id").values("customer_id", *scoring.COMPARED)), run.metrics
