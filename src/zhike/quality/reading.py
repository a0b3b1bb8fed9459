"""What a run looks at: every customer, identifier and order, in one moment of the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from psycopg import sql

from zhike.customers.models import Identifier
from zhike.engine.memory import Reading, read_into_memory
from zhike.quality.patterns import quoted
from zhike.quality.subjects import measured_own, own_types
from zhike.runtime.database import resolve

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend

_CUSTOMERS = """
    SELECT c.id, c.kind, c.name, c.owner_id, c.team_id, c.channel, c.relationship, c.country, c.province, c.city,
        c.birthday_on, c.note <> '' AS has_note, {custom} AS custom, c.import_id IS NOT NULL AS is_imported,
        coalesce(i.source, '') AS origin, NOT coalesce(u.is_active, true) AS owner_left,
        (c.created_at AT TIME ZONE {zone})::date AS created_on, (c.updated_at AT TIME ZONE {zone})::date AS updated_on
    FROM customers_customer AS c
        LEFT JOIN exchange_import AS i ON i.id = c.import_id LEFT JOIN accounts_user AS u ON u.id = c.owner_id
    WHERE c.created_at < ({day}::date + 1)::timestamp AT TIME ZONE {zone}
"""
_IDENTIFIERS = """
    SELECT id, customer_id, kind, value, value_normal, is_primary FROM customers_identifier
    WHERE kind <> 'external' AND created_at < ({day}::date + 1)::timestamp AT TIME ZONE {zone}
"""
_KINDS = """
    SELECT DISTINCT customer_id, kind FROM customers_identifier
    WHERE kind = 'external' AND created_at < ({day}::date + 1)::timestamp AT TIME ZONE {zone}
"""
_CONTACTS = """
    SELECT customer_id, (max(happened_at) AT TIME ZONE {zone})::date AS last_on FROM customers_activity
    WHERE kind IN ('follow_up', 'call', 'visit', 'mail') GROUP BY customer_id
"""
_ORDERS = """
    SELECT id, customer_id, kind, source, channel, currency, total_amount::float8 AS amount, store <> '' AS has_store,
        number <> '' AS has_number, (placed_at AT TIME ZONE {zone})::date AS placed_on,
        (created_at AT TIME ZONE {zone})::date AS created_on
    FROM commerce_order WHERE created_at < ({day}::date + 1)::timestamp AT TIME ZONE {zone}
"""
_SEALED = "SELECT customer_id FROM customers_sealedvalue WHERE field = 'id_number'"
_TAGGED = "SELECT DISTINCT customer_id FROM customers_customertag"
_RIGHT = "SELECT rule, item_id, stamp FROM quality_finding WHERE state = 'right'"


@contextmanager
def reading(*, as_of: date, spill: Path) -> Iterator["Backend"]:
    """Tables customers, identifiers, orders, contacts and right_so, and the function as_of().

    Records are those of the day; their values are those of now.
    """
    own = own_types(measured_own())
    asked = {"day": sql.Literal(as_of), "zone": sql.Literal(settings.TIME_ZONE)}

    def query(text: str, **more: sql.Composable) -> sql.Composable:
        return sql.SQL(text).format(**asked, **more)

    members = ", ".join(f'"{key}": "{kind}"' for key, kind in own.items())
    parsed = f"json_transform(custom, {quoted('{' + members + '}')})" if own else "NULL"
    custom = sql.SQL("c.custom::text") if own else sql.SQL("''")
    readings = {
        "people": Reading(
            query=query(_CUSTOMERS, custom=custom), kept=f"SELECT * EXCLUDE (custom), {parsed} AS own FROM arrived"
        ),
        "identifiers": Reading(query=query(_IDENTIFIERS)),
        "outside": Reading(query=query(_KINDS)),
        "contacts": Reading(query=query(_CONTACTS)),
        "orders": Reading(query=query(_ORDERS)),
        "sealed": Reading(query=query(_SEALED)),
        "tagged": Reading(query=query(_TAGGED)),
        "right_so": Reading(query=query(_RIGHT)),
    }
    dsn = resolve(settings.HOME).owner  # no policy narrows what the owner of the tables reads
    with read_into_memory(dsn, readings, spill=spill) as backend:
        backend.raw_sql(f"CREATE MACRO as_of() AS DATE {quoted(as_of.isoformat())}")
        marked = ", ".join(f"bool_or(kind = '{kind}') AS has_{kind}" for kind in Identifier.Kind.values)
        backend.raw_sql(
            f"CREATE TABLE reached AS SELECT customer_id, {marked} FROM"
            " (SELECT customer_id, kind FROM identifiers UNION ALL FROM outside) GROUP BY customer_id"
        )
        held = ", ".join(f"coalesce(has_{kind}, false) AS has_{kind}" for kind in Identifier.Kind.values)
        backend.raw_sql(
            f"CREATE TABLE customers AS SELECT people.*, {held},"
            " tagged.customer_id IS NOT NULL AS has_tag, sealed.customer_id IS NOT NULL AS has_id_number FROM people"
            " LEFT JOIN reached ON reached.customer_id = people.id LEFT JOIN tagged ON tagged.customer_id = people.id"
            " LEFT JOIN sealed ON sealed.customer_id = people.id"
        )
        backend.raw_sql("DROP TABLE people")
        yield backend
