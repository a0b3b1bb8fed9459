"""The database knows who acts: nested, after rollbacks, on connections that live on."""

import json

import pytest
from django.db import DatabaseError, connection, transaction

from zhike.core.acting import acting
from zhike.core.actor import Actor

ANN = Actor(user_id=7, name="Ann", request_id="r1")
BEN = Actor(user_id=8, name="Ben")

pytestmark = pytest.mark.django_db


def told() -> dict[str, object]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('zhike.actor', true)")
        found: dict[str, object] = json.loads(cursor.fetchone()[0] or "{}")
    return found


def roll_back() -> None:
    with transaction.atomic():
        assert told()["user"] == 8
        transaction.set_rollback(True)


def test_changes_belong_to_whoever_acts_and_to_nobody_afterwards() -> None:
    assert told() == {"origin": "test"}
    with acting(ANN, origin="web"):
        assert told() == {"user": 7, "origin": "web", "request": "r1"}
    assert told() == {"origin": "test"}


def test_an_inner_actor_keeps_where_it_came_from() -> None:
    with acting(ANN, origin="web"):
        with acting(BEN, reason="asked by phone"):
            assert told() == {"user": 8, "origin": "web", "request": "r1", "reason": "asked by phone"}
        assert told() == {"user": 7, "origin": "web", "request": "r1"}


@pytest.mark.django_db(transaction=True)
def test_a_rollback_takes_nothing_back_for_long() -> None:
    with acting(ANN), transaction.atomic():
        assert told()["user"] == 7
        with acting(BEN):
            roll_back()
        assert told()["user"] == 7
    with acting(BEN):
        roll_back()
        assert told()["user"] == 8
    assert told() == {"origin": "test"}


@pytest.mark.django_db(transaction=True)
def test_a_failed_statement_can_still_be_rolled_back() -> None:
    with acting(ANN), transaction.atomic():
        assert told()["user"] == 7
        refused = pytest.raises(DatabaseError, match="no such")
        with acting(BEN), refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE 'no such'; END $$")
        assert told()["user"] == 7


@pytest.mark.django_db(transaction=True)
def test_a_new_connection_is_told_again() -> None:
    with acting(ANN):
        assert told()["user"] == 7
        connection.close()
        assert told()["user"] == 7
