"""Whatever people can change comes back from history, or says why not; a new app cannot be forgotten."""

from typing import Any

from django.apps import apps

from zhike.audit.triggers import list_captures, model_of
from zhike.core.history import Captured
from zhike.recovery.kinds import list_kinds
from zhike.recovery.moving import list_parts

# Rows that follow from others, which bring them along.
FOLLOWING = {model._meta.db_table for model in apps.get_models() if getattr(model, "is_computed", False)}


def restorable() -> dict[str, str]:
    return {table: kind.code for kind in list_kinds() for table in kind.restorable}


def reason_of(table: str) -> str:
    """Of tables between two models: that of the model which has them."""
    model: Any = model_of(table)
    if model._meta.auto_created:
        model = model._meta.auto_created
    history = model.history
    return history.stays if isinstance(history, Captured) else ""


def test_every_captured_table_comes_back_or_says_why_not() -> None:
    known = restorable()
    silent = {
        capture.table for capture in list_captures() if capture.table not in known and not reason_of(capture.table)
    }
    assert silent == set()
    assert {table for table in known if reason_of(table)} == set()


def test_what_comes_back_is_captured_with_the_columns_that_are_named() -> None:
    captures = {capture.table: capture for capture in list_captures()}
    for kind in list_kinds():
        for table, how in kind.restorable.items():
            capture = captures[table]
            assert capture.subject == kind.table or table == kind.table, table
            assert {*how.columns, *how.names} <= set(capture.columns) - capture.hidden, table


def test_whatever_hangs_on_a_record_goes_into_the_bin_with_it_or_lets_go() -> None:
    """Fails with `ImproperlyConfigured` where a model does neither."""
    for kind in list_kinds():
        if kind.bin is not None:
            assert list_parts(kind.model, kind.bin.left_out)
