"""Decisions about scores; the only place that writes them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from psycopg import sql

from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.scores.models import ScoringRun

RECORD = "scores.record_run"
VALUE = "value"
# What a value score holds besides the customer, the run and the change of grade.
VALUE_COLUMNS = ("grade", "stage", "r", "f", "m", "order_count", "amount")

_INSERT_VALUES = sql.SQL(
    """
    INSERT INTO scores_valuescore (customer_id, run_id, {columns}, grade_change)
    SELECT scored.customer_id, %(run)s, {scored},
           CASE WHEN scored.grade = '' OR coalesce(known.grade, '') = '' THEN 0
                ELSE array_position(%(grades)s, known.grade::text) - array_position(%(grades)s, scored.grade::text) END
      FROM {staging} AS scored
      LEFT JOIN customers_customerfacts AS known ON known.customer_id = scored.customer_id
     WHERE CASE WHEN known.customer_id IS NULL THEN scored.order_count > 0
                ELSE ({scored}) IS DISTINCT FROM ({known}) END
     ORDER BY scored.customer_id
    """
)


@transaction.atomic
def begin_run(
    *,
    actor: Actor,
    measure: str,
    as_of: date,
    started_at: datetime,
    parameters: Mapping[str, Any],
    data_fingerprint: str,
    code_version: str,
) -> ScoringRun:
    """Note that a measure is computed over all customers, and with what; `complete_run` in the same transaction."""
    require(actor, RECORD)
    return ScoringRun.objects.create(
        measure=measure,
        as_of=as_of,
        started_at=started_at,
        finished_at=started_at,
        parameters=dict(parameters),
        metrics={},
        data_fingerprint=data_fingerprint,
        code_version=code_version,
        customer_count=0,
        changed_count=0,
    )


@transaction.atomic
def complete_run(
    *, actor: Actor, run: ScoringRun, metrics: Mapping[str, Any], customer_count: int, finished_at: datetime
) -> None:
    """Add what the run found about the whole."""
    require(actor, RECORD)
    run.metrics, run.customer_count, run.finished_at = dict(metrics), customer_count, finished_at
    run.save(update_fields=["metrics", "customer_count", "finished_at"])


@transaction.atomic
def record_values(*, actor: Actor, run: ScoringRun, staging: str, grades: tuple[str, ...]) -> int:
    """Add a value score for every staged customer whose figures differ from the facts known so far.

    staging: a table of this transaction with customer_id, existing ones only, and `VALUE_COLUMNS`; to be called
    before the facts are renewed from it. grades: codes of the pyramid's layers, the best first.
    Returns the number of scores added; the run remembers it.
    """
    require(actor, RECORD)
    query = _INSERT_VALUES.format(
        columns=_columns(""), scored=_columns("scored"), known=_columns("known"), staging=sql.Identifier(staging)
    )
    with connection.cursor() as cursor:
        cursor.execute(query, {"run": run.pk, "grades": list(grades)})
        run.changed_count = cursor.rowcount
    run.save(update_fields=["changed_count"])
    return run.changed_count


def _columns(table: str) -> sql.Composed:
    prefix = (table,) if table else ()
    return sql.SQL(", ").join(sql.Identifier(*prefix, name) for name in VALUE_COLUMNS)
