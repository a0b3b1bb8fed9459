"""Pieces of PostgreSQL that several apps' models and migrations share."""

from django.db import models
from django.db.migrations.operations import RunSQL


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
