"""The pages of the settings: each is shown, does its one thing, and is closed to those it is not for."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from zhike.accounts import services
from zhike.accounts.models import Role, Team, Token, User
from zhike.accounts.tests.conftest import PASSWORD, House
from zhike.core.actor import SYSTEM, Scope

FOR_ADMINISTRATORS = ["users", "create_user", "teams", "create_team", "roles", "create_role"]
FOR_EVERYBODY = ["my_settings", "change_password", "my_keys"]


@pytest.mark.parametrize("name", FOR_ADMINISTRATORS)
def test_settings_are_for_administrators(house: House, name: str) -> None:
    assert house.browser(house.administrator).get(reverse(name)).status_code == 200
    assert house.browser(house.seller).get(reverse(name)).status_code == 403


def test_the_rail_shows_where_one_is_in_every_part_of_the_settings(house: House) -> None:
    browser = house.browser(house.administrator)
    assert browser.get("/settings/").headers["Location"] == "/settings/users/"
    for name in ("users", "teams", "roles"):
        page = browser.get(reverse(name)).content.decode()
        assert re.search(r'href="/settings/"\s+aria-current="page"', page), name


@pytest.mark.parametrize("name", FOR_EVERYBODY)
@pytest.mark.parametrize("locale", ["zh-hans", "en"])
def test_own_settings_are_for_everybody(house: House, name: str, locale: str) -> None:
    User.objects.update(locale=locale)
    response = house.browser(house.seller).get(reverse(name))
    assert response.status_code == 200
    assert response.headers["Content-Language"] == locale


def test_a_request_needs_three_queries_to_know_its_actor_and_the_fields_there_are(
    house: House, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    browser = house.browser(house.seller)
    with django_assert_num_queries(3):
        browser.get("/account/")


def test_preferences_are_applied_at_once(house: House) -> None:
    browser = house.browser(house.seller)
    form = {"locale": "zh-hans", "zone": "Europe/Berlin", "theme": "dark"}
    response = browser.post("/account/", form, follow=True)
    page = response.content.decode()
    assert 'lang="zh-Hans"' in page
    assert 'data-bs-theme="dark"' in page
    assert "已保存" in page
    actor = house.actor(house.seller)
    assert (actor.locale, actor.zone, actor.theme) == ("zh-hans", "Europe/Berlin", "dark")
    assert browser.post("/account/", {**form, "zone": "Mars/Base"}).status_code == 200
    assert house.actor(house.seller).zone == "Europe/Berlin"


def test_the_switches_of_the_top_bar_change_one_thing_and_come_back(house: House) -> None:
    browser = house.browser(house.seller)
    response = browser.post("/account/preferences/", {"theme": "light", "next": "/account/keys/"})
    assert response.headers["Location"] == "/account/keys/"
    browser.post("/account/preferences/", {"theme": "no such", "next": "//evil.example"})
    actor = house.actor(house.seller)
    assert (actor.theme, actor.locale) == ("light", "en")


def test_a_guest_chooses_the_language_of_the_door(db: None) -> None:
    guest = Client()
    assert "登录" in guest.get("/account/log-in/").content.decode()
    guest.post("/account/preferences/", {"locale": "en", "next": "/account/log-in/"})
    assert "Log in" in guest.get("/account/log-in/").content.decode()


def test_a_key_is_shown_once_and_can_be_revoked_by_its_owner_alone(house: House) -> None:
    browser = house.browser(house.seller)
    page = browser.post("/account/keys/", {"name": "till", "lifetime_days": "30"}).content.decode()
    (key,) = re.findall(r"zk_[\w-]{43}", page)
    token = Token.objects.get()
    assert token.digest == services.digest_of(key)
    assert token.expires_at is not None
    assert key not in browser.get("/account/keys/").content.decode()

    other = house.browser(house.administrator)
    assert other.post(f"/account/keys/{token.pk}/revoke/").status_code == 404
    assert Token.objects.get().revoked_at is None
    assert browser.post(f"/account/keys/{token.pk}/revoke/").status_code == 302
    assert Token.objects.get().revoked_at is not None


def test_an_administrator_creates_and_edits_people(house: House) -> None:
    browser = house.browser(house.administrator)
    role, team = house.roles["manager"], services.create_team(actor=SYSTEM, name="总部")
    form = {"username": "new", "name": "新人", "password": PASSWORD, "roles": [role.pk], "team": team.pk}
    assert browser.post("/settings/users/new/", form).status_code == 302
    user = User.objects.get(username="new")
    assert (user.name, user.team, list(user.roles.all())) == ("新人", team, [role])
    assert "Somebody already has this user name." in browser.post("/settings/users/new/", form).content.decode()

    edited = {"name": "旧人", "email": "", "roles": [role.pk], "team": ""}
    assert browser.post(f"/settings/users/{user.pk}/", edited).status_code == 302
    user.refresh_from_db()
    assert (user.name, user.team, user.is_active) == ("旧人", None, False)
    assert browser.post(f"/settings/users/{user.pk}/password/", {"new": "another good one"}).status_code == 302
    user.refresh_from_db()
    assert user.check_password("another good one")
    page = browser.post(f"/settings/users/{house.administrator.pk}/", edited).content.decode()
    assert "Nobody could manage users any more" in page


def test_an_administrator_shapes_teams(house: House) -> None:
    browser = house.browser(house.administrator)
    browser.post("/settings/teams/new/", {"name": "总部"})
    top = Team.objects.get()
    browser.post("/settings/teams/new/", {"name": "华东", "parent": top.pk})
    below = Team.objects.get(name="华东")
    assert below.path == f"/{top.pk}/{below.pk}/"
    assert browser.post(f"/settings/teams/{top.pk}/", {"name": "总部", "parent": below.pk}).status_code == 200
    assert "still has members" in browser.post(f"/settings/teams/{top.pk}/delete/").content.decode()
    assert browser.post(f"/settings/teams/{below.pk}/delete/").status_code == 302
    assert list(Team.objects.all()) == [top]


def test_an_administrator_makes_roles(house: House) -> None:
    browser = house.browser(house.administrator)
    page = browser.get("/settings/roles/new/").content.decode()
    fields = dict.fromkeys(re.findall(r'name="(\w+\.\w+)"', page), "0")
    form = {**fields, "name": "导购", "customers.view_customer": str(Scope.TEAM.value)}
    assert browser.post("/settings/roles/new/", form).status_code == 302
    role = Role.objects.get(name="导购")
    assert [(grant.permission, grant.scope) for grant in role.grants.all()] == [("customers.view_customer", Scope.TEAM)]
    browser.post(f"/settings/roles/{role.pk}/", {**form, "name": "店员", "customers.view_customer": "1"})
    assert (Role.objects.get(pk=role.pk).name, role.grants.get().scope) == ("店员", Scope.OWN)
    built_in = house.roles["manager"]
    assert "cannot be changed" in browser.post(f"/settings/roles/{built_in.pk}/delete/").content.decode()
    assert browser.post(f"/settings/roles/{role.pk}/delete/").status_code == 302
    assert Role.objects.count() == 5
