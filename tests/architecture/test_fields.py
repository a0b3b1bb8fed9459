"""Every column of a record is a field that a role can be kept from, or says why not; every list says what it reads."""

import pytest
from django.db.models import Model

from zhike.commerce import guarded as orders
from zhike.commerce.models import Order, OrderLine
from zhike.commerce.selectors import ORDER_FIELDS
from zhike.core import fields
from zhike.core.lists import registry
from zhike.core.lists.registry import List
from zhike.customers import guarded
from zhike.customers.listing import KEY
from zhike.customers.models import Customer, CustomerFacts, Identifier
from zhike.customers.selectors.records import _READS as API_READS
from zhike.customers.selectors.records import FACTS
from zhike.exchange.registry import list_importables

# Which order it is, of whom, when and in which currency: nobody who sees orders can be kept from that.
OF_ORDERS = {"placed_at", "currency"}


@pytest.fixture
def customers() -> List:
    return registry.get(KEY)


RECORDS = {
    Customer: guarded.UNGUARDED,
    CustomerFacts: guarded.UNGUARDED_FACTS,
    Order: orders.UNGUARDED,
    OrderLine: orders.LINE_UNGUARDED,
}


@pytest.mark.parametrize("model", RECORDS)
def test_every_column_of_a_record_is_a_registered_field(model: type[Model]) -> None:
    where = fields.place_of(model._meta.db_table)
    places = where.columns
    known = {*places, *where.holders, *RECORDS[model]}
    columns = {column.attname for column in model._meta.concrete_fields}
    assert columns - known == set()
    assert known - columns == set()
    assert {fields.get(key).key for key in places.values()} == set(places.values())


def test_what_the_api_answers_of_figures_and_orders_is_registered() -> None:
    assert set(FACTS) - {"as_of"} == {*guarded.COMPUTED, "relationship"}
    assert set(ORDER_FIELDS) - set(orders.UNGUARDED) == set(orders.ORDER_COLUMNS) - {"key"}


def test_what_is_computed_is_written_by_nobody() -> None:
    for name in guarded.COMPUTED:
        assert fields.Sight.WRITE not in fields.get(guarded.key(name)).levels


def test_every_kind_of_identifier_is_a_registered_field() -> None:
    assert {fields.get(guarded.IDENTIFIER_KEYS[kind]).name for kind in Identifier.Kind.values} == set(
        Identifier.Kind.values
    )


@pytest.mark.django_db
def test_everything_that_carries_a_mask_can_be_masked_and_everything_personal_can_be_hidden_or_masked() -> None:
    for field in fields.list_fields():
        assert (field.mask is not None) == (fields.Sight.MASKED in field.levels)
        if field.care is not fields.Care.PLAIN:
            assert min(field.levels) < fields.Sight.READ


@pytest.mark.django_db
def test_what_a_list_shows_and_asks_names_registered_fields(customers: List) -> None:
    for field in customers.fields.values():
        assert [fields.get(key) for key in field.reads] or field.key in FREE
    for column in customers.columns.values():
        if column.opening is None:
            places = {*column.values, *column.expressions}
            assert set(column.reads) <= places
            assert places - set(column.reads) <= {"created_at", "updated_at"}, column.key
        assert all(fields.get(key) for key in column.reads.values())


# Numbers and moments, those of orders among them.
FREE = {"created", "updated", "id", "import", "ordered", "orders_in", "finding"}


def test_what_the_api_answers_of_a_customer_is_registered() -> None:
    assert {fields.get(key).key for key in API_READS.values()} == set(API_READS.values())


def test_what_a_file_can_bring_is_registered() -> None:
    for kind in list_importables():
        unguarded = {field.code for field in kind.fixed_fields} - set(kind.fixed_guards)
        assert unguarded == (OF_ORDERS if kind.kind == "orders" else set())
        assert all(fields.get(key) for key in kind.fixed_guards.values())
