"""Every column of a record is a field that a role can be kept from, or says why not; every list says what it reads."""

import pytest

from zhike.core import fields
from zhike.core.lists import registry
from zhike.core.lists.registry import List
from zhike.customers import guarded
from zhike.customers.listing import KEY
from zhike.customers.models import Customer, Identifier
from zhike.customers.selectors.records import _READS as API_READS
from zhike.exchange.registry import list_importables

# What a file of orders says about the order itself, which goes by the permission for orders.
OF_ORDERS = {"number", "placed_at", "product_code", "product_name", "product_category", "quantity", "unit_price"}
OF_ORDERS |= {"amount", "currency", "channel", "store"}


@pytest.fixture
def customers() -> List:
    return registry.get(KEY)


def test_every_column_of_a_customer_is_a_registered_field() -> None:
    places = fields.place_of(Customer._meta.db_table).columns
    known = {*places, *guarded.UNGUARDED}
    columns = {column.attname for column in Customer._meta.concrete_fields}
    assert columns - known == set()
    assert known - columns == set()
    assert {fields.get(key).key for key in places.values()} == set(places.values())


def test_every_kind_of_identifier_is_a_registered_field() -> None:
    assert {fields.get(guarded.IDENTIFIER_KEYS[kind]).name for kind in Identifier.Kind.values} == set(
        Identifier.Kind.values
    )


def test_everything_that_carries_a_mask_can_be_masked_and_everything_personal_can_be_hidden_or_masked() -> None:
    for field in fields.list_fields():
        assert (field.mask is not None) == (fields.Sight.MASKED in field.levels)
        if field.care is not fields.Care.PLAIN:
            assert min(field.levels) < fields.Sight.READ


def test_what_a_list_shows_and_asks_names_registered_fields(customers: List) -> None:
    for field in customers.fields.values():
        assert [fields.get(key) for key in field.reads] or field.path.startswith("facts__") or field.key in FREE
    for column in customers.columns.values():
        places = {*column.values, *column.expressions}
        assert set(column.reads) <= places
        unread = {place for place in places - set(column.reads) if not place.startswith("facts__")}
        assert unread <= {"created_at"}, column.key
        assert all(fields.get(key) for key in column.reads.values())


# Numbers, moments and what other apps add about orders and scores.
FREE = {"created", "updated", "id", "import", "ordered", "slipped"}


def test_what_the_api_answers_of_a_customer_is_registered() -> None:
    assert {fields.get(key).key for key in API_READS.values()} == set(API_READS.values())


def test_what_a_file_can_bring_is_registered() -> None:
    for kind in list_importables():
        unguarded = {field.code for field in kind.fields} - set(kind.guards)
        assert unguarded == (OF_ORDERS if kind.kind == "orders" else set())
        assert all(fields.get(key) for key in kind.guards.values())
