"""The search box over everything: each kind of thing for those who may see and read it, and for nobody else."""

from typing import Any

import pytest
from django.test import Client
from tests.policy.test_surfaces import text_of
from tests.policy.world import World, actor_named

from zhike.accounts.services import saved_views
from zhike.commerce.models import Product
from zhike.core.acting import acting
from zhike.finder import selectors

pytestmark = pytest.mark.django_db
CLOSED = ("masked", "hidden")


def found(world: World, user: str, typed: str) -> dict[str, list[str]]:
    """Kind → titles."""
    actor = actor_named(world, user)
    with acting(actor):
        groups = selectors.find(actor=actor, typed=typed, at=world.made_at, limit=50)
    return {group.kind.key: [one.title for one in group.found] for group in groups}


@pytest.mark.parametrize("user", ["own", "team", "everything", "nobody"])
def test_orders_notes_and_files_are_found_within_the_reach(world: World, user: str) -> None:
    for one in world.planted:
        sees, owns = world.sees(user, one), world.owns(user, one.owner, one.team)
        by_number = found(world, user, f"no-{one.name.lower()}")
        orders = by_number.get("commerce.order", [])
        assert (f"No-{one.name}" in orders) is False  # numbers are told apart by case
        assert (f"No-{one.name}" in found(world, user, f"No-{one.name}").get("commerce.order", [])) is sees
        assert (f"note {one.name}" in found(world, user, f"note {one.name}").get("customers.activity", [])) is sees
        assert (f"{one.name}.csv" in found(world, user, f"{one.name}.csv").get("exchange.import", [])) is owns


def test_products_are_found_by_those_who_read_them(world: World) -> None:
    one = world.planted[0]
    for user, expected in (("reader", True), ("own", True), ("masked", False), ("hidden", False), ("nobody", False)):
        for word in (f"ware-no-{one.name.lower()}", f"sku-No-{one.name}"):
            told = found(world, user, word)
            assert (f"Ware-No-{one.name}" in told.get("commerce.product", [])) is expected, user
    product = Product.objects.get(name=f"Ware-No-{one.name}")
    for user, status in (("reader", 200), ("masked", 404), ("nobody", 403)):
        client: Any = Client(raise_request_exception=False)
        client.force_login(world.users[user])
        assert client.get(f"/commerce/products/{product.pk}/").status_code == status


def test_people_teams_and_roles_are_found_by_those_who_manage_them(world: World) -> None:
    told = found(world, "reader", "below")
    assert "below" in told["accounts.user"]
    assert not {"accounts.user", "accounts.team", "accounts.role"} & found(world, "nobody", "below").keys()


def test_views_are_found_by_who_saved_them(world: World) -> None:
    saved_views.save_view(actor=actor_named(world, "team"), page="customers", name="上海的老客户", query="q=1")
    assert found(world, "team", "shlkh").get("customers.view") is None
    assert found(world, "team", "老客户")["customers.view"] == ["上海的老客户"]
    assert found(world, "team", "shdl")["customers.view"] == ["上海的老客户"]
    assert "customers.view" not in found(world, "everything", "老客户")


@pytest.mark.parametrize("user", CLOSED)
def test_nothing_is_found_or_shown_that_is_closed(world: World, user: str) -> None:
    client: Any = Client()
    client.force_login(world.users[user])
    one = world.planted[0]
    digits = one.phone[3:]
    for word in (
        *(one.phone, digits, one.phone[-4:], one.email, one.wechat, "外滩", f"No-{one.name}", f"note {one.name}"),
        *(f"{one.name} {one.phone}", f"mail {one.email}"),
    ):
        text = text_of(client.post("/find/", {"q": word}, headers={"HX-Request": "true"}))
        assert f'"/customers/{one.customer_id}/"' not in text, word
        assert f'"/commerce/orders/{one.order_id}/"' not in text, word
    text = text_of(client.post("/find/", {"q": one.name}, headers={"HX-Request": "true"}))
    assert f'"/customers/{one.customer_id}/"' in text
    assert digits not in text
    assert one.phone[:7] not in text


def test_an_id_number_finds_its_person_for_those_who_read_it(world: World) -> None:
    one = world.planted[0]
    for user, expected in (("reader", True), ("masked", False)):
        told = found(world, user, one.id_number)
        assert (one.name in told.get("customers.customer", [])) is expected, user
