"""Search rows of imported customers: for new ones while the merge still runs, for the others after it."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import LiteralString

from psycopg import sql

from zhike.core.text import grams, pinyin
from zhike.customers.exchange.party import Party
from zhike.exchange.run import Run, copying_into, raw_connection

PORTION = 50_000
FEW = 1000


class Indexing:
    """Writes `customers_customersearch`."""

    def __init__(self, run: Run, party: Party, rows: str) -> None:
        self.run = run
        self.party = party
        self.rows = run.table(rows)

    def write_new(self) -> None:
        """Rows for new customers whom one row of the file means; their marks stand beside their name."""
        normals = [sql.SQL("rows.{}").format(sql.Identifier(mark.names[1])) for mark in self.party.marks]
        query = sql.SQL(
            """
            SELECT news.id, rows.name, rows.name_pinyin, rows.city, rows.province, ARRAY[{normals}]::text[] AS found
            FROM {news} AS news JOIN {rows} AS rows ON rows.row = news.leader
            WHERE news.place >= %(start)s AND news.place < %(end)s
                AND news.leader NOT IN (SELECT leader FROM {winners})
            """
        ).format(
            normals=sql.SQL(", ").join(normals),
            news=self.run.table("news"),
            winners=self.run.table("winners"),
            rows=self.rows,
        )
        connection = raw_connection()
        count = self.run.value("SELECT count(*) FROM {news}")
        # The pieces collect in the index's waiting list and are sorted into it in few, large steps.
        # The last is set going by few rows: more would be sorted in as they come.
        connection.execute("SET LOCAL work_mem = '256MB'")
        connection.execute("SET LOCAL gin_pending_list_limit = '512MB'")
        last = max(0, count - FEW)
        for start, end in pairwise([*range(0, last, PORTION), last, count]):
            if end == count:
                connection.execute("SET LOCAL gin_pending_list_limit = '64kB'")
            _copy(_lines(connection.execute(query, {"start": start, "end": end})))

    def finish(self) -> None:
        """Rows that are missing or out of date, from the records themselves."""
        query = _TOLD_BY_STAGING if self.run.is_beside_done else _TOLD_BY_RECORDS
        self.run.execute(
            "CREATE TEMP TABLE stale ON COMMIT DROP AS {query}",
            {
                "first": self.run.job.reserved.get("customers_customer", [0])[0],
                "first_mark": self.run.job.reserved.get("customers_identifier", [0])[0],
            },
            query=self.run.part(query),
        )
        rewrite_search("stale")


# What ran beside the merge made the rows of new customers, except for those whom several rows mean.
_TOLD_BY_STAGING: LiteralString = """
    SELECT id FROM {news} JOIN {winners} USING (leader)
    UNION SELECT id FROM {changes}
    UNION SELECT customer_id FROM {additions} WHERE customer_id IS NOT NULL
"""
# The process that knew died in between, so staging may be gone as well.
_TOLD_BY_RECORDS: LiteralString = """
    SELECT new.id FROM customers_customer AS new
    WHERE new.id >= %(first)s AND new.import_id = %(import_id)s
        AND NOT EXISTS (SELECT FROM customers_customersearch AS search WHERE search.customer_id = new.id)
    UNION
    SELECT row_id FROM exchange_importchange
    WHERE job_id = %(import_id)s AND "table" = 'customers_customer'
    UNION
    SELECT known.customer_id FROM customers_identifier AS known
    WHERE known.id >= %(first_mark)s AND known.import_id = %(import_id)s AND NOT EXISTS (
        SELECT FROM customers_customer AS new
        WHERE new.id = known.customer_id AND new.id >= %(first)s AND new.import_id = %(import_id)s)
"""


SEARCH = "customers_customersearch"


def rewrite_search(table: str) -> None:
    """Write the search rows of the customers in a temporary table of ids anew."""
    connection = raw_connection()
    ids = sql.Identifier(table)
    connection.execute(
        sql.SQL("DELETE FROM customers_customersearch WHERE customer_id IN (SELECT id FROM {})").format(ids)
    )
    found = connection.execute(
        sql.SQL(
            """
            SELECT now.id, now.name, now.name_pinyin, now.city, now.province,
                (SELECT array_agg(value_normal ORDER BY known.id) FROM customers_identifier AS known
                 WHERE known.customer_id = now.id)
            FROM customers_customer AS now JOIN {} AS stale USING (id) ORDER BY now.id
            """
        ).format(ids)
    )
    _copy(_lines(found))


def _lines(
    rows: Iterable[tuple[int, str, str, str | None, str | None, list[str | None] | None]],
) -> Iterator[str]:
    compose, pieces, initials = grams.search_text, grams.grams, pinyin.initials_of
    for customer_id, name, reading, city, province, found in rows:
        values = [value for value in found or () if value]
        text = compose(name, reading, initials(name, reading), values, city=city or "", province=province or "")
        # Pieces are letters and digits, so they need no quotes in an array.
        yield f"{customer_id}\t{_escaped(text)}\t{{{','.join(pieces(text))}}}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


def _copy(lines: Iterator[str]) -> None:
    with copying_into(SEARCH, ("customer_id", "text", "grams")) as copy:
        portion: list[str] = []
        for line in lines:
            portion.append(line)
            if len(portion) == 1000:
                copy.write("".join(portion))
                portion.clear()
        copy.write("".join(portion))
