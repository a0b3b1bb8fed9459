"""Every model says whether its history is kept, and the database keeps it."""

from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from zhike.audit.triggers import TRANSITIONS, list_captures
from zhike.core.history import Captured, NotCaptured

# Tables of libraries: log-ins in progress, the queue, and Django's own lists, none of which is business data. Those of
# allauth hold secrets of second factors and session keys, which no history may copy; what happens to them is an event.
LIBRARIES = {"account", "auth", "contenttypes", "mfa", "procrastinate", "sessions", "socialaccount", "usersessions"}


def test_every_model_of_ours_declares_its_history() -> None:
    undeclared = {
        model._meta.label
        for model in apps.get_models()
        if model._meta.app_label not in LIBRARIES and not isinstance(vars(model).get("history"), Captured | NotCaptured)
    }
    assert undeclared == set()


def test_what_a_declaration_names_is_there() -> None:
    wrong = set()
    for model in apps.get_models():
        history: Any = getattr(model, "history", None)
        if isinstance(history, Captured):
            names = {column.name for column in model._meta.concrete_fields}
            wrong |= {f"{model._meta.label}.{name}" for name in {*history.ignored, *history.hidden} - names}
            if history.subject and not model._meta.get_field(history.subject).is_relation:
                wrong.add(f"{model._meta.label}.{history.subject}")
    assert wrong == set()


@pytest.mark.django_db
def test_every_captured_table_has_its_triggers_and_no_other_has() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger"
            " WHERE starts_with(tgname, 'audit_') AND tgenabled = 'O'"
        )
        found = set(cursor.fetchall())
    assert found == {(capture.table, f"audit_{event}") for capture in list_captures() for event in TRANSITIONS}
