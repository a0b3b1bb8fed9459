"""Today, Insight and the reasons: what each sees, and that nothing outside a scope is counted."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

from zhike.accounts import services as accounts
from zhike.accounts.actors import actor_of
from zhike.accounts.models import Role, User
from zhike.core.actor import SYSTEM
from zhike.customers.models import Customer
from zhike.duplicates.models import Merge
from zhike.insight import services
from zhike.insight.models import Refresh
from zhike.insight.selectors import figures, reasons, today
from zhike.insight.tests.company import DAY, NOW, Sale, add_customers, add_orders
from zhike.runtime.home import Home
from zhike.scores import selectors as scores
from zhike.scores.models import ScoringRun, ValueScore

pytestmark = pytest.mark.django_db


@dataclass(frozen=True, kw_only=True)
class House:
    """Ten customers of the house and three of the seller, scored twice; the seller's second one slipped between."""

    boss: User
    seller: User
    customers: list[Customer]
    own: list[Customer]


@pytest.fixture(scope="module")
def house(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """Committed for the whole module, since the warehouse reads through a connection of its own."""
    home = settings.HOME
    settings.HOME = Home(path=tmp_path_factory.mktemp("house"))
    settings.HOME.create()
    with django_db_blocker.unblock():
        yield _build()
        call_command("flush", verbosity=0, interactive=False, reset_sequences=False, inhibit_post_migrate=True)
    settings.HOME = home


def _build() -> House:
    roles = accounts.put_builtin_roles(actor=SYSTEM)
    boss, seller = user("boss", roles["administrator"]), user("seller", roles["representative"])
    customers, own = add_customers(10), add_customers(3, owner=seller)
    add_orders(customers, [Sale(number, DAY - timedelta(days=40 + number), f"{1000 + number}") for number in range(10)])
    add_orders(own, [Sale(0, DAY - timedelta(days=3), "50"), Sale(1, DAY - timedelta(days=90), "2000")])
    add_orders(customers, [Sale(None, DAY - timedelta(days=1), "7")])
    services.refresh(actor=SYSTEM, as_of=DAY - timedelta(days=4), at=NOW)
    add_orders(customers, [Sale(0, DAY, "9000")])
    services.refresh(actor=SYSTEM, as_of=DAY, at=NOW)
    return House(boss=boss, seller=seller, customers=customers, own=own)


def user(username: str, *roles: Role) -> User:
    return accounts.create_user(actor=SYSTEM, username=username, name=username, password="a-long-secret-1", roles=roles)


def latest() -> ScoringRun:
    run = scores.get_latest_run()
    assert run is not None
    return run


def logged_in(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def test_without_customers_today_leads_to_the_import(client: Client) -> None:
    page = logged_in(client, user("newcomer", accounts.put_builtin_roles(actor=SYSTEM)["administrator"])).get("/")
    assert page.status_code == 200
    assert "还没有客户" in page.content.decode()


def test_pages_show_figures_and_findings(client: Client, house: House) -> None:
    first, second = logged_in(client, house.boss).get("/"), client.get("/insight/")
    assert (first.status_code, second.status_code) == (200, 200)
    assert "等级下滑" in first.content.decode()
    assert "的重要客户带来" in second.content.decode()


def test_a_manager_sees_insight_of_their_own_departments_only(client: Client, house: House) -> None:
    team = accounts.create_team(actor=SYSTEM, name="华东区")
    manager = user("manager", Role.objects.get(code="manager"))
    User.objects.filter(pk=manager.pk).update(team=team)
    Customer.objects.filter(pk=house.own[0].pk).update(team=team)
    page = logged_in(client, User.objects.get(pk=manager.pk)).get("/insight/").content.decode()
    assert "以下只统计你能看到的客户" in page
    assert "匿名订单" not in page
    assert "<dt>客户数</dt>" not in page
    assert "匿名订单" in logged_in(client, house.boss).get("/insight/").content.decode()
    found = figures.get_figures(actor=actor_of(User.objects.get(pk=manager.pk)), run=latest())
    assert (found.buyers, found.amount) == (1, Decimal(50))


def test_insight_is_closed_to_those_without_the_grant(client: Client, house: House) -> None:
    assert logged_in(client, house.seller).get("/insight/").status_code == 403
    assert client.post("/insight/refresh/").status_code == 403


def test_today_without_any_role_shows_nothing(client: Client, house: House) -> None:
    stranger = user("stranger")
    page = logged_in(client, stranger).get("/").content.decode()
    assert "你还没有可以查看的内容" in page


def test_figures_of_a_scope_hold_only_its_own_customers(house: House) -> None:
    whole = figures.get_figures(actor=actor_of(house.boss), run=latest())
    own = figures.get_figures(actor=actor_of(house.seller), run=latest())
    assert (whole.buyers, own.buyers) == (12, 2)
    assert own.amount == Decimal(2050)
    assert sum(own.rf.values()) == 2
    assert sum(sum(grades.values()) for grades in own.months.values()) == Decimal(2050)
    assert sum(cohort.size for cohort in own.cohorts) == 2


def test_a_scope_over_everybody_counts_what_the_run_counted(house: House) -> None:
    actor, run = actor_of(house.boss), latest()
    of_run = figures.get_figures(actor=actor, run=run)
    counted = figures._of_scope(actor, run, *figures.get_groups(actor=actor, run=run))
    assert counted.rf == of_run.rf
    assert counted.months == of_run.months
    assert counted.gini == pytest.approx(of_run.gini)
    assert [y for _x, y in counted.curve] == pytest.approx([y for _x, y in of_run.curve])
    assert counted.cohorts == of_run.cohorts


def test_todays_figures_stay_within_the_scope(house: House) -> None:
    whole = today.get_today(actor=actor_of(house.boss), run=latest())
    own = today.get_today(actor=actor_of(house.seller), run=latest())
    assert whole.revenue
    assert own.revenue
    assert whole.buyers
    assert own.buyers
    assert (whole.revenue.value, own.revenue.value) == (Decimal(9057), Decimal(50))
    assert (whole.buyers.value, own.buyers.value) == (1, 1)
    assert (whole.buyers.before, own.buyers.before) == (0, 0)
    assert own.stages.keys() <= whole.stages.keys()
    assert sum(group.customers for group in own.stages.values()) == 3


def test_the_order_of_the_running_day_counts_at_once(house: House) -> None:
    add_orders(house.customers, [Sale(1, DAY, "100")])
    revenue = today.get_today(actor=actor_of(house.boss), run=latest()).revenue
    assert revenue is not None
    assert revenue.value == Decimal(9157)


def test_slipped_lists_who_fell_within_the_scope(house: House) -> None:
    whole = today.get_today(actor=actor_of(house.boss), run=latest())
    mine = today.get_today(actor=actor_of(house.seller), run=latest())
    fallen = (house.own[1].pk, "top", "high")
    assert [(row.customer_id, row.grade_before, row.grade) for row in mine.slipped] == [fallen]
    assert mine.slipped_count.value == 1
    assert whole.slipped_count.value == len(whole.slipped) > 1
    assert fallen in [(row.customer_id, row.grade_before, row.grade) for row in whole.slipped]


def test_who_slipped_twice_counts_once(house: House) -> None:
    before = today.get_today(actor=actor_of(house.seller), run=latest())
    earlier = ValueScore.objects.filter(customer=house.own[1]).exclude(run=latest())
    assert earlier.update(grade="high", grade_change=-1) == 1
    after = today.get_today(actor=actor_of(house.seller), run=latest())
    assert (after.slipped, after.slipped_count) == (before.slipped, before.slipped_count)


def test_reasons_name_the_figure_and_the_cut_off(client: Client, house: House) -> None:
    panel = logged_in(client, house.boss).get(f"/insight/customers/{house.customers[0].pk}/why/").content.decode()
    assert "0 天前下单，位于最近的 20%" in panel
    why = reasons.get_why(actor=actor_of(house.boss), customer_id=house.customers[0].pk)
    assert why is not None
    assert [reason.kind for reason in why.reasons] == ["r", "f", "m", "grade", "stage"]
    assert why.history[0].change == 3


def test_after_a_merge_nothing_is_explained_that_no_longer_holds(client: Client, house: House) -> None:
    panel = f"/insight/customers/{house.customers[0].pk}/why/"
    Refresh.objects.create(as_of=DAY, started_at=NOW, finished_at=NOW, step=Refresh.Step.DONE)
    assert "位于最近的" in logged_in(client, house.boss).get(panel).content.decode()
    merge = Merge.objects.create(
        survivor_id=house.customers[0].pk, merged_at=NOW + timedelta(minutes=1), batch=uuid.uuid4(), entry_id=1
    )
    page = client.get(panel).content.decode()
    assert ("刚合并或拆分过" in page, "位于最近的" in page) == (True, False)
    other = client.get(f"/insight/customers/{house.customers[1].pk}/why/").content.decode()
    assert "刚合并或拆分过" not in other
    later = merge.merged_at + timedelta(minutes=9)
    refresh = Refresh.objects.create(as_of=DAY, started_at=later, finished_at=None)
    for step, is_explained in ((Refresh.Step.WRITING, False), (Refresh.Step.FAILED, False), (Refresh.Step.DONE, True)):
        Refresh.objects.filter(pk=refresh.pk).update(step=step)
        assert ("位于最近的" in client.get(panel).content.decode()) is is_explained


def test_reasons_of_a_stranger_s_customer_are_not_found(client: Client, house: House) -> None:
    assert logged_in(client, house.seller).get(f"/insight/customers/{house.customers[0].pk}/why/").status_code == 404


def test_a_customer_who_never_bought_has_no_score_to_explain(client: Client, house: House) -> None:
    panel = logged_in(client, house.seller).get(f"/insight/customers/{house.own[2].pk}/why/").content.decode()
    assert "下单之后才有" in panel


def test_asking_for_a_refresh_queues_one(client: Client, house: House) -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    # What tests that commit have queued outlives them.
    ProcrastinateJob.objects.all()._raw_delete(using="default")
    assert logged_in(client, house.boss).post("/insight/refresh/").status_code == 302
    assert ProcrastinateJob.objects.filter(task_name="insight.refresh", status="todo").count() == 1
    asked = {"HX-Request": "true"}
    waiting = client.get("/insight/", headers=asked)
    assert "排队等待中" in waiting.content.decode()
    assert "HX-Refresh" not in waiting.headers
    ProcrastinateJob.objects.all()._raw_delete(using="default")
    assert client.get("/insight/", headers=asked).headers["HX-Refresh"] == "true"
