"""Who acts is asked by a statement that is planned once, and stays right for that."""

import pytest
from django.db import connection, transaction

from zhike.accounts.actors import load_user
from zhike.accounts.tests.conftest import House

pytestmark = pytest.mark.django_db


def plans() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%accounts_delegation%'")
        return int(cursor.fetchone()[0])


def test_the_question_is_planned_once_and_answered_for_each_person(house: House) -> None:
    for _ in range(7):
        for person in (house.seller, house.administrator):
            found = load_user(user_id=person.pk)
            assert found is not None
            assert found.username == person.username
    assert plans() == 1


def test_a_right_that_is_taken_away_is_gone_at_once(house: House) -> None:
    before = house.actor(house.seller).reach_of("customers.view_customer")
    house.roles["representative"].grants.filter(permission="customers.view_customer").delete()
    after = house.actor(house.seller).reach_of("customers.view_customer")
    assert before
    assert not after


def test_the_plan_outlives_a_rollback_and_names_its_columns(house: House) -> None:
    assert load_user(user_id=house.seller.pk) is not None
    with transaction.atomic():
        load_user(user_id=house.seller.pk)
        transaction.set_rollback(True)
    found = load_user(user_id=house.seller.pk)
    assert found is not None
    assert found.username == house.seller.username
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%accounts_delegation%'")
        assert "*" not in cursor.fetchone()[0]  # a column added beneath a running server would end such a plan
