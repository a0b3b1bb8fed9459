"""Customers with everything that can hang on one."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation

from zhike.accounts import services as accounts
from zhike.accounts.actors import actor_of
from zhike.accounts.models import User
from zhike.commerce import services as commerce
from zhike.core.access import list_permissions
from zhike.core.actor import SYSTEM, Actor, Scope
from zhike.customers.models import Customer, CustomerFacts
from zhike.customers.services import activities, people
from zhike.customers.services.identifiers import NewIdentifier

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
LATER = datetime(2026, 11, 22, 5, tzinfo=UTC)
type Make = Callable[..., Customer]


def person(name: str, scope: Scope, *, but: str = "") -> User:
    grants = {one.code: scope for one in list_permissions() if one.code != but}
    role = accounts.put_role(actor=SYSTEM, code=name, name=name, grants=grants)
    return accounts.create_user(
        actor=SYSTEM, username=name, name=name, password="long enough for all", roles=[role], team=None
    )


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def boss(db: None) -> Actor:
    return actor_of(person("boss", Scope.ALL))


@pytest.fixture
def seller(db: None) -> Actor:
    return actor_of(person("seller", Scope.OWN))


@pytest.fixture
def make(db: None) -> Make:
    def plant(
        name: str, *, phone: str = "", tags: tuple[str, ...] = (), orders: int = 0, note: str = "", **more: Any
    ) -> Customer:
        identifiers = [NewIdentifier(kind="phone", value=phone)] if phone else []
        customer = people.create_customer(
            actor=SYSTEM, at=NOON, name=name, identifiers=identifiers, tags=tags, note=note, **more
        )
        for number in range(orders):
            commerce.create_order(
                actor=SYSTEM,
                at=NOON,
                source="s",
                number=f"{customer.pk}-{number}",
                placed_at=NOON,
                currency="CNY",
                lines=[commerce.LineDraft(quantity=Decimal(1), unit_price=Decimal("10.5"))],
                customer_id=customer.pk,
            )
        activities.add_activity(actor=SYSTEM, customer_id=customer.pk, kind="note", text=f"of {name}", at=NOON)
        if orders:
            CustomerFacts.objects.create(
                customer=customer,
                run_id=1,
                as_of=NOON.date(),
                stage="new",
                relationship="active",
                order_count=orders,
                amount=Decimal("10.5") * orders,
                first_order_on=NOON.date(),
                last_order_on=NOON.date(),
            )
        return customer

    return plant
