"""New customers in a file need what has to be filled in, as they do in a form."""

from collections.abc import Collection, Mapping
from typing import Any

from psycopg import sql
from simplejson import JSONEncoder

from zhike.customers.guarded import RECORD
from zhike.exchange.run import Run
from zhike.metadata.conditions import list_conditions
from zhike.metadata.kinds import HOLDER
from zhike.metadata.selectors.pages import list_entered
from zhike.metadata.services.values import defaults_of

_PLAIN: Mapping[str, sql.SQL] = {
    "kind": sql.SQL("coalesce((array_agg(rows.kind) FILTER (WHERE rows.kind IS NOT NULL))[1], 'person')"),
    "relationship": sql.SQL("''"),  # no file brings it
}


def refuse_incomplete(run: Run, parts: Mapping[str, sql.Composable], *, sealed: Collection[str]) -> None:
    """All rows of a new customer of whom no row fills a field that has to be, where it is shown and the actor could
    enter it. Rows of one customer have the same leader by now. sealed: fields of the file that are encrypted."""
    defaults = defaults_of(RECORD)
    for one in list_entered(actor=run.actor, record=RECORD):
        if not one.is_required or one.key in defaults:
            continue
        conditions = list_conditions(RECORD, one)
        run.execute(
            """
            INSERT INTO {refused} (row, reason, "column", value, expected, is_read)
            SELECT who.row, 'own_missing', '', %(label)s, '', false
            FROM {who} AS who WHERE who.customer_id IS NULL AND who.leader IN (
                SELECT who.leader FROM {who} AS who JOIN {rows} AS rows USING (row)
                WHERE who.customer_id IS NULL GROUP BY who.leader
                HAVING NOT coalesce(bool_or({held}), false) AND {is_shown}
            )
            """,
            {"label": one.label},
            held=sql.SQL("rows.sealed ? {}").format(sql.Literal(one.name))
            if one.name in sealed
            else sql.SQL("rows.custom ? {}").format(sql.Literal(one.key)),
            is_shown=sql.SQL(" AND ").join([_holds(condition, defaults) for condition in conditions])
            if conditions
            else sql.SQL("true"),
            **parts,
        )


def _holds(condition: Mapping[str, Any], defaults: Mapping[str, Any]) -> sql.Composable:
    """As `metadata.conditions.holds` does."""
    name, wanted = str(condition["field"]), sql.Literal([str(value) for value in condition["is"]])
    if name in _PLAIN:
        return sql.SQL("{value} = ANY({wanted}::text[])").format(value=_PLAIN[name], wanted=wanted)
    key = name.removeprefix(f"{HOLDER}.")
    value = sql.SQL(
        "coalesce((array_agg(rows.custom -> {key}) FILTER (WHERE rows.custom ? {key}))[1], {default}::jsonb)"
    ).format(key=sql.Literal(key), default=sql.Literal(JSONEncoder().encode(defaults.get(key))))
    return sql.SQL(
        "CASE jsonb_typeof({value}) WHEN 'array' THEN {value} ?| {wanted}::text[]"
        " ELSE coalesce({value} #>> '{{}}', '') = ANY({wanted}::text[]) END"
    ).format(value=value, wanted=wanted)
