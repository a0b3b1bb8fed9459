"""Addresses of lists may hold a value of an own field: it goes from there too when the field becomes encrypted."""

from django.apps import apps

from zhike.metadata import copies


def test_whatever_keeps_the_address_of_a_list_says_how_values_are_taken_out() -> None:
    keeping = {
        model._meta.db_table
        for model in apps.get_models()
        if model.__module__.startswith("zhike.") and any(field.name == "query" for field in model._meta.fields)
    }
    declared = " ".join(one for _table, one in copies._copies if isinstance(one, str))
    assert "persona_tagrule" in keeping
    assert {table for table in keeping if f" {table} " not in declared} == set()
