"""Pieces of PostgreSQL that several apps' models and migrations share."""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any, cast

from django.db import connection, models
from django.db.migrations.operations import RunSQL
from django.utils.translation import gettext_lazy as _
from simplejson import JSONEncoder

DELETIONS = "zhike_deletion"


class ExactDecoder(json.JSONDecoder):
    """Numbers as they were written: an amount is no float."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "parse_float": Decimal})


def preparing() -> AbstractContextManager[None]:
    """Statements in here are planned once a connection: for what every request asks in the same words."""
    wrapper: Any = connection
    return cast(AbstractContextManager[None], wrapper.preparing())


class CustomValues(models.JSONField):
    """The column for fields that a company adds itself; what it holds, `zhike.metadata` says."""

    def __init__(self, **options: Any) -> None:
        fixed = {
            "default": dict,
            "db_default": models.Value({}, models.JSONField()),
            "encoder": JSONEncoder,
            "decoder": ExactDecoder,
            "blank": True,
        }
        super().__init__(**{"verbose_name": _("fields of the company's own"), **options, **fixed})

    def to_python(self, value: Any) -> Any:
        """Also from the text of a row that was kept."""
        return json.loads(value, cls=ExactDecoder) if isinstance(value, str) else value

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, arguments, options = super().deconstruct()
        for fixed in ("verbose_name", "default", "db_default", "encoder", "decoder", "blank"):
            options.pop(fixed, None)
        return name, path, arguments, options


def custom_values() -> CustomValues:
    """The one line by which a model has them: `custom = custom_values()`."""
    return CustomValues()


class CurrentTransaction(models.Func):
    """The id of the writing transaction, so that a refresh can ask which rows changed since its last snapshot."""

    template = "(pg_current_xact_id()::text::bigint)"
    allowed_default = True

    def __init__(self) -> None:
        super().__init__(output_field=models.BigIntegerField())


def changed_xid() -> "models.BigIntegerField[int, int]":
    """A column that carries the last writer's transaction id; `stamp_changes` keeps it true on update."""
    return models.BigIntegerField(db_default=CurrentTransaction(), editable=False)


CREATE_STAMP_FUNCTION = RunSQL(
    """
    CREATE OR REPLACE FUNCTION zhike_stamp_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.changed_xid := pg_current_xact_id()::text::bigint;
        RETURN NEW;
    END $$
    """,
    RunSQL.noop,
)


def stamp_changes(table: str) -> RunSQL:
    """A migration step: every UPDATE of the table renews `changed_xid`, which gets a small block-range index."""
    return RunSQL(
        f"""
        CREATE TRIGGER {table}_stamp_change BEFORE UPDATE ON {table}
            FOR EACH ROW EXECUTE FUNCTION zhike_stamp_change();
        CREATE INDEX {table}_changed_brin ON {table} USING brin (changed_xid) WITH (pages_per_range = 32);
        """,
        f"DROP INDEX {table}_changed_brin; DROP TRIGGER {table}_stamp_change ON {table};",
    )


CREATE_DELETION_NOTES = RunSQL(
    """
    CREATE TABLE zhike_deletion (table_name text NOT NULL, xid bigint NOT NULL);
    CREATE FUNCTION zhike_note_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO zhike_deletion
            SELECT TG_TABLE_NAME, pg_current_xact_id()::text::bigint WHERE EXISTS (SELECT FROM gone);
        RETURN NULL;
    END $$
    """,
    "DROP FUNCTION zhike_note_deletion(); DROP TABLE zhike_deletion;",
)


def note_deletions(table: str) -> RunSQL:
    """A migration step: every DELETE that finds a row says so in `zhike_deletion`, once a statement."""
    return RunSQL(
        f"""
        CREATE TRIGGER {table}_note_deletion AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone
            FOR EACH STATEMENT EXECUTE FUNCTION zhike_note_deletion();
        """,
        f"DROP TRIGGER {table}_note_deletion ON {table};",
    )


def forget_deletions(*, before: int) -> None:
    """Drop the notes of transactions below that id, which everybody concerned has read."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM zhike_deletion WHERE xid < %s", [before])
