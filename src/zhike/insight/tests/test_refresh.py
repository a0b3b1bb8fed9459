"""A refresh finds what patient counting finds, whichever way it got there, and writes nothing twice."""

import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from pytest_django.fixtures import Settings

from zhike.commerce.models import Order
from zhike.core.actor import SYSTEM, Actor
from zhike.customers.models import Customer, CustomerFacts
from zhike.engine.backend import Engine, connect
from zhike.engine.versions import Version
from zhike.engine.warehouse import Warehouse
from zhike.insight import aggregates, measures, scoring, services
from zhike.insight.models import Refresh
from zhike.insight.services import Refreshed
from zhike.insight.tests.company import DAY, NOW, Figures, Sale, add_customers, add_orders, by_hand
from zhike.runtime.home import Home
from zhike.science.pyramid import pyramid
from zhike.science.rfm import rfm
from zhike.scores.models import ScoringRun, ValueScore

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_home(settings: Settings, tmp_path: Path) -> None:
    settings.HOME = Home(path=tmp_path)
    settings.HOME.create()


def refresh(as_of: date = DAY) -> Refreshed:
    return services.refresh(actor=SYSTEM, as_of=as_of, at=NOW)


def found(customers: list[Customer]) -> list[Figures]:
    facts = {row.customer_id: row for row in CustomerFacts.objects.all()}
    return [
        Figures(row.grade, row.stage, row.r, row.f, row.m, row.order_count, row.amount)
        for row in (facts[customer.pk] for customer in customers)
    ]


def some_sales(seed: int, customers: int, count: int) -> list[Sale]:
    choice = random.Random(seed)  # noqa: S311
    return [
        Sale(
            choice.choice([None, *range(customers)]) if choice.random() < 0.9 else 0,
            DAY - timedelta(days=int(choice.expovariate(1 / 120))),
            f"{choice.choice([-1, 1, 1, 1, 1]) * choice.randrange(0, 40_000) / 100:.2f}",
            choice.choice(["CNY"] * 9 + ["USD"]),
        )
        for _ in range(count)
    ]


@pytest.mark.parametrize("seed", range(2))
def test_facts_equal_those_counted_by_hand(seed: int) -> None:
    customers = add_customers(40)
    sales = [sale for sale in some_sales(seed, 38, 160) if sale.amount not in {"-0.00", "0.00"}]
    add_orders(customers, sales)
    refresh()
    assert found(customers) == by_hand(40, sales, DAY)


def test_a_day_in_the_past_sees_only_what_was_there() -> None:
    customers = add_customers(30)
    sales = [sale for sale in some_sales(5, 30, 120) if sale.amount not in {"-0.00", "0.00"}]
    add_orders(customers, sales)
    past = DAY - timedelta(days=100)
    refresh(past)
    assert found(customers) == by_hand(30, sales, past)


def test_changes_lead_to_the_same_facts_as_starting_over(settings: Settings, tmp_path: Path) -> None:
    customers = add_customers(30)
    add_orders(customers, some_sales(7, 28, 100))
    refresh()
    choice = random.Random(11)  # noqa: S311
    for step in range(2):
        add_orders(customers, some_sales(20 + step, 30, 15))
        chosen = choice.sample(list(Order.objects.values_list("pk", flat=True)), 12)
        Order.objects.filter(pk__in=chosen[:6]).delete()
        Order.objects.filter(pk__in=chosen[6:9], kind="sale").update(total_amount="77.70")
        Order.objects.filter(pk__in=chosen[9:]).update(customer=choice.choice(customers))
        customers += add_customers(2)
        refresh()
        small_steps = found(customers)
        CustomerFacts.objects.all().delete()
        settings.HOME = Home(path=tmp_path / f"again-{step}")
        settings.HOME.create()
        refresh(DAY - timedelta(days=1))
        refresh()
        assert found(customers) == small_steps


@pytest.mark.parametrize("seed", range(2))
def test_going_on_from_the_run_before_finds_what_counting_anew_finds(
    seed: int, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever happens to orders and customers, on whichever day, in one currency or two, the base kept or not."""
    choice = random.Random(seed)  # noqa: S311
    customers = add_customers(25)
    add_orders(customers, some_sales(30 + seed, 20, 90))
    refresh()
    gone_on = _count_going_on(monkeypatch)
    for step in range(7):
        happen_to(choice, customers, step)
        if step == 6:
            Order.objects.update(currency="USD")
        monkeypatch.setattr("zhike.engine.warehouse.COMPACTION_SHARE", 0 if step == 4 else 2)
        day = DAY - timedelta(days=choice.choice([0, 0, 1, 40, 200]))
        run = refresh(day).run
        with connect(Warehouse(settings.HOME.warehouse_dir)) as engine:
            anew = measures.customer_value(engine, as_of=day, currency=run.metrics["currency"])
            expected = anew.table.drop("purchase_days").order_by("customer_id").to_pyarrow().to_pylist()
        names = ("customer_id", *scoring.COMPARED)
        assert list(CustomerFacts.objects.order_by("customer_id").values(*names)) == [
            {name: row[name] for name in names} for row in expected
        ]
        assert run.metrics["cutoffs"] == aggregates.plain(dict(anew.cutoffs))
    assert gone_on == [True, True, True, True, False, True]


def _count_going_on(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For every score from now on, whether it went on from the run before."""
    gone_on: list[bool] = []
    differences = Engine.differences

    def noted(self: Engine, name: str, *, since: Version) -> object:
        found = differences(self, name, since=since)
        gone_on.append(found is not None)
        return found

    monkeypatch.setattr(Engine, "differences", noted)
    return gone_on


def happen_to(choice: random.Random, customers: list[Customer], step: int) -> None:
    """Orders come, change, move to somebody else or to nobody, turn foreign and go; customers come and go."""
    add_orders(customers, some_sales(choice.randrange(10**6), 20, choice.randrange(6)))
    for change in ({"total_amount": "33.30"}, {"customer": choice.choice(customers)}, {"customer": None}):
        _some(choice).filter(kind="sale").update(**change)
    _some(choice).update(placed_at=NOW - timedelta(days=choice.randrange(300)))
    _some(choice).update(currency="USD")
    _some(choice).delete()
    if step % 3 == 1:
        leaver = customers.pop(choice.randrange(len(customers)))
        Order.objects.filter(customer=leaver).update(customer=None)
        leaver.delete()
        customers += add_customers(1)


def _some(choice: random.Random) -> QuerySet[Order]:
    return Order.objects.filter(pk__in=choice.sample(list(Order.objects.values_list("pk", flat=True)), 2))


def test_a_second_refresh_adds_nothing() -> None:
    customers = add_customers(20)
    add_orders(customers, some_sales(1, 20, 60))
    first = refresh()
    scores = ValueScore.objects.count()
    second = refresh()
    assert first.is_new
    assert not second.is_new
    assert second.run == first.run
    assert (ScoringRun.objects.count(), ValueScore.objects.count()) == (1, scores)


def test_scores_are_kept_only_where_they_changed() -> None:
    customers = add_customers(20)
    add_orders(customers, [Sale(number, DAY - timedelta(days=number), f"{100 + number}") for number in range(20)])
    refresh()
    add_orders(customers, [Sale(0, DAY, "1")])
    second = refresh()
    changed = set(ValueScore.objects.filter(run=second.run).values_list("customer_id", flat=True))
    assert changed == {customers[0].pk}
    assert second.run.changed_count == 1


def test_who_loses_a_layer_is_noted_as_slipped() -> None:
    customers = add_customers(10)
    add_orders(customers, [Sale(number, DAY - timedelta(days=9), f"{1000 - number}") for number in range(10)])
    refresh(DAY - timedelta(days=7))
    add_orders(customers, [Sale(9, DAY, "5000")])
    run = refresh().run
    moved = dict(ValueScore.objects.filter(run=run).exclude(grade_change=0).values_list("customer_id", "grade_change"))
    assert moved[customers[9].pk] == 3
    assert moved[customers[0].pk] == -1


def test_customers_without_a_purchase_are_prospects_without_scores() -> None:
    add_customers(3)
    refresh()
    assert (
        list(CustomerFacts.objects.values_list("grade", "stage", "r", "order_count")) == [("", "prospect", None, 0)] * 3
    )
    assert not ValueScore.objects.exists()


def test_orders_in_another_currency_are_left_out_and_counted() -> None:
    customers = add_customers(2)
    add_orders(customers, [Sale(0, DAY, "10"), Sale(0, DAY, "99", "USD"), Sale(1, DAY, "50", "USD")])
    run = refresh().run
    assert run.metrics["currency"] == "CNY"
    assert run.metrics["left_out"] == {"USD": 2}
    assert [row.order_count for row in found(customers)] == [1, 0]


def test_a_company_that_sells_in_one_other_currency_is_scored_in_it() -> None:
    customers = add_customers(1)
    add_orders(customers, [Sale(0, DAY, "99", "GBP"), Sale(None, DAY, "5", "GBP")])
    metrics = refresh().run.metrics
    assert (metrics["currency"], metrics["left_out"]) == ("GBP", {})
    assert metrics["anonymous"] == {"orders": 1, "amount": "5"}


def test_an_empty_company_can_be_refreshed() -> None:
    assert refresh().run.customer_count == 0


def test_a_refresh_needs_its_grant_and_otherwise_changes_nothing() -> None:
    add_customers(1)
    with pytest.raises(PermissionDenied):
        services.refresh(actor=Actor(user_id=1, name="stranger"), as_of=DAY, at=NOW)
    assert not CustomerFacts.objects.exists()
    assert not Refresh.objects.exists()


def test_a_finished_refresh_says_so() -> None:
    run = refresh().run
    note = Refresh.objects.get()
    assert (note.step, note.run_id) == (Refresh.Step.DONE, run.pk)
    assert note.finished_at is not None


def test_cut_offs_and_thresholds_are_those_the_measures_used() -> None:
    customers = add_customers(60)
    add_orders(customers, some_sales(3, 55, 300))
    refresh()
    with connect(Warehouse(django_settings.HOME.warehouse_dir)) as engine:
        value = measures.customer_value(engine, as_of=DAY, currency="CNY")
        summary = engine.ibis.table("summary")
        [cutoffs] = rfm(summary).cutoffs.to_pyarrow().to_pylist()
        [thresholds] = pyramid(summary).thresholds.to_pyarrow().to_pylist()
    assert value.cutoffs == cutoffs
    assert value.thresholds == thresholds
