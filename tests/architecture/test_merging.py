"""Whatever points at a customer says what becomes of it in a merge; a new app cannot be forgotten."""

from typing import Any

import pytest
from django.apps import apps
from django.db.models import ForeignKey

from zhike.core.merging import Combine, Move, Newest, Stay, list_rules
from zhike.customers.models import Customer
from zhike.duplicates.catalogue import list_declared, list_keys

pytestmark = pytest.mark.django_db


def test_every_foreign_key_to_customers_says_what_a_merge_does_with_it() -> None:
    found = {(key.table, key.column) for key in list_keys()}
    assert found == set(list_rules())
    assert len(list_declared()) == len(found)


def test_the_catalogue_knows_of_every_key_of_the_models() -> None:
    """A key without a constraint would be moved by nobody."""
    pointing = {
        (model._meta.db_table, column.column)
        for model in apps.get_models()
        for column in model._meta.concrete_fields
        if isinstance(column, ForeignKey) and column.related_model is Customer
    }
    assert pointing == {(key.table, key.column) for key in list_keys()}


def test_what_a_rule_names_is_there_and_rows_that_may_not_be_alike_are_told() -> None:
    models: dict[str, Any] = {model._meta.db_table: model for model in apps.get_models()}
    for key, rule in list_declared():
        model = models[key.table]
        if isinstance(rule, Stay):
            stays = next(one for one in model._meta.concrete_fields if one.column == key.column)
            assert stays.remote_field.on_delete.__name__ == "CASCADE", f"{key.name} would be left pointing at nobody"
        if not isinstance(rule, Move):
            continue
        named = set(rule.alike)
        match rule.collide:
            case Combine(sums=sums, lowest=lowest, highest=highest):
                named |= {*sums, *lowest, *highest}
            case Newest(by=by):
                named |= {by}
        assert named <= set(key.columns), key.name
        for constraint in (*model._meta.constraints, *model._meta.indexes):
            columns = [model._meta.get_field(name.lstrip("-")).column for name in getattr(constraint, "fields", ())]
            is_unique = type(constraint).__name__ == "UniqueConstraint"
            if is_unique and key.column in columns:
                assert set(columns) - {key.column} <= set(rule.alike), key.name
