"""Who may do what, and that somebody can always say so."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.utils.timezone import now

from zhike.accounts import services, setup
from zhike.accounts.actors import actor_of
from zhike.accounts.models import Grant, Role, User
from zhike.accounts.tests.conftest import PASSWORD, House
from zhike.core.actor import EVERYWHERE, SYSTEM, Scope


def edit(house: House, user: User, **changes: Any) -> None:
    present = {"name": user.name, "email": user.email, "team": user.team, "roles": user.roles.all(), "is_active": True}
    services.edit_user(actor=house.actor(house.administrator), user=user, **{**present, **changes})


@pytest.mark.parametrize("change", [{"is_active": False}, {"roles": []}])
def test_the_last_administrator_stays(house: House, change: dict[str, Any]) -> None:
    with pytest.raises(services.LastAdministrator):
        edit(house, house.administrator, **change)
    administrator = User.objects.get(pk=house.administrator.pk)
    assert administrator.is_active
    assert list(administrator.roles.all()) == [house.roles["administrator"]]
    edit(house, house.seller, roles=[house.roles["administrator"]])
    edit(house, house.administrator, **change)


def test_the_last_role_that_manages_users_keeps_doing_so(house: House) -> None:
    own = services.create_role(actor=SYSTEM, name="Own", grants={"accounts.manage_users": Scope.ALL})
    edit(house, house.administrator, roles=[own])
    with pytest.raises(services.LastAdministrator):
        services.edit_role(actor=SYSTEM, role=own, name="Own", grants={})
    assert Grant.objects.filter(role=own).exists()


@pytest.mark.django_db(transaction=True)
def test_two_administrators_cannot_remove_each_other_at_once(transactional_db: None, house: House) -> None:
    edit(house, house.seller, roles=[house.roles["administrator"]])
    actors = {user.pk: house.actor(user) for user in (house.administrator, house.seller)}
    pairs = [(house.administrator, house.seller), (house.seller, house.administrator)]

    def remove(pair: tuple[User, User]) -> bool:
        by, of = pair
        try:
            services.edit_user(
                actor=actors[by.pk], user=of, name=of.name, email="", team=None, roles=[], is_active=True
            )
        except services.LastAdministrator:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(remove, pairs)) == [False, True]


def test_roles_add_up(house: House) -> None:
    edit(house, house.seller, roles=[house.roles["representative"], house.roles["analyst"]])
    assert house.actor(house.seller).reach_of("customers.view_customer") == EVERYWHERE
    assert not house.actor(house.seller).may("accounts.manage_users")


def test_built_in_roles_and_held_roles_stay(house: House) -> None:
    for role in house.roles.values():
        with pytest.raises(services.RoleBuiltIn):
            services.edit_role(actor=SYSTEM, role=role, name="x", grants={})
        with pytest.raises(services.RoleBuiltIn):
            services.delete_role(actor=SYSTEM, role=role)
    own = services.create_role(actor=SYSTEM, name="Own", grants={"customers.view_customer": Scope.OWN})
    edit(house, house.seller, roles=[own])
    with pytest.raises(services.RoleHeld):
        services.delete_role(actor=SYSTEM, role=own)
    edit(house, house.seller, roles=[house.roles["representative"]])
    services.delete_role(actor=SYSTEM, role=own)
    assert not Role.objects.filter(pk=own.pk).exists()


def test_a_grant_that_no_app_knows_is_refused(house: House) -> None:
    with pytest.raises(services.GrantUnknown):
        services.create_role(actor=SYSTEM, name="Own", grants={"customers.fly": Scope.ALL})
    assert Role.objects.count() == 5


def test_user_names_are_unique_whatever_their_case(house: House) -> None:
    with pytest.raises(services.UsernameTaken):
        services.create_user(actor=SYSTEM, username="ADMIN", name="x", password=PASSWORD, roles=[])
    with pytest.raises(ValidationError):
        services.create_user(actor=SYSTEM, username="new", name="x", password="short", roles=[])
    assert User.objects.count() == 2


def test_a_seller_manages_nobody(house: House) -> None:
    seller = house.actor(house.seller)
    before = list(User.objects.order_by("pk").values())
    with pytest.raises(PermissionDenied):
        services.create_user(actor=seller, username="new", name="x", password=PASSWORD, roles=[])
    with pytest.raises(PermissionDenied):
        services.edit_user(
            actor=seller,
            user=house.seller,
            name="x",
            email="",
            team=None,
            roles=[house.roles["administrator"]],
            is_active=True,
        )
    with pytest.raises(PermissionDenied):
        services.reset_password(actor=seller, user=house.administrator, password="something quite new", at=now())
    with pytest.raises(PermissionDenied):
        services.create_role(actor=seller, name="x", grants={})
    with pytest.raises(PermissionDenied):
        services.delete_role(actor=seller, role=house.roles["manager"])
    assert list(User.objects.order_by("pk").values()) == before
    assert Role.objects.count() == 5
    assert list(User.objects.get(pk=house.seller.pk).roles.all()) == [house.roles["representative"]]


def test_somebody_made_from_the_command_line_has_roles_and_a_team(db: None) -> None:
    user = setup.create_user_from_outside(
        username="first", name="一", password=PASSWORD, role_codes=["administrator"], team_names=["总部", "华东"]
    )
    assert user.team is not None
    assert user.team.parent is not None
    assert user.team.parent.name == "总部"
    assert actor_of(user).reach_of("accounts.manage_users").is_all
    with pytest.raises(setup.RoleUnknown):
        setup.create_user_from_outside(username="x", name="x", password=PASSWORD, role_codes=["king"], team_names=[])
    assert User.objects.count() == 1
