"""Writes search rows anew whose text would be another one by now, a batch at a time and beside whoever works."""

from collections import defaultdict
from typing import Any

from zhike.core.text import pinyin
from zhike.core.text.characters import simplified
from zhike.core.text.grams import joined, placed
from zhike.customers.searching import compose

BATCH = 5000

_NEXT = """
    SELECT search.customer_id, search.text, customer.name, customer.name_pinyin, customer.city, customer.province
    FROM customers_customersearch AS search JOIN customers_customer AS customer ON customer.id = search.customer_id
    WHERE search.customer_id > %s ORDER BY search.customer_id LIMIT %s
"""
_VALUES = "SELECT customer_id, value_normal FROM customers_identifier WHERE customer_id = ANY (%s) ORDER BY id"
_WRITE = """
    UPDATE customers_customersearch AS search SET text = new.text, grams = new.grams
    FROM (SELECT unnest(%s::bigint[]) AS id, unnest(%s::text[]) AS text, unnest(%s::text[])::text[] AS grams) AS new
    WHERE search.customer_id = new.id
"""


def rewrite_outdated(connection: Any) -> int:
    """How many rows were written. Rows that would stay as they are (nearly all) are read and left alone.

    connection: one that sees every row and commits by itself after each statement.
    """
    after = written = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_NEXT, [after, BATCH])
            rows = cursor.fetchall()
        if not rows:
            return written
        after = rows[-1][0]
        written += _rewrite(connection, [row for row in rows if _is_outdated(*row[1:])])


def _is_outdated(text: str, name: str, reading: str, city: str, province: str) -> bool:
    if (city or province) and not text.endswith(placed(city, province)):
        return True
    other = pinyin.otherwise(name, reading)
    if simplified(text) != text or (bool(other) and f"\n{other.replace(' ', '')}\n" not in text):
        return True
    lines = text.split("\n")
    return any(joined(line) not in lines for line in lines if not line.startswith("#"))


def _rewrite(connection: Any, rows: list[Any]) -> int:
    if not rows:
        return 0
    keys = [row[0] for row in rows]
    values: dict[int, list[str]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_VALUES, [keys])
        for customer_id, value in cursor.fetchall():
            values[customer_id].append(value)
        made = [
            compose(name=name, reading=reading, values=values[key], city=city, province=province)
            for key, _text, name, reading, city, province in rows
        ]
        # Pieces are letters and digits, so they need no quotes in an array.
        pieces = [f"{{{','.join(grams)}}}" for _text, grams in made]
        cursor.execute(_WRITE, [keys, [text for text, _grams in made], pieces])
    return len(rows)
