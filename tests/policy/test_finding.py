"""The functions that find a page's ids within the caller's reach find what the predicate finds."""

import pytest
from django.db import connection
from tests.policy.world import EVERYBODY, World, actor_named

from zhike.core.acting import acting
from zhike.core.actor import ANONYMOUS, SYSTEM, Actor
from zhike.core.lists.operators import Asking
from zhike.core.lists.state import State
from zhike.core.paging import Page
from zhike.customers import selectors
from zhike.customers.finding import FEW, MANY, ORDERS
from zhike.customers.selectors import reaching
from zhike.customers.tests.conftest import NOON, SHANGHAI

pytestmark = pytest.mark.django_db

SORTS = ("newest", "name", "created", "amount", "orders", "last_order", "grade")
STATES = [
    *(State(sort=sort, is_descending=is_descending) for sort in SORTS for is_descending in (True, False)),
    State(search="guest1"),
    State(search="13800000012"),
    State(search="guest", sort="amount"),
]
# The three ways through an order, whatever the size of the test's company.
SIZES = {"few": FEW, "some": FEW + 1, "many": MANY + 1}


def asking(actor: Actor) -> Asking:
    return Asking(actor=actor, now=NOON, zone=SHANGHAI)


def pages(actor: Actor, state: State, *, size: int) -> list[int]:
    shown: list[int] = []
    after = ""
    while True:
        page = Page(size=size, after=after)
        found = selectors.find_customers(actor=actor, asking=asking(actor), state=state, page=page)
        shown += found.items
        after = found.next_cursor
        if not after:
            return shown


@pytest.mark.parametrize("way", SIZES)
@pytest.mark.parametrize("user", [user for user in EVERYBODY if user != "nobody"])  # who may not even order by name
def test_the_same_pages_as_by_the_predicate(world: World, user: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaching, "size_of", lambda actor: SIZES[way])
    actor = actor_named(world, user)
    for state in STATES:
        with acting(SYSTEM):
            expected = pages(actor, state, size=100)
            count = selectors.count_customers(actor=actor, asking=asking(actor), state=state)
        with acting(actor):
            assert pages(actor, state, size=2) == expected, state
            assert selectors.count_customers(actor=actor, asking=asking(actor), state=state) == count, state
        assert count.value == len(expected)
    assert len(expected) == sum(world.sees(user, one) for one in world.planted)


def test_who_acts_as_nobody_finds_nothing(world: World) -> None:
    with acting(ANONYMOUS):
        assert reaching.count_reached(limit=10) == 0
        assert reaching.newest_reached(below=2**63 - 1, limit=10) == []


def test_what_acts_as_the_owner_looks_up_names_in_one_place_and_is_known() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, array_to_string(proconfig, ','), has_function_privilege('public', oid, 'execute')"
            " FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace AND proname LIKE 'customers%%'"
        )
        found = {name: (settings, is_public) for name, settings, is_public in cursor.fetchall()}
    assert len(found) == 7 + 2 * len(ORDERS)
    assert all("search_path=public, pg_temp" in settings for settings, _is_public in found.values()), found
    assert {name for name, (_settings, is_public) in found.items() if is_public} == {"customers_shared"}
