"""How lists are read as the application's role under the policies: no large table from end to end, search by its index.

With 20,000 customers and true statistics, so that PostgreSQL has the choice. At a million `benchmarks/policy.py` asks
the same and fails where a table is read whole.
"""

import re
from collections.abc import Iterator

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from pytest_django.plugin import DjangoDbBlocker
from tests.policy.test_finding import SIZES, STATES, asking
from tests.policy.world import World, actor_named

from zhike.core.acting import acting, seeing_everything
from zhike.core.finder import Asked
from zhike.core.lists.state import State
from zhike.core.paging import Page
from zhike.core.text import grams
from zhike.customers import findable, selectors
from zhike.customers.cells import Style
from zhike.customers.finding import FEW_TEXTS
from zhike.customers.models import Customer
from zhike.customers.selectors import reaching
from zhike.customers.sought import FEW, STRETCH
from zhike.customers.tests.conftest import NOON, SHANGHAI
from zhike.metadata import indexes
from zhike.metadata.filed_parts import file_field
from zhike.metadata.kinds import Known
from zhike.metadata.models import Kind

pytestmark = [pytest.mark.django_db(databases=["default"]), pytest.mark.last]

STYLE = Style(language="en", zone=SHANGHAI, now=NOON, currency="CNY")
FILES = [Known(record="customers.customer", key=key, kind=Kind.FILE, label=key) for key in ("few", "many")]
LARGE = ("customers_customer", "customers_customerfacts", "customers_customersearch", "customers_identifier")
FIRST = 1_000_000
CROWD = 30_000
MINE = max(FEW_TEXTS, FEW) + 500  # more than are looked through one by one
PLANT = """
    WITH made AS (
        INSERT INTO customers_customer (id, kind, name, name_normal, name_pinyin, channel, relationship, country,
            province, city, note, created_at, updated_at, version, custom, owner_id, team_id)
        SELECT 1000000 + n, 'person', 'Crowd ' || n, 'crowd ' || n, 'crowd ' || n, '', '', '', '', '', '', now(),
            now(), 1, jsonb_build_object(CASE WHEN n %% 150 = 0 THEN 'few' ELSE 'many' END, '[{}]'::jsonb),
            CASE WHEN n <= %(mine)s THEN %(owner)s ELSE %(other)s END,
            CASE WHEN n <= %(mine)s THEN %(shop)s ELSE %(root)s END
        FROM generate_series(1, %(crowd)s) AS n RETURNING id
    ), facts AS (
        INSERT INTO customers_customerfacts (customer_id, run_id, as_of, grade, stage, relationship, order_count,
            amount, last_order_on)
        SELECT id, 1, current_date, 'normal', 'new', 'first_time', id %% 40, id * 7919 %% 10007,
            current_date - (id %% 900)::integer FROM made
    ), marks AS (
        INSERT INTO customers_identifier (customer_id, kind, system, value, value_normal, strength, source, is_primary,
            created_at, version)
        SELECT id, 'phone', '', '139' || id, '139' || id, 2, '', true, now(), 1 FROM made
    )
    INSERT INTO customers_customersearch (customer_id, text, grams)
    SELECT id, 'crowd ' || lpad((id %% 500)::text, 3, '0'), ARRAY['cro', 'row', 'owd', lpad((id %% 500)::text, 3, '0')]
    FROM made
"""


@pytest.fixture(scope="module")
def crowd(world: World, django_db_blocker: DjangoDbBlocker) -> World:
    """Emptied with the planted company. Its ids leave those alone that other tests count on to be low."""
    people, teams = world.users, world.teams
    told = {"owner": people["own"].pk, "other": people["away"].pk, "shop": teams["shop"].pk, "root": teams["root"].pk}
    with django_db_blocker.unblock(), seeing_everything():
        with connection.cursor() as cursor:
            cursor.execute(PLANT, {**told, "mine": MINE, "crowd": CROWD})
        with connections["owner"].cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")
        connections["owner"].close()
    return world


@pytest.fixture(scope="module")
def filed(crowd: World, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Two fields of files: one that few have, and one that few have not."""
    with django_db_blocker.unblock():
        for field in FILES:
            indexes.build(field)
        yield crowd
        for field in FILES:
            indexes.drop(field)


def scans() -> dict[str, int]:
    """How often this transaction read each large table from end to end, and the index of search pieces at all."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, seq_scan FROM pg_stat_xact_user_tables WHERE relname = ANY (%s)", [[*LARGE]])
        found = dict(cursor.fetchall())
        cursor.execute("SELECT pg_stat_get_xact_numscans('customers_search_grams'::regclass)")
        return {**found, "pieces": cursor.fetchone()[0]}


def plan_of(query: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {query}")
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.parametrize("user", ["own", "subordinates", "team", "below", "chosen", "collaborator", "mixed"])
def test_no_list_reads_a_table_from_end_to_end(crowd: World, user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    actor = actor_named(crowd, user)
    before = scans()
    with acting(actor), CaptureQueriesContext(connection) as asked:
        for size in SIZES.values():
            monkeypatch.setattr(reaching, "size_of", lambda actor, size=size: size)
            for state in STATES:
                page = Page(size=50)
                selectors.list_customers(actor=actor, asking=asking(actor), state=state, page=page, style=STYLE)
                selectors.count_customers(actor=actor, asking=asking(actor), state=state)
    after = scans()
    assert {table: after[table] - before[table] for table in LARGE} == dict.fromkeys(LARGE, 0)
    with acting(actor):
        plans = [plan_of(sql) for one in asked if (sql := one["sql"]).lstrip().startswith("SELECT")]
    assert plans
    assert not [plan for plan in plans for table in LARGE if f"Seq Scan on {table}" in plan]


@pytest.mark.parametrize("user", ["everything", "own", "team"])
def test_whether_there_is_a_file_is_told_by_an_index_for_each_answer(filed: World, user: str) -> None:
    actor = actor_named(filed, user)
    few, many = FILES
    with acting(actor):
        for field, operator, index in (
            (few, "filled", indexes.name_of(few, is_unique=False)),
            (many, "empty", indexes.name_without(many)),
        ):
            offered = file_field(field).compile
            assert offered is not None
            found = Customer.objects.visible_to(actor).filter(offered(operator, [], asking(actor)))
            plan = found.order_by("-pk")[:51].explain()
            assert index in plan, plan
            assert "Seq Scan on customers_customer" not in plan
            guessed = int(re.search(r"rows=(\d+)", found.explain())[1])  # type: ignore[index]
            assert guessed <= CROWD / 150 * 1.5
        for field, operator in ((few, "empty"), (many, "filled")):
            offered = file_field(field).compile
            assert offered is not None
            frequent = Customer.objects.visible_to(actor).filter(offered(operator, [], asking(actor)))
            assert "Seq Scan on customers_customer" not in frequent.order_by("-pk")[:51].explain()


def test_search_uses_its_index_only_inside_the_function(crowd: World) -> None:
    """Why there is a function: a policy shuts out the index of pieces."""
    pieces = "SELECT customer_id FROM customers_customersearch WHERE grams @> ARRAY['123']"
    actor = actor_named(crowd, "own")
    with seeing_everything():
        assert "customers_search_grams" in plan_of(pieces)
    with acting(actor):
        assert "customers_search_grams" not in plan_of(pieces)
        before = scans()
        state = State(search="123")
        found = selectors.find_customers(actor=actor, asking=asking(actor), state=state, page=Page(size=50))
        assert len(found.items) == MINE / 500
        assert scans()["pieces"] == before["pieces"] + 1


def test_the_search_box_finds_few_of_many_who_have_a_frequent_word(crowd: World) -> None:
    """Of some scattered among those with a word that 30,000 have: as many as are asked for, and no others."""
    people, teams = crowd.users, crowd.teams
    before = Customer.objects.filter(pk__gt=FIRST, owner=people["own"])
    with seeing_everything():
        before.update(owner=people["away"], team=teams["root"])
        scattered = Customer.objects.filter(pk__gt=FIRST + CROWD - STRETCH - MINE, pk__lte=FIRST + CROWD - STRETCH)
        mine = {*scattered.values_list("pk", flat=True)}
        scattered.update(owner=people["own"], team=teams["shop"])
    actor = actor_named(crowd, "own")
    with acting(actor), connection.cursor() as cursor:
        for word, count in (("crowd", 30), ("crowd 123", MINE // 500)):
            asked = Asked(actor=actor, typed=word)
            terms = grams.query(word)
            cursor.execute(
                "SELECT * FROM customers_sought(%s::text[], %s::text[], '', '', '', '', '{}'::bigint[], 30)",
                [[piece for term in terms for piece in term.grams], [term.like for term in terms]],
            )
            found = [pk for (pk,) in cursor.fetchall()]
            assert len({*found}) == count
            assert {*found} <= mine
            assert {one.record_id for one in findable.find(asked)} <= mine
