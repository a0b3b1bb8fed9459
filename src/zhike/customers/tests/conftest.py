"""A small company: a team tree, its people, and customers with facts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from zhike.accounts.actors import actor_of
from zhike.accounts.models import Grant, Role, Team, User
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM, Actor, Scope
from zhike.core.lists.operators import Asking
from zhike.customers.models import Customer, CustomerFacts
from zhike.customers.services import attaching, filling, people
from zhike.customers.services.identifiers import NewIdentifier
from zhike.customers.services.search import Findable, put_search

PDF = b"%PDF-1.7\n"
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


GRANTS = (
    "customers.view_customer",
    "customers.create_customer",
    "customers.edit_customer",
    "customers.export_customer",
    "commerce.view_order",
)
TEAMS = {"root": None, "east": "root", "shop": "east", "west": "root"}
PEOPLE = {
    "seller": ("shop", Scope.OWN),
    "colleague": ("shop", Scope.OWN),
    "team_lead": ("shop", Scope.TEAM),
    "manager": ("east", Scope.TEAM_AND_BELOW),
    "boss": ("root", Scope.ALL),
    "guest": ("shop", None),
}


@pytest.fixture
def company(db: None) -> Company:
    """Made table by table: hundreds of tests begin with it."""
    teams = dict(zip(TEAMS, Team.objects.bulk_create(Team(name=name, path=name) for name in TEAMS), strict=True))
    for name, above in TEAMS.items():
        team = teams[name]
        team.parent = teams[above] if above else None
        team.path = f"{team.parent.path if team.parent else '/'}{team.pk}/"
    Team.objects.bulk_update(teams.values(), ["parent", "path"])
    scopes = {scope for _team, scope in PEOPLE.values() if scope is not None}
    roles = {
        role.name: role for role in Role.objects.bulk_create(Role(code=s.name.lower(), name=s.name) for s in scopes)
    }
    Grant.objects.bulk_create(
        Grant(role=roles[scope.name], permission=permission, scope=scope) for scope in scopes for permission in GRANTS
    )
    users = User.objects.bulk_create(
        User(username=name, name=name, team=teams[team], locale="en") for name, (team, _scope) in PEOPLE.items()
    )
    User.roles.through.objects.bulk_create(
        User.roles.through(user=user, role=roles[scope.name])
        for user, (_team, scope) in zip(users, PEOPLE.values(), strict=True)
        if scope is not None
    )
    everything: dict[str, Any] = {**teams, **dict(zip(PEOPLE, users, strict=True))}
    return Company(**everything)


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
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where files lie, for tests that write some."""
    made = type(settings.HOME)(path=tmp_path)
    monkeypatch.setattr(settings, "HOME", made)
    return made.files_dir


def put_file(customer: Customer, content: bytes = PDF, name: str = "合同.pdf", field: str = "contract") -> str:
    """Into an own field; its id."""
    file = attaching.Given(content=BytesIO(content), name=name)
    with acting(SYSTEM, origin="web"):
        return filling.add_file(actor=SYSTEM, customer_id=customer.pk, field=f"custom.{field}", file=file, at=NOON)[1]


def files_in(home: Path) -> list[Path]:
    return sorted(path for path in home.rglob("*") if path.is_file())


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
