"""The pages: who sees which counts, where they lead, and what closed fields keep to themselves."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client
from tests.duplicates.conftest import person

from zhike.accounts.models import FieldAccess, Grant, User
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM, Scope, Sight
from zhike.customers.models import Customer
from zhike.customers.services import people
from zhike.customers.services.identifiers import NewIdentifier
from zhike.quality.models import Figure, Finding, Run, Tally

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def plant(name: str, phone: str, **more: Any) -> Customer:
    marks = [NewIdentifier(kind="phone", value=phone)]
    customer = people.create_customer(actor=SYSTEM, at=NOON, name=name, identifiers=marks, **more)
    mark = customer.identifiers.get(kind="phone").pk
    Finding.objects.create(rule="phone_form", customer_id=customer.pk, item_id=mark, stamp="x", run_id=1)
    return customer


@pytest.fixture
def run() -> Run:
    metrics = {"customers": 2, "filled": 0.5, "concerned": {"invalid": 1}, "forms": {}}
    when = {"as_of": NOON.date(), "started_at": NOON, "heartbeat_at": NOON, "finished_at": NOON}
    made = Run.objects.create(step="done", is_newest=True, customer_count=2, metrics=metrics, **when)
    before = Run.objects.create(step="done", is_newest=True, metrics=metrics, **{**when, "as_of": date(2026, 11, 1)})
    for one, items in ((before, 5), (made, 2)):
        Tally.objects.create(run=one, rule="phone_form", items=items, customers=items)
    for by, source in (("", ""), ("channel", "web")):
        Figure.objects.create(
            run=made, record="customers.customer", field="phone", by=by, source=source, records=2, filled=2, invalid=1,
            shared=0, late=2,
        )  # fmt: skip
    return made


def browser(user: User) -> Client:
    user.locale = "en"
    user.save()
    client = Client()
    client.force_login(user)
    return client


def test_counts_and_lists_are_those_of_the_customers_one_sees(run: Run) -> None:
    seller, boss = person("seller", Scope.OWN), person("boss", Scope.ALL)
    mine = plant("Mine", "138 0013 8000", owner=seller.pk)
    theirs = plant("Theirs", "139-0013-9000")
    with acting(SYSTEM):
        pages = {one: browser(one).get("/quality/").content.decode() for one in (seller, boss)}
    assert ">1</a>" in pages[seller]
    assert "Counted are the customers you may see" in pages[seller]
    assert ">2</a>" in pages[boss]
    # How it went is told of everybody's, and so to nobody who sees a part.
    assert ("<polyline" in pages[boss], "<polyline" in pages[seller]) == (True, False)
    shown = browser(seller).get("/quality/findings/phone_form/").content.decode()
    assert "Mine" in shown
    assert "13800138000" in shown  # what the fix makes of it
    assert "Theirs" not in shown
    listed = browser(boss).get("/customers/?f=finding:is:phone_form").content.decode()
    assert f"/customers/{mine.pk}/" in listed
    assert f"/customers/{theirs.pk}/" in listed
    Finding.objects.filter(customer_id=mine.pk).update(state="right")
    assert f"/customers/{mine.pk}/" not in browser(boss).get("/customers/?f=finding:is:phone_form").content.decode()


def test_who_does_not_read_a_field_is_told_nothing_by_its_rules(run: Run) -> None:
    boss = person("boss", Scope.ALL)
    plant("Mine", "138 0013 8000")
    role = boss.roles.get()
    FieldAccess.objects.update_or_create(role=role, field="customers.customer.phone", defaults={"level": Sight.MASKED})
    client = browser(boss)
    assert "phone_form" not in client.get("/quality/").content.decode()
    assert client.get("/quality/findings/phone_form/").status_code == 404
    assert client.get("/customers/?f=finding:is:phone_form").status_code == 400
    assert client.get("/quality/figures/customers.customer/phone/").status_code == 404
    assert "/figures/customers.customer/phone/" not in client.get("/quality/figures/").content.decode()


def test_the_split_by_channel_is_for_those_who_read_channels(run: Run) -> None:
    boss = person("boss", Scope.ALL)
    address = "/quality/figures/customers.customer/phone/"
    assert "By channel" in browser(boss).get(address).content.decode()
    for level in (Sight.MASKED, Sight.HIDDEN):
        FieldAccess.objects.update_or_create(
            role=boss.roles.get(), field="customers.customer.channel", defaults={"level": level}
        )
        page = browser(boss).get(address)
        assert (page.status_code, "By channel" in page.content.decode()) == (200, False)


def test_findings_about_orders_are_told_to_those_who_see_all_orders_of_their_customers(run: Run) -> None:
    boss = person("boss", Scope.ALL)
    mine = plant("Mine", "138 0013 8000")
    Finding.objects.create(rule="order_future", customer_id=mine.pk, item_id=1, stamp="x", run_id=1)
    asked = ("/quality/", "/quality/findings/order_future/", "/customers/?f=finding:is:order_future")
    assert [browser(boss).get(one).status_code for one in asked] == [200, 200, 200]
    assert "order_future" in browser(boss).get("/quality/").content.decode()
    Grant.objects.filter(role=boss.roles.get(), permission="commerce.view_order").update(scope=Scope.OWN)
    assert [browser(boss).get(one).status_code for one in asked] == [200, 404, 400]
    assert "order_future" not in browser(boss).get("/quality/").content.decode()


def test_figures_say_what_they_mean_and_lead_to_the_records(run: Run) -> None:
    client = browser(person("boss", Scope.ALL))
    page = client.get("/quality/figures/").content.decode()
    assert "50.0%" in page  # half of everybody has something invalid; half of all fields are filled
    assert "updated%3Aolder%3A365" in page or "updated:older:365;phone:filled:" in page
    assert "finding:is:email" not in page
    field = client.get("/quality/figures/customers.customer/phone/").content.decode()
    assert "web" in field
    assert "1 of 2 are not" in field
    assert "Checked on one day so far" in field
    assert client.get("/quality/figures/customers.customer/nothing/").status_code == 404
    seller = browser(person("seller", Scope.OWN))
    assert seller.get("/quality/figures/").status_code == 200
