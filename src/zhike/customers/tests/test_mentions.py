"""Colleagues are called by @name: who may see the customer hears of it, of the others the writer is told."""

import re

import pytest
from django.test import Client

from zhike.accounts.models import FieldAccess, User
from zhike.core.acting import acting
from zhike.core.paging import Page
from zhike.customers.guarded import ACTIVITY
from zhike.customers.models import Customer, Mention
from zhike.customers.selectors import mentions
from zhike.customers.services import activities, mentioning
from zhike.customers.tests.conftest import NOON, Company, MakeCustomer


@pytest.fixture
def mine(company: Company, make_customer: MakeCustomer) -> Customer:
    return make_customer("张伟", owner=company.seller, team=company.shop)


def names(users: list[User]) -> list[str]:
    return [user.username for user in users]


def test_who_may_see_the_customer_hears_and_nobody_else(company: Company, mine: Customer) -> None:
    seller = company.actor("seller")
    with acting(seller):
        called = mentioning.find_called(
            actor=seller,
            customer_id=mine.pk,
            text="@manager看一下，@colleague @guest @seller @manager x@boss.com @bossy",
        )
        assert (names(called.told), names(called.deaf)) == (["manager"], ["colleague", "guest"])
        activities.add_activity(actor=seller, customer_id=mine.pk, kind="note", text="@manager @guest 请看", at=NOON)
    assert list(Mention.objects.values_list("user__username", flat=True)) == ["manager"]
    for name, count in (("manager", 1), ("guest", 0), ("seller", 0)):
        actor = company.actor(name)
        with acting(actor):
            assert mentions.count_new(actor=actor) == count
            assert len(mentions.list_mentions(actor=actor, page=Page())[0]) == count
    manager = company.actor("manager")
    with acting(manager):
        (pk,) = (one.pk for one in mentions.list_mentions(actor=manager, page=Page())[0])
        assert mentioning.see_mentions(actor=seller, mention_ids=[pk], at=NOON) == 0
        assert mentioning.see_mentions(actor=manager, mention_ids=[pk + 1], at=NOON) == 0
        assert mentioning.see_mentions(actor=manager, mention_ids=[pk], at=NOON) == 1
        assert mentions.count_new(actor=manager) == 0
    Customer.objects.filter(pk=mine.pk).update(owner=None, team=company.west)
    with acting(manager):
        assert mentions.list_mentions(actor=manager, page=Page()) == ([], "")


def test_the_longest_name_counts_and_names_of_several_are_unclear(company: Company, mine: Customer) -> None:
    for username, name in (("zw", "张伟"), ("zwm", "张伟明"), ("zw2", "李娜"), ("zw3", "李娜")):
        user = User.objects.create(username=username, name=name, team=company.root)
        user.roles.set(company.boss.roles.all())
    seller = company.actor("seller")
    with acting(seller):
        called = mentioning.find_called(actor=seller, customer_id=mine.pk, text="@张伟明你好 @李娜 @李娜 @zw2，@张伟")
    assert (names(called.told), called.unclear) == (["zwm", "zw2", "zw"], ["李娜"])


def test_who_does_not_read_the_time_line_is_not_told(company: Company, mine: Customer) -> None:
    role = company.manager.roles.get()
    FieldAccess.objects.create(role=role, field=ACTIVITY, level=0)
    seller = company.actor("seller")
    with acting(seller):
        called = mentioning.find_called(actor=seller, customer_id=mine.pk, text="@manager")
    assert (called.told, names(called.deaf)) == ([], ["manager"])


def test_the_pages_offer_tell_and_count(company: Company, mine: Customer) -> None:
    client = Client()
    client.force_login(company.seller)
    offered = client.post(f"/customers/{mine.pk}/colleagues/", {"typed": "man"}).content.decode()
    assert 'data-colleague="manager"' in offered
    assert "may not see" in client.post(f"/customers/{mine.pk}/colleagues/", {"typed": "gue"}).content.decode()
    everybody = client.post(f"/customers/{mine.pk}/colleagues/", {"typed": ""}).content.decode()
    names = re.findall('data-colleague="([^"]+)"', everybody)
    # Who hears of it first, and never the writer.
    assert (set(names[:3]), set(names[3:])) == ({"team_lead", "manager", "boss"}, {"guest", "colleague"})
    said = client.post(f"/customers/{mine.pk}/activities/", {"kind": "note", "text": "@manager @guest 请看"})
    assert "Told: manager." in said.headers["HX-Trigger"]
    assert "may not see this customer: guest." in said.headers["HX-Trigger"]
    other = Client()
    other.force_login(company.manager)
    assert "zk-bell-count" in other.get("/customers/mentions/count/").content.decode()
    page = other.get("/customers/mentions/").content.decode()
    assert "请看" in page
    shown = re.findall(r'name="id" value="(\d+)"', page)
    assert other.post("/customers/mentions/seen/", {"id": ["x", "9" * 30]}).status_code == 204
    assert "zk-bell-count" in other.get("/customers/mentions/count/").content.decode()
    assert other.post("/customers/mentions/seen/", {"id": shown}).status_code == 204
    assert "zk-bell-count" not in other.get("/customers/mentions/count/").content.decode()
