"""Every column is classed, and what hangs on a customer says how it is copied and erased."""

import re

from django.apps import apps
from django.db.models import ForeignKey
from django.utils import translation

from zhike.core.personal import Class, is_text, kept, list_holdings, list_kept, list_places
from zhike.customers.models import Customer
from zhike.privacy.selectors.inventory import LIBRARIES, column_title, table_title

OURS = [model for model in apps.get_models() if model._meta.app_label not in LIBRARIES]


def test_every_model_of_ours_is_in_the_inventory() -> None:
    assert {model._meta.label for model in OURS if kept(model) is None} == set()


def test_every_text_is_classed_by_name() -> None:
    unclassed = set()
    for model in OURS:
        known = kept(model)
        for column in model._meta.concrete_fields:
            if known is not None and is_text(column) and column.name not in known.named:
                unclassed.add(f"{model._meta.label}.{column.name}")
    assert unclassed == set()


def test_what_is_classed_is_there() -> None:
    wrong = set()
    for known in list_kept():
        there = {column.name for column in known.model._meta.concrete_fields}
        wrong |= {f"{known.model._meta.label}.{name}" for name in set(known.named) - there}
    assert wrong == set()


def test_whatever_points_at_a_customer_says_how_it_is_erased() -> None:
    held = {holding.model for holding in list_holdings()}
    pointing = {
        model
        for model in OURS
        for column in model._meta.concrete_fields
        if isinstance(column, ForeignKey) and column.related_model is Customer
    }
    assert {model._meta.label for model in pointing - held} == set()


def test_every_table_and_column_has_a_chinese_name() -> None:
    with translation.override("zh-hans"):
        named = {model._meta.label: table_title(model) for model in apps.get_models()}
        named |= {
            f"{model._meta.label}.{column.name}": column_title(column)
            for model in apps.get_models()
            for column in model._meta.concrete_fields
        }
    assert {where: name for where, name in named.items() if not re.search("[\u4e00-\u9fff]", name)} == {}


def test_free_text_is_text() -> None:
    wrong = {
        f"{known.model._meta.label}.{name}"
        for known in list_kept()
        for name, kind in known.named.items()
        if kind == Class.FREE and not is_text(known.model._meta.get_field(name))
    }
    assert wrong == set()


def test_every_place_has_a_name_of_its_app() -> None:
    labels = {config.label for config in apps.get_app_configs()}
    assert {place.name for place in list_places() if place.name.split(".")[0] not in labels} == set()
