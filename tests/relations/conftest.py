"""Customers who belong together, and people who see all or a part of them."""

from collections.abc import Callable

import pytest
from tests.duplicates.conftest import (  # noqa: F401
    LATER,
    NOON,
    Make,
    boss,
    in_english,
    make,
    seller,
)

from zhike.core.actor import SYSTEM
from zhike.customers.models import Customer
from zhike.relations.models import Relation
from zhike.relations.services import relating

type Relate = Callable[..., Relation]


@pytest.fixture
def relate(db: None) -> Relate:
    def join(one: Customer, other: Customer, aspect: str, **details: object) -> Relation:
        return relating.add_relation(
            actor=SYSTEM, customer_id=one.pk, other_id=other.pk, aspect=aspect, details=details, at=NOON
        )

    return join
