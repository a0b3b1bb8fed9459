"""Months come by themselves and end by themselves, and what is left is proved as before."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test import override_settings
from django.utils.timezone import now

from zhike.audit import keeping, sealing, tasks, verifying
from zhike.audit.models import Entry, Leaf, Payload
from zhike.audit.selectors import history
from zhike.core.actor import SYSTEM
from zhike.core.paging import Page
from zhike.customers.models import Customer

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.usefixtures("history")]

OLD = datetime(2020, 3, 15, 4, tzinfo=UTC)


def as_owner(*statements: str, **values: object) -> None:
    with connections["owner"].cursor() as owner:
        for statement in statements:
            owner.execute(statement, values or None)


def partitions() -> set[str]:
    with connections["owner"].cursor() as owner:
        owner.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_entry'::regclass")
        return {name for (name,) in owner.fetchall()}


@pytest.fixture
def old(history: None) -> list[int]:
    """Three sealed entries of a month long ago, then two of today; the numbers of the three."""
    for kind in ("entry", "payload"):
        as_owner(
            f"CREATE TABLE audit_{kind}_2020_03 PARTITION OF audit_{kind}"
            " FOR VALUES FROM ('2020-03-01 00:00+00') TO ('2020-04-01 00:00+00')"
        )
    as_owner(
        "INSERT INTO audit_entry (id, at, origin, request, action, table_name, row_count, ids, subject, text_count)"
        " SELECT n, %(at)s, '', '', 'insert', 'accounts_team', 1, '{1}', 'accounts_team', 1"
        " FROM generate_series(1000000001, 1000000003) AS n",
        "INSERT INTO audit_payload (entry_id, at, seed, texts)"
        " SELECT n, %(at)s, '\\x00', '{x}' FROM generate_series(1000000001, 1000000003) AS n",
        "INSERT INTO audit_unsealed SELECT n, %(at)s FROM generate_series(1000000001, 1000000003) AS n",
        at=OLD,
    )
    sealing.seal_all(at=OLD)
    for name in ("一", "二"):
        Customer.objects.create(name=name, name_normal=name, name_pinyin="", created_at=OLD, updated_at=OLD)
    sealing.seal_all(at=now())
    return [1000000001, 1000000002, 1000000003]


@pytest.fixture(autouse=True)
def no_old_month(history: None) -> object:
    yield
    as_owner("DROP TABLE IF EXISTS audit_entry_2020_03", "DROP TABLE IF EXISTS audit_payload_2020_03")


def test_the_next_months_are_there_before_they_begin(history: None) -> None:
    month = now().astimezone(UTC)
    following = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1, day=1)
    name = f"audit_entry_{following:%Y_%m}"
    as_owner(f"DROP TABLE IF EXISTS {name}", f"DROP TABLE IF EXISTS {name.replace('entry', 'payload')}")
    assert name not in partitions()
    tasks.make_partitions(timestamp=0)
    assert name in partitions()


def test_nothing_ends_unless_the_settings_say_so(old: list[int]) -> None:
    tasks.end_months(timestamp=0)
    assert Entry.objects.count() == 5


@override_settings(AUDIT_KEEP_MONTHS=6)
def test_a_month_ends_and_what_is_left_is_proved(old: list[int]) -> None:
    as_owner("INSERT INTO audit_unsealed VALUES (1000000003, %(at)s)", at=OLD)
    assert keeping.end_months(at=now()) == 0
    as_owner("DELETE FROM audit_unsealed")
    tasks.end_months(timestamp=0)
    assert "audit_entry_2020_03" not in partitions()
    assert not Payload.objects.filter(pk__in=old).exists()
    assert Leaf.objects.filter(entry_id__in=old).count() == 3
    report = verifying.verify()
    assert (report.problems, report.ended, report.unsealed) == ([], 3, 1)
    sealing.seal_all(at=now())
    assert verifying.verify(against=sealing.heads_file()).is_sound
    assert keeping.end_months(at=now()) == 0


@override_settings(AUDIT_KEEP_MONTHS=6)
def test_no_such_entry_covers_up_what_is_deleted(old: list[int]) -> None:
    """Whoever has all powers over the database can write one; heads tell that the leaves are younger."""
    young = Leaf.objects.exclude(entry_id__in=old).order_by("position").first()
    assert young is not None
    as_owner(
        "DELETE FROM audit_payload WHERE entry_id = %(entry)s",
        "DELETE FROM audit_entry WHERE id = %(entry)s",
        "SELECT audit_write('end', 'audit_entry', '', '{}', NULL, NULL, ARRAY[jsonb_build_object("
        "'month', '2020-03', 'leaves', jsonb_build_array(jsonb_build_array(%(place)s, %(place)s)))::text])",
        entry=young.entry_id,
        place=young.position,
    )
    sealing.seal_all(at=now())
    found = {(problem.kind, problem.entry) for problem in verifying.verify().problems}
    assert ("missing", young.entry_id) in found
    assert "order" in {kind for kind, _entry in found}


@pytest.mark.parametrize(
    ("asked", "most"),
    [
        (history.Asked(), None),
        (history.Asked(person=7), None),
        (history.Asked(table="accounts_role"), None),
        (history.Asked(action="accounts.reset_second_factor"), None),
        (history.Asked(request="r"), None),
        (history.Asked(table="customers_customer", record=7), None),
        # A day is in one month, and no other is opened.
        (history.Asked(since=OLD, until=OLD + timedelta(days=1)), 1),
        (history.Asked(person=7, since=OLD, until=OLD + timedelta(days=1)), 1),
    ],
    ids=str,
)
def test_what_auditors_ask_is_found_by_indexes(old: list[int], asked: history.Asked, most: int | None) -> None:
    """As the application. Tables so small are read whole if they may be; at 1.2 million entries they are not."""
    plans: list[str] = []

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        plans.append("\n".join(row[0] for row in execute(f"EXPLAIN {sql}", params, many, context)))
        return execute(sql, params, many, context)

    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
    try:
        with connection.execute_wrapper(explain):
            history.list_history(actor=SYSTEM, page=Page(size=30), asked=asked)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET enable_seqscan")
    plan = next(plan for plan in plans if "audit_entry" in plan)
    assert "Seq Scan" not in plan
    opened = set(re.findall(r"audit_entry_(?:\d{4}_\d{2}|default)\b", plan))
    assert most is None or opened == {"audit_entry_2020_03"}, plan
