"""What points at a customer, as the database itself says."""

from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from zhike.core.merging import Rule, list_rules

CUSTOMERS = "customers_customer"


@dataclass(frozen=True, kw_only=True)
class Key:
    """A foreign key to customers. row: the table's primary key, which may be this very column.

    columns: of the table that can be written, without `row` and `column`.
    """

    table: str
    column: str
    row: str
    columns: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.table}.{self.column}"

    @property
    def is_row(self) -> bool:
        return self.row == self.column


def list_keys() -> list[Key]:
    """Every foreign key to customers, by table and column."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT key.conrelid::regclass::text, pointing.attname, own.attname, array(
                SELECT other.attname FROM pg_attribute AS other
                WHERE other.attrelid = key.conrelid AND other.attnum > 0 AND NOT other.attisdropped
                    AND other.attgenerated = '' AND other.attnum <> own.attnum AND other.attnum <> pointing.attnum
                    AND NOT (other.atthasdef AND other.attname = 'changed_xid')
                ORDER BY other.attnum)
            FROM pg_constraint AS key
            JOIN pg_attribute AS pointing ON pointing.attrelid = key.conrelid AND pointing.attnum = key.conkey[1]
            JOIN pg_index AS first ON first.indrelid = key.conrelid AND first.indisprimary
            JOIN pg_attribute AS own ON own.attrelid = key.conrelid AND own.attnum = first.indkey[0]
            WHERE key.contype = 'f' AND key.confrelid = to_regclass(%s) AND key.conparentid = 0
            ORDER BY 1, 2
            """,
            [CUSTOMERS],
        )
        return [
            Key(table=table, column=column, row=row, columns=tuple(columns))
            for table, column, row, columns in cursor.fetchall()
        ]


def list_declared() -> list[tuple[Key, Rule]]:
    """Every foreign key to customers with what becomes of its rows.

    :raises ImproperlyConfigured: of one of them nobody says it
    """
    rules = list_rules()
    keys = list_keys()
    if silent := [key.name for key in keys if (key.table, key.column) not in rules]:
        raise ImproperlyConfigured(f"Nobody says what becomes of these when customers are merged: {', '.join(silent)}")
    return [(key, rules[key.table, key.column]) for key in keys]
