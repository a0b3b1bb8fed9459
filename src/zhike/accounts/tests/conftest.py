"""Roles as they come with Zhike, an administrator, and somebody who may do little."""

from dataclasses import dataclass

import pytest
from django.test import Client

from zhike.accounts import services
from zhike.accounts.actors import actor_of
from zhike.accounts.models import Role, User
from zhike.core.actor import SYSTEM, Actor

PASSWORD = "correct horse battery"


@dataclass(frozen=True, kw_only=True)
class House:
    """administrator: may do everything; seller: a representative."""

    roles: dict[str, Role]
    administrator: User
    seller: User

    def actor(self, user: User) -> Actor:
        return actor_of(User.objects.get(pk=user.pk))

    def browser(self, user: User) -> Client:
        client = Client()
        assert client.login(username=user.username, password=PASSWORD)
        return client


@pytest.fixture
def house(db: None) -> House:
    roles = services.put_builtin_roles(actor=SYSTEM)

    def hire(username: str, role: str) -> User:
        return services.create_user(
            actor=SYSTEM, username=username, name=username, password=PASSWORD, roles=[roles[role]], locale="en"
        )

    return House(roles=roles, administrator=hire("Admin", "administrator"), seller=hire("Seller", "representative"))
