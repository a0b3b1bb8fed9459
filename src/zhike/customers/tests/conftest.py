"""A small company: a team tree, its people, and customers with facts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from zhike.accounts import services as accounts
from zhike.accounts.actors import actor_of
from zhike.accounts.models import Role, Team, User
from zhike.core.actor import SYSTEM, Actor, Scope
from zhike.core.lists.operators import Asking
from zhike.customers.models import Customer, CustomerFacts
from zhike.customers.services import people
from zhike.customers.services.identifiers import NewIdentifier
from zhike.customers.services.search import Findable, put_search

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
MakeCustomer = Callable[..., Customer]


@dataclass(frozen=True, kw_only=True)
class Company:
    """root > east > shop; west beside east. One person per scope."""

    root: Team
    east: Team
    shop: Team
    west: Team
    seller: User
    colleague: User
    team_lead: User
    manager: User
    boss: User
    guest: User

    def actor(self, name: str) -> Actor:
        return actor_of(User.objects.get(username=name))


@pytest.fixture
def company(db: None) -> Company:
    teams: dict[str, Team] = {}
    for name, parent in (("root", None), ("east", "root"), ("shop", "east"), ("west", "root")):
        teams[name] = accounts.create_team(actor=SYSTEM, name=name, parent=teams[parent] if parent else None)
    grants = [
        "customers.view_customer",
        "customers.create_customer",
        "customers.edit_customer",
        "customers.export_customer",
        "commerce.view_order",
    ]

    def role(scope: Scope) -> Role:
        return accounts.put_role(
            actor=SYSTEM, code=scope.name.lower(), name=scope.name, grants=dict.fromkeys(grants, scope)
        )

    def person(username: str, team: str, *roles: Role) -> User:
        user = User.objects.create(username=username, name=username, team=teams[team], locale="en")
        user.roles.set(roles)
        return user

    return Company(
        **teams,
        seller=person("seller", "shop", role(Scope.OWN)),
        colleague=person("colleague", "shop", role(Scope.OWN)),
        team_lead=person("team_lead", "shop", role(Scope.TEAM)),
        manager=person("manager", "east", role(Scope.TEAM_AND_BELOW)),
        boss=person("boss", "root", role(Scope.ALL)),
        guest=person("guest", "shop"),
    )


@pytest.fixture
def make_customer(db: None) -> MakeCustomer:
    def make(name: str, *, facts: dict[str, Any] | None = None, **fields: Any) -> Customer:
        fields = {"name_normal": name.lower(), "name_pinyin": name.lower(), "created_at": NOON} | fields
        customer = Customer.objects.create(name=name, updated_at=NOON, **fields)
        put_search([Findable(customer_id=customer.pk, name=name, reading=customer.name_pinyin)])
        if facts is not None:
            filled = {"stage": "new", "relationship": "repeat", "amount": Decimal(0)} | facts
            CustomerFacts.objects.create(customer=customer, run_id=1, as_of=date(2026, 11, 22), **filled)
        return customer

    return make


@pytest.fixture
def asking_as() -> Callable[[Actor], Asking]:
    return lambda actor: Asking(actor=actor, now=NOON, zone=SHANGHAI)


@pytest.fixture
def export_folder(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zhike.exports.models.settings.HOME", type(settings.HOME)(path=tmp_path))


@pytest.fixture
def three(company: Company) -> list[Customer]:
    made = []
    for number, name in enumerate(("周一", "李二", "阿三")):
        identifiers = [NewIdentifier(kind="phone", value=f"1380013800{number}{place}"[:11]) for place in range(1)]
        made.append(
            people.create_customer(
                actor=SYSTEM,
                at=NOON,
                name=name,
                city="上海",
                owner=company.seller.pk,
                team=company.shop.pk,
                identifiers=[*identifiers, NewIdentifier(kind="email", value=f"box{number}@example.com")],
                tags=["vip"],
            )
        )
    return made
