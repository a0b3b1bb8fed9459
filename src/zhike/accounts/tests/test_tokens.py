"""Keys that may do less than their owners, and programs that are users of their own."""

import re

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils.timezone import now

from zhike.accounts import services
from zhike.accounts.models import Token, User
from zhike.accounts.tests.conftest import PASSWORD, House
from zhike.core.actor import Scope

VIEW = "customers.view_customer"


def program(key: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {key}"})


def grants(key: str) -> dict[str, object]:
    found: dict[str, object] = program(key).get("/api/v1/me").json()["grants"]
    return found


def test_a_key_may_do_what_it_was_made_for_and_never_more_than_its_owner(house: House) -> None:
    seller = house.actor(house.seller)
    _token, key = services.create_token(
        actor=seller, user=house.seller, name="till", at=now(), permissions=[VIEW, "accounts.manage_users"]
    )
    own = {"all": False, "owner_ids": [house.seller.pk], "team_ids": []}
    assert grants(key) == {VIEW: own, "accounts.use_api": own}
    assert program(key).get("/api/v1/customers").status_code == 200
    assert program(key).post("/api/v1/customers", {"name": "x"}, content_type="application/json").status_code == 403
    house.seller.roles.set([house.roles["administrator"]])
    everything = {"all": True, "owner_ids": [], "team_ids": []}
    assert grants(key) == {VIEW: everything, "accounts.use_api": everything, "accounts.manage_users": everything}
    house.seller.roles.clear()
    assert program(key).get("/api/v1/me").status_code == 403


def test_a_permission_that_nobody_declared_is_refused(house: House) -> None:
    with pytest.raises(services.GrantUnknown):
        services.create_token(
            actor=house.actor(house.seller), user=house.seller, name="x", at=now(), permissions=["customers.fly"]
        )
    assert not Token.objects.exists()


def test_the_page_offers_what_the_owner_may_and_asks_for_at_least_one(house: House) -> None:
    browser = house.browser(house.seller)
    page = browser.get("/account/keys/").content.decode()
    assert f'value="{VIEW}"' in page
    assert "accounts.manage_users" not in page
    form = {"name": "till", "lifetime_days": "30", "reach": "chosen"}
    assert "Tick at least one." in browser.post("/account/keys/", form).content.decode()
    forged = browser.post("/account/keys/", {**form, "permissions": ["accounts.manage_users"]})
    assert not Token.objects.exists(), forged
    page = browser.post("/account/keys/", {**form, "permissions": [VIEW]}).content.decode()
    (key,) = re.findall(r"zk_[\w-]{43}", page)
    assert set(grants(key)) == {VIEW, "accounts.use_api"}


def test_a_service_account_has_keys_and_no_way_to_log_in(house: House) -> None:
    boss = house.browser(house.administrator)
    form = {"username": "web-shop", "name": "网店", "roles": [house.roles["representative"].pk]}
    made = boss.post("/settings/users/new-service/", form)
    shop = User.objects.get(username="web-shop")
    assert made.headers["Location"] == f"/settings/users/{shop.pk}/"
    page = boss.post(f"/settings/users/{shop.pk}/keys/", {"name": "orders", "reach": "all"}).content.decode()
    (key,) = re.findall(r"zk_[\w-]{43}", page)
    assert program(key).get("/api/v1/me").json()["name"] == "网店"

    with pytest.raises(services.NoPassword):
        services.reset_password(
            actor=house.actor(house.administrator), user=shop, password="quite a good one indeed", at=now()
        )
    shop.set_password(PASSWORD)
    shop.save()
    browser = Client()
    browser.post("/account/log-in/", {"username": "web-shop", "password": PASSWORD})
    assert browser.get("/account/").status_code == 302
    browser.force_login(shop)
    assert browser.get("/account/").status_code == 302

    token = Token.objects.get(user=shop)
    assert boss.post(f"/settings/users/{house.seller.pk}/keys/{token.pk}/revoke/").status_code == 404
    assert boss.post(f"/settings/users/{shop.pk}/keys/{token.pk}/revoke/").status_code == 302
    assert program(key).get("/api/v1/me").status_code == 401


def test_nobody_makes_a_key_that_acts_as_another_person(house: House) -> None:
    administrator, seller = house.actor(house.administrator), house.actor(house.seller)
    with pytest.raises(services.NotYourKey):
        services.create_token(actor=administrator, user=house.seller, name="x", at=now())
    with pytest.raises(PermissionDenied):
        services.create_token(actor=seller, user=house.administrator, name="x", at=now())
    with pytest.raises(PermissionDenied):
        services.create_service_account(actor=seller, username="mine", name="x", roles=[])
    assert not Token.objects.exists()
    assert User.objects.count() == 2


def test_a_service_account_needs_no_second_factor(house: House) -> None:
    administrator = house.actor(house.administrator)
    role = services.create_role(actor=administrator, name="x", grants={"accounts.use_api": Scope.ALL})
    services.put_second_factor_rule(actor=administrator, role=role, is_required=True)
    shop = services.create_service_account(actor=administrator, username="shop", name="x", roles=[role])
    _token, key = services.create_token(actor=administrator, user=shop, name="x", at=now())
    assert program(key).get("/api/v1/me").status_code == 200


def test_people_are_found_by_name_and_their_factors_seen(house: House) -> None:
    boss = house.browser(house.administrator)
    page = boss.get("/settings/users/?q=sell").content.decode()
    assert "Seller" in page
    assert f"/settings/users/{house.administrator.pk}/" not in page
