"""Orders deleted, restored and put back in the browser and over the API."""

import pytest
from django.test import Client
from tests.recovery.test_orders import NOON, _set, boss, buy, customer, in_english, latest

from zhike.accounts import services as accounts
from zhike.accounts.models import User
from zhike.audit.models import Entry
from zhike.commerce.services.bin import CODE
from zhike.core.actor import SYSTEM, Actor
from zhike.customers.models import Customer
from zhike.recovery.models import Binned

pytestmark = pytest.mark.django_db
__all__ = ["boss", "customer", "in_english"]


def test_pages_delete_an_order_with_an_undo_and_lead_through_its_history(boss: Actor, customer: Customer) -> None:
    order = buy(customer, "A-1")
    _set(order, channel="wrong")
    entry = latest()
    client = Client()
    client.force_login(User.objects.get(pk=boss.user_id))
    address = f"/commerce/orders/{order.pk}/"
    assert f'hx-post="{address}delete/"' in client.get(address).content.decode()
    history = client.get(f"{address}history/").content.decode()
    assert f'href="{address}history/{entry}/"' in history
    assert history.count("zk-timeline-head") == 4, "made, its two lines, edited"
    page = client.get(f"{address}history/{entry}/")
    assert "wrong" in page.content.decode()
    plan = page.context["plan"]
    done = client.post(f"{address}history/{entry}/", {"seen": plan.seen, "step": [plan.steps[0].key]})
    assert done.status_code == 302
    order.refresh_from_db()
    assert order.channel == ""
    # Taking back that it was made is deleting it.
    made = Entry.objects.filter(table_name="commerce_order", action="insert").latest("pk").pk
    plan = client.get(f"{address}history/{made}/").context["plan"]
    done = client.post(f"{address}history/{made}/", {"seen": plan.seen, "step": [plan.steps[0].key]})
    assert (done.status_code, done.headers["Location"]) == (302, "/bin/")
    assert client.post("/bin/restore/", {"id": Binned.objects.get().pk}).status_code == 200
    gone = client.post(
        f"{address}delete/", headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver{address}"}
    )
    assert gone.headers["HX-Redirect"] == f"/customers/{customer.pk}/"
    assert client.get(address).status_code == 404
    bin_page = client.get("/bin/").content.decode()
    assert "A-1" in bin_page
    assert "Order" in bin_page
    [binned] = Binned.objects.all()
    assert client.post("/bin/restore/", {"id": binned.pk}).status_code == 200
    assert client.get(address).status_code == 200


def test_the_api_deletes_shows_the_history_and_puts_back(boss: Actor, customer: Customer) -> None:
    order = buy(customer, "A-1")
    _set(order, channel="wrong")
    user = User.objects.get(pk=boss.user_id)
    _token, key = accounts.create_token(actor=SYSTEM, user=user, name="t", at=NOON)
    client = Client(headers={"Authorization": f"Bearer {key}"})
    address = f"/api/v1/orders/{order.pk}"
    [edited, *made] = client.get(f"{address}/history").json()["items"]
    assert (edited["changes"][0]["after"], edited["may_restore"], len(made)) == ("wrong", True, 3)
    plan = client.get(f"{address}/history/{edited['id']}/plan").json()
    wanted = {"seen": plan["seen"], "reason": "mistaken"}
    done = client.post(f"{address}/history/{edited['id']}/put-back", wanted, content_type="application/json")
    assert done.json() == {"value_count": 1}
    assert client.get(address).json()["channel"] == ""
    assert client.delete(address).status_code == 204
    [binned] = client.get("/api/v1/bin").json()["items"]
    assert (binned["kind"], binned["record_id"], binned["label"]) == (CODE, order.pk, "A-1")
    back = client.post(f"/api/v1/bin/{binned['id']}/restore", {}, content_type="application/json")
    assert back.json() == {"kind": CODE, "record_id": order.pk, "left_out": []}
    assert len(client.get(address).json()["lines"]) == 2
