"""The demo company comes to life once, through the services that every company uses."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from pytest_django.fixtures import Settings

from zhike.accounts import services as accounts
from zhike.accounts.models import User
from zhike.commerce.models import Order
from zhike.core.actor import SYSTEM, Actor
from zhike.customers.models import Activity, Customer, CustomerFacts
from zhike.customers.services import people
from zhike.demo import fields, services
from zhike.demo.organisation import COLLEAGUES
from zhike.demo.plan import Plan
from zhike.runtime.home import Home
from zhike.scores.models import ScoringRun, ValueScore

NOW = datetime(2026, 3, 15, 4, tzinfo=UTC)
PLAN = Plan(customers=300, orders=2_000, end_on=date(2026, 3, 14))

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_home(settings: Settings, tmp_path: Path) -> None:
    settings.HOME = Home(path=tmp_path)
    settings.HOME.create()


def build(actor: Actor = SYSTEM) -> services.Company:
    return services.build_company(actor=actor, plan=PLAN, password="a-long-secret-1", at=NOW, say=lambda _zh, _en: None)


def test_the_company_is_built_complete_and_a_second_time_unchanged() -> None:
    company = build()
    assert (company.customers, company.orders, company.refused) == (300, 2_000, 0)
    assert company.activities > 20
    assert Customer.objects.filter(owner__isnull=False, team__isnull=False).count() > 30
    assert CustomerFacts.objects.exclude(grade="").count() > 200
    assert [run.as_of for run in ScoringRun.objects.order_by("pk")] == [date(2026, 3, 8), date(2026, 3, 15)]
    scores = ValueScore.objects.count()
    again = build()
    assert again == company
    assert ValueScore.objects.count() == scores


def test_the_company_has_as_many_fields_of_its_own_as_are_wanted() -> None:
    people.create_customer(actor=SYSTEM, at=NOW, name="Ada")
    assert len({(one.label, one.label_en) for one in fields.list_planned()}) == fields.MOST
    assert fields.put_fields(actor=SYSTEM, plan=PLAN, count=60, at=NOW) == 60
    assert fields.put_fields(actor=SYSTEM, plan=PLAN, count=60, at=NOW) == 60
    assert 10 < len(Customer.objects.get().custom) < 50


def test_everybody_can_log_in_and_works_in_a_team() -> None:
    build()
    people = User.objects.select_related("team").all()
    assert len(people) == len(COLLEAGUES)
    assert all(person.check_password("a-long-secret-1") and person.team for person in people)


def test_an_instance_with_people_of_its_own_is_left_alone() -> None:
    roles = accounts.put_builtin_roles(actor=SYSTEM)
    accounts.create_user(
        actor=SYSTEM, username="boss", name="boss", password="a-long-secret-1", roles=[roles["administrator"]]
    )
    with pytest.raises(services.NotEmpty):
        build()
    assert not Customer.objects.exists()


def test_only_who_manages_users_may_build() -> None:
    with pytest.raises(PermissionDenied):
        build(Actor(user_id=1, name="stranger"))
    assert not User.objects.exists()
    assert not Order.objects.exists()
    assert not Activity.objects.exists()
