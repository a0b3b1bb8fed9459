"""Who acts is asked by a statement that is planned once, and stays right for that."""

import pytest
from django.db import connection, transaction

from zhike.accounts.actors import load_user
from zhike.accounts.tests.conftest import House

pytestmark = pytest.mark.django_db


def plans() -> list[tuple[str, str]]:
    """Names and texts of what is prepared of the question who a person is."""
    prepared = "SELECT name, statement FROM pg_prepared_statements WHERE statement LIKE %s"
    with connection.cursor() as cursor:
        cursor.execute(prepared, ["%AND u.kind = 'person'"])
        found: list[tuple[str, str]] = cursor.fetchall()
        return found


def test_the_question_is_planned_once_and_answered_for_each_person(house: House) -> None:
    for _ in range(7):
        for person in (house.seller, house.administrator):
            found = load_user(user_id=person.pk)
            assert found is not None
            assert found.username == person.username
    assert len(plans()) == 1


def test_a_right_that_is_taken_away_is_gone_at_once(house: House) -> None:
    before = house.actor(house.seller).reach_of("customers.view_customer")
    house.roles["representative"].grants.filter(permission="customers.view_customer").delete()
    after = house.actor(house.seller).reach_of("customers.view_customer")
    assert before
    assert not after


def test_the_plan_outlives_a_rollback_and_names_its_columns(house: House) -> None:
    assert load_user(user_id=house.seller.pk) is not None
    [before] = plans()
    with transaction.atomic():
        load_user(user_id=house.seller.pk)
        transaction.set_rollback(True)
    found = load_user(user_id=house.seller.pk)
    assert found is not None
    assert found.username == house.seller.username
    assert plans() == [before]
    assert "*" not in before[1]  # a column added beneath a running server would end such a plan


def test_plans_that_the_database_has_thrown_away_are_made_anew(house: House) -> None:
    assert load_user(user_id=house.seller.pk) is not None
    [before] = plans()
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    assert load_user(user_id=house.seller.pk) is not None
    [after] = plans()
    assert after[0] != before[0]
