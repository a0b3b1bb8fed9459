"""The hot facts that lists and headers read, renewed from a scoring run."""

from django.db import connection, transaction
from psycopg import sql

from zhike.core.access import require
from zhike.core.actor import Actor

# Everything a fact row holds besides the customer, the run and the day.
FACT_COLUMNS = (
    "grade",
    "stage",
    "relationship",
    "r",
    "f",
    "m",
    "order_count",
    "amount",
    "first_order_on",
    "last_order_on",
    "interval_days",
    "overdue_rate",
)

_CREATE_STAGING = sql.SQL(
    "CREATE TEMPORARY TABLE {staging} ON COMMIT DROP AS "
    "SELECT customer_id, as_of, {columns} FROM customers_customerfacts WITH NO DATA"
)
_DROP_STRANGERS = sql.SQL(
    """
    WITH held AS MATERIALIZED (
        SELECT id FROM customers_customer WHERE id IN (SELECT customer_id FROM {staging}) ORDER BY id FOR KEY SHARE
    )
    DELETE FROM {staging} AS scored WHERE NOT EXISTS (SELECT FROM held WHERE id = scored.customer_id)
    """
)
_UPSERT = sql.SQL(
    """
    INSERT INTO customers_customerfacts AS known (customer_id, run_id, as_of, {columns})
    SELECT scored.customer_id, %(run)s, scored.as_of, {scored}
      FROM {staging} AS scored
     ORDER BY scored.customer_id
    ON CONFLICT (customer_id) DO UPDATE
       SET (run_id, as_of, {columns}) = (excluded.run_id, excluded.as_of, {excluded})
     WHERE (known.as_of, {known}) IS DISTINCT FROM (excluded.as_of, {excluded})
    """
)


def create_staging(*, name: str) -> list[str]:
    """Make a temporary table that `put_facts` takes, for the surrounding transaction; returns its columns."""
    with connection.cursor() as cursor:
        cursor.execute(_CREATE_STAGING.format(staging=sql.Identifier(name), columns=_columns("")))
    return ["customer_id", "as_of", *FACT_COLUMNS]


def drop_strangers(*, staging: str) -> None:
    """Take customers who were deleted since they were scored out of the staging table.

    The others are held until the surrounding transaction ends: a deletion waits for it, edits do not. The check of the
    new rows' keys would hold them anyway, but only at commit, which somebody deleted meanwhile would make fail.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DROP_STRANGERS.format(staging=sql.Identifier(staging)))


@transaction.atomic
def put_facts(*, actor: Actor, run_id: int, staging: str) -> int:
    """Renew the facts of every staged customer whose facts differ; returns how many did.

    staging: a table as `create_staging` makes it, one row a customer, without strangers.
    """
    require(actor, "customers.edit_customer")
    query = _UPSERT.format(
        staging=sql.Identifier(staging),
        columns=_columns(""),
        scored=_columns("scored"),
        known=_columns("known"),
        excluded=_columns("excluded"),
    )
    with connection.cursor() as cursor:
        cursor.execute(query, {"run": run_id})
        return int(cursor.rowcount)


def _columns(table: str) -> sql.Composed:
    prefix = (table,) if table else ()
    return sql.SQL(", ").join(sql.Identifier(*prefix, name) for name in FACT_COLUMNS)
