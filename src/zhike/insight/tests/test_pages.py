"""Today, Insight and the reasons: what each sees, and that nothing outside a scope is counted."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from zhike.accounts import services as accounts
from zhike.accounts.actors import actor_of
from zhike.accounts.models import Role, User
from zhike.core.actor import SYSTEM
from zhike.customers.models import Customer
from zhike.insight import services
from zhike.insight.selectors import figures, reasons, today
from zhike.insight.tests.company import DAY, NOW, Sale, add_customers, add_orders
from zhike.runtime.home import Home
from zhike.scores import selectors as scores
from zhike.scores.models import ScoringRun

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_home(settings: Settings, tmp_path: Path) -> None:
    settings.HOME = Home(path=tmp_path)
    settings.HOME.create()


@pytest.fixture
def roles() -> dict[str, Role]:
    return accounts.put_builtin_roles(actor=SYSTEM)


@pytest.fixture
def boss(roles: dict[str, Role]) -> User:
    return user("boss", roles["administrator"])


@pytest.fixture
def seller(roles: dict[str, Role]) -> User:
    return user("seller", roles["representative"])


def user(username: str, *roles: Role) -> User:
    return accounts.create_user(actor=SYSTEM, username=username, name=username, password="a-long-secret-1", roles=roles)


def company(seller: User) -> tuple[list[Customer], list[Customer]]:
    """Ten customers of the house and three of the seller; the seller's second one slips in the second run."""
    house, own = add_customers(10), add_customers(3, owner=seller)
    add_orders(house, [Sale(number, DAY - timedelta(days=40 + number), f"{1000 + number}") for number in range(10)])
    add_orders(own, [Sale(0, DAY - timedelta(days=3), "50"), Sale(1, DAY - timedelta(days=90), "2000")])
    add_orders(house, [Sale(None, DAY - timedelta(days=1), "7")])
    services.refresh(actor=SYSTEM, as_of=DAY - timedelta(days=4), at=NOW)
    add_orders(house, [Sale(0, DAY, "9000")])
    services.refresh(actor=SYSTEM, as_of=DAY, at=NOW)
    return house, own


def latest() -> ScoringRun:
    run = scores.get_latest_run()
    assert run is not None
    return run


def logged_in(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def test_without_customers_today_leads_to_the_import(client: Client, boss: User) -> None:
    page = logged_in(client, boss).get("/")
    assert page.status_code == 200
    assert "还没有客户" in page.content.decode()


def test_pages_show_figures_and_findings(client: Client, boss: User, seller: User) -> None:
    company(seller)
    first, second = logged_in(client, boss).get("/"), client.get("/insight/")
    assert (first.status_code, second.status_code) == (200, 200)
    assert "等级下滑" in first.content.decode()
    assert "的重要客户带来" in second.content.decode()


def test_insight_is_closed_to_those_without_the_grant(client: Client, seller: User) -> None:
    assert logged_in(client, seller).get("/insight/").status_code == 403
    assert client.post("/insight/refresh/").status_code == 403


def test_today_without_any_role_shows_nothing(client: Client, seller: User) -> None:
    company(seller)
    stranger = user("stranger")
    page = logged_in(client, stranger).get("/").content.decode()
    assert "你还没有可以查看的内容" in page


def test_figures_of_a_scope_hold_only_its_own_customers(boss: User, seller: User) -> None:
    company(seller)
    whole = figures.get_figures(actor=actor_of(boss), run=latest())
    own = figures.get_figures(actor=actor_of(seller), run=latest())
    assert (whole.buyers, own.buyers) == (12, 2)
    assert own.amount == Decimal(2050)
    assert sum(own.rf.values()) == 2
    assert sum(sum(grades.values()) for grades in own.months.values()) == Decimal(2050)
    assert sum(cohort.size for cohort in own.cohorts) == 2


def test_a_scope_over_everybody_counts_what_the_run_counted(boss: User, seller: User) -> None:
    company(seller)
    actor, run = actor_of(boss), latest()
    of_run = figures.get_figures(actor=actor, run=run)
    counted = figures._of_scope(actor, run, *figures.get_groups(actor=actor, run=run))
    assert counted.rf == of_run.rf
    assert counted.months == of_run.months
    assert counted.gini == pytest.approx(of_run.gini)
    assert [y for _x, y in counted.curve] == pytest.approx([y for _x, y in of_run.curve])
    assert counted.cohorts == of_run.cohorts


def test_todays_figures_stay_within_the_scope(boss: User, seller: User) -> None:
    company(seller)
    whole = today.get_today(actor=actor_of(boss), run=latest())
    own = today.get_today(actor=actor_of(seller), run=latest())
    assert (whole.revenue.value, own.revenue.value) == (Decimal(9057), Decimal(50))
    assert (whole.buyers.value, own.buyers.value) == (1, 1)
    assert (whole.buyers.before, own.buyers.before) == (0, 0)
    assert own.stages.keys() <= whole.stages.keys()
    assert sum(group.customers for group in own.stages.values()) == 3


def test_the_order_of_the_running_day_counts_at_once(boss: User, seller: User) -> None:
    house, _own = company(seller)
    add_orders(house, [Sale(1, DAY, "100")])
    assert today.get_today(actor=actor_of(boss), run=latest()).revenue.value == Decimal(9157)


def test_slipped_lists_who_fell_within_the_scope(boss: User, seller: User) -> None:
    _house, own = company(seller)
    whole = today.get_today(actor=actor_of(boss), run=latest())
    mine = today.get_today(actor=actor_of(seller), run=latest())
    fallen = (own[1].pk, "top", "high")
    assert [(row.customer_id, row.grade_before, row.grade) for row in mine.slipped] == [fallen]
    assert mine.slipped_count.value == 1
    assert whole.slipped_count.value == len(whole.slipped) > 1
    assert fallen in [(row.customer_id, row.grade_before, row.grade) for row in whole.slipped]


def test_reasons_name_the_figure_and_the_cut_off(client: Client, boss: User, seller: User) -> None:
    house, _own = company(seller)
    panel = logged_in(client, boss).get(f"/insight/customers/{house[0].pk}/why/").content.decode()
    assert "0 天前下单，位于最近的 20%" in panel
    why = reasons.get_why(actor=actor_of(boss), customer_id=house[0].pk)
    assert why is not None
    assert [reason.kind for reason in why.reasons] == ["r", "f", "m", "grade", "stage"]
    assert why.history[0].change == 3


def test_reasons_of_a_stranger_s_customer_are_not_found(client: Client, seller: User) -> None:
    house, _own = company(seller)
    assert logged_in(client, seller).get(f"/insight/customers/{house[0].pk}/why/").status_code == 404


def test_a_customer_who_never_bought_has_no_score_to_explain(client: Client, seller: User) -> None:
    _house, own = company(seller)
    panel = logged_in(client, seller).get(f"/insight/customers/{own[2].pk}/why/").content.decode()
    assert "下单之后才有" in panel


def test_asking_for_a_refresh_queues_one(client: Client, boss: User) -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    assert logged_in(client, boss).post("/insight/refresh/").status_code == 302
    assert ProcrastinateJob.objects.filter(task_name="insight.refresh", status="todo").count() == 1
