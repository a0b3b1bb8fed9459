"""The policies of the tables and the predicate of the application, each alone, against the plan in plain Python."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.utils.timezone import now
from tests.policy.world import EVERYBODY, World, actor_named

from zhike.accounts.actors import actor_of
from zhike.commerce.models import Order, OrderLine
from zhike.core.access import ScopedQuerySet
from zhike.core.acting import acting, seeing_everything
from zhike.core.actor import ANONYMOUS
from zhike.customers.models import Activity, Customer, Identifier, SealedValue
from zhike.exchange.models import Import
from zhike.recovery.models import Binned
from zhike.scores.models import ValueScore

pytestmark = pytest.mark.django_db

# Table → column of what its rows hang on, and where the plan says who sees that.
TABLES = {
    "customers_customer": "id",
    "customers_identifier": "customer_id",
    "customers_customersearch": "customer_id",
    "customers_customerfacts": "customer_id",
    "customers_customertag": "customer_id",
    "customers_activity": "customer_id",
    "customers_collaborator": "customer_id",
    "customers_sealedvalue": "customer_id",
    "commerce_order": "id",
    "commerce_orderline": "order_id",
    "scores_valuescore": "customer_id",
    "exchange_import": "id",
    "recovery_binned": "id",
}
BY_ORDER, BY_IMPORT = {"commerce_order", "commerce_orderline"}, {"exchange_import"}
MODELS: dict[type[Any], str] = {
    Customer: "pk",
    Identifier: "customer_id",
    Activity: "customer_id",
    SealedValue: "customer_id",
    ValueScore: "customer_id",
    Order: "pk",
    OrderLine: "order_id",
    Import: "pk",
    Binned: "pk",
}


def expected(world: World, user: str, table: str) -> set[int]:
    if table in BY_ORDER:
        seen = {one.order_id for one in world.planted if world.sees(user, one)}
        return seen | ({world.anonymous_order_id} if user == "everything" else set())
    if table == "recovery_binned":
        return {one.binned_id for one in world.planted if world.owns(user, one.owner, one.team)}
    if table in BY_IMPORT:
        return {one.import_id for one in world.planted if world.owns(user, one.owner, one.team)}
    seen = {one.customer_id for one in world.planted if world.sees(user, one)}
    return seen & shared(world) if table == "customers_collaborator" else seen


def shared(world: World) -> set[int]:
    return {one.customer_id for one in world.planted if one.owner in ("away", "second")}


def selected(table: str, column: str) -> set[int]:
    """Without any filter: what a page would show that forgot it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table}")  # noqa: S608
        return {key for (key,) in cursor.fetchall()}


@pytest.mark.parametrize("user", EVERYBODY)
def test_a_query_without_a_filter_shows_what_the_policy_allows(world: World, user: str) -> None:
    with acting(actor_named(world, user)):
        found = {table: selected(table, column) for table, column in TABLES.items()}
    assert found == {table: expected(world, user, table) for table in TABLES}


@pytest.mark.parametrize("user", EVERYBODY)
def test_without_the_role_that_sees_everything_the_same_is_seen(
    world: World, user: str, without_open_role: Callable[[Any], Any]
) -> None:
    """Where the owner of a database may make no roles, the reach alone decides."""
    with without_open_role(actor_named(world, user)):
        found = {table: selected(table, column) for table, column in TABLES.items()}
    assert found == {table: expected(world, user, table) for table in TABLES}


@pytest.mark.parametrize("user", EVERYBODY)
def test_the_predicate_alone_shows_the_same(world: World, user: str) -> None:
    actor = actor_named(world, user)
    with seeing_everything():
        found = {
            model._meta.db_table: set(model.objects.visible_to(actor).values_list(column, flat=True))
            for model, column in MODELS.items()
        }
    assert found == {model._meta.db_table: expected(world, user, model._meta.db_table) for model in MODELS}


@pytest.mark.parametrize("user", EVERYBODY)
def test_editing_reaches_collaborators_who_may_edit(world: World, user: str) -> None:
    actor = actor_named(world, user)
    with seeing_everything():
        found = set(Customer.objects.within(actor, "customers.edit_customer").values_list("pk", flat=True))
    assert found == {one.customer_id for one in world.planted if world.edits(user, one)}


def test_where_nobody_acts_there_are_no_rows(world: World) -> None:
    with acting(ANONYMOUS):
        assert {table: selected(table, column) for table, column in TABLES.items()} == {key: set() for key in TABLES}


def test_every_table_with_a_scope_has_its_policy() -> None:
    guarded = {
        model._meta.db_table
        for model in apps.get_models()
        if isinstance(model._default_manager.get_queryset(), ScopedQuerySet)
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity")
        secured = {name for (name,) in cursor.fetchall()}
    assert guarded <= secured
    assert secured >= {*TABLES, "exchange_importchange"}


def test_the_delegate_loses_the_records_with_the_last_day(world: World) -> None:
    user, away = world.users["delegate"], world.users["away"].pk
    reach = [
        actor_of(user, at=now() + timedelta(days=days)).reach_of("customers.view_customer").user_ids
        for days in (-2, -1, 2, 3)
    ]
    assert [away in ids for ids in reach] == [False, True, True, False]
