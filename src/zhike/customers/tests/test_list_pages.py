"""Keyset pages of every order equal the plain sorted list, whatever ties and gaps there are."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhike.core.actor import SYSTEM
from zhike.core.lists import registry
from zhike.core.lists.operators import Asking
from zhike.core.lists.state import State
from zhike.core.paging import CursorInvalid, Page
from zhike.customers import selectors
from zhike.customers.cells import Style
from zhike.customers.listing import KEY
from zhike.customers.models import Customer, Grade
from zhike.customers.selectors.listing import find_customers
from zhike.customers.tests.conftest import NOON, SHANGHAI, MakeCustomer

STYLE = Style(language="en", zone=SHANGHAI, now=NOON, currency="CNY")
ASKING = Asking(actor=SYSTEM, now=NOON, zone=SHANGHAI)
DAY = date(2026, 1, 1)

facts = st.none() | st.fixed_dictionaries(
    {
        "amount": st.sampled_from([Decimal("-3.5"), Decimal(0), Decimal("7.125"), Decimal(12)]),
        "order_count": st.integers(0, 2),
        "last_order_on": st.none() | st.sampled_from([DAY, DAY + timedelta(days=1)]),
        "grade": st.sampled_from(["", *Grade.values]),
    }
)
customers = st.lists(st.tuples(st.sampled_from(["ada", "bo", "cy"]), st.integers(0, 2), facts), max_size=14)


def walk(sort: str, size: int, *, is_descending: bool, search: str = "") -> Iterator[int]:
    after = ""
    while True:
        found = selectors.list_customers(
            actor=SYSTEM,
            asking=ASKING,
            state=State(sort=sort, is_descending=is_descending, search=search),
            page=Page(size=size, after=after),
            style=STYLE,
        )
        yield from (row.pk for row in found.rows)
        after = found.next_cursor
        if not after:
            return


def sorted_plainly(sort: str, *, is_descending: bool) -> list[int]:
    """By Python: the order's key, then newest first; those without a key last, newest first."""
    rows = list(Customer.objects.select_related("facts"))
    sign = -1 if is_descending else 1

    def fact(row: Customer, name: str) -> Any:
        return getattr(row.facts, name) if hasattr(row, "facts") else None

    if sort == "grade":
        places = {grade: place for place, grade in enumerate(Grade.values)}
        known = [row for row in rows if fact(row, "grade")]
        known.sort(key=lambda row: (places[fact(row, "grade")] * -sign, -row.pk))
        rest = [row for row in rows if not fact(row, "grade")]
        return [row.pk for row in known] + [row.pk for row in sorted(rest, key=lambda row: -row.pk)]
    names = {"amount": "amount", "orders": "order_count", "last_order": "last_order_on"}
    keys: dict[int, Any] = {}
    for row in rows:
        match sort:
            case "newest":
                keys[row.pk] = 0
            case "name":
                keys[row.pk] = row.name_pinyin
            case "created":
                keys[row.pk] = row.created_at
            case _:
                keys[row.pk] = fact(row, names[sort])
    known_pks = [pk for pk, key in keys.items() if key is not None]
    known_pks.sort(key=lambda pk: (keys[pk], pk), reverse=is_descending)
    return known_pks + sorted((pk for pk, key in keys.items() if key is None), reverse=True)


@pytest.mark.parametrize("is_descending", [True, False])
@pytest.mark.parametrize("sort", ["newest", "name", "created", "amount", "orders", "last_order", "grade"])
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=customers, size=st.integers(1, 5))
def test_pages_equal_the_sorted_list(
    make_customer: MakeCustomer, sort: str, is_descending: bool, made: list[Any], size: int
) -> None:
    with transaction.atomic():
        for name, minutes, fact in made:
            make_customer(name, created_at=NOON + timedelta(minutes=minutes), facts=fact)
        shown = list(walk(sort, size, is_descending=is_descending))
        assert shown == sorted_plainly(sort, is_descending=is_descending)
        transaction.set_rollback(True)


def test_every_order_is_covered_here() -> None:
    assert set(registry.get(KEY).fixed_sorts) == {
        "newest",
        "name",
        "created",
        "amount",
        "orders",
        "last_order",
        "grade",
    }


def test_a_search_pages_through_all_that_match(make_customer: MakeCustomer) -> None:
    wanted = [make_customer(f"ada {number}").pk for number in range(7)]
    make_customer("bo")
    assert list(walk("newest", 2, is_descending=True, search="ada")) == sorted(wanted, reverse=True)


def test_a_cursor_of_another_order_is_refused(make_customer: MakeCustomer) -> None:
    for number in range(3):
        make_customer(f"ada {number}")
    first = selectors.list_customers(
        actor=SYSTEM, asking=ASKING, state=State(sort="name"), page=Page(size=1), style=STYLE
    )
    for state, cursor in ((State(), first.next_cursor), (State(), "made-up"), (State(search="a"), first.next_cursor)):
        with pytest.raises(CursorInvalid):
            selectors.list_customers(
                actor=SYSTEM, asking=ASKING, state=state, page=Page(size=1, after=cursor), style=STYLE
            )


@pytest.mark.parametrize("is_descending", [True, False])
@pytest.mark.parametrize("sort", ["newest", "name", "created", "amount", "orders", "last_order", "grade"])
def test_every_order_is_an_index_range(make_customer: MakeCustomer, sort: str, is_descending: bool) -> None:
    for number in range(6):
        make_customer(f"ada {number}", facts={"grade": "top", "order_count": 1, "last_order_on": DAY})
    state = State(sort=sort, is_descending=is_descending)
    first = selectors.list_customers(actor=SYSTEM, asking=ASKING, state=state, page=Page(size=2), style=STYLE)
    with CaptureQueriesContext(connection) as queries, connection.cursor() as cursor:
        page = Page(size=2, after=first.next_cursor)
        find_customers(actor=SYSTEM, asking=ASKING, state=state, page=page)
        # A few rows are quicker read as a whole; these say what is possible at all.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
        asked = [query["sql"] for query in queries.captured_queries if "ORDER BY" in query["sql"]]
        assert asked
        for statement in asked:
            cursor.execute(f"EXPLAIN {statement}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "Sort Key" not in plan, plan
    assert "ROW(" in asked[0] or sort in ("newest", "grade")
