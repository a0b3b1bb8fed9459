"""ID numbers on their way from a file into the database: encrypted at every step, in the clear in memory alone.

A staging table holds each under a key that is derived from the master key, so that it opens as long as the staging
tables are there, whatever data keys come and go meanwhile. Which of them are new is found out by the keyed digests.
"""

import base64
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from psycopg import sql

from zhike.accounts import field_keys
from zhike.accounts.models import FieldKey
from zhike.core import envelope
from zhike.customers import sealed
from zhike.customers.models import SealedValue
from zhike.customers.sealed import ID_NUMBER
from zhike.exchange.run import Run, raw_connection

TABLE = SealedValue._meta.db_table
STAGED = "id_sealed"
PORTION = 5_000
# What undo puts back.
RESTORED = ("sealed", "key_id", "blind_index", "index_key_id", "version")


class StagingSeal:
    """Encrypts the values of one import; its keys are read once."""

    def __init__(self, import_id: int) -> None:
        self._keys = envelope.staging_keys()
        self._import_id = import_id

    def close(self, row: int, text: str) -> str:
        return base64.b64encode(envelope.seal(self._keys[0], text, place=self._place(row))).decode("ascii")

    def open(self, row: int, staged: str) -> str:
        """
        :raises zhike.core.envelope.SealBroken: no master key that is known opens it
        """
        broken: envelope.SealBroken | None = None
        for key in self._keys:
            try:
                return envelope.unseal(key, base64.b64decode(staged), place=self._place(row))
            except envelope.SealBroken as error:
                broken = error
        raise broken or envelope.SealBroken(self._place(row))

    def _place(self, row: int) -> str:
        return f"staging/{self._import_id}/{row}"


class Sealing:
    """Makes `sealing`: for each customer whose ID number the file changes, the row that says it last."""

    def __init__(self, run: Run) -> None:
        self.run = run

    @cached_property
    def seal(self) -> StagingSeal:
        return StagingSeal(self.run.job.pk)

    def compare(self, rows: sql.Composable | None) -> None:
        """rows: the party table; None where the file has no ID numbers."""
        self.run.make(
            "sealing",
            "SELECT 0::bigint AS row, 0::bigint AS leader, 0::bigint AS customer_id, ''::text AS id_sealed WHERE false",
        )
        if rows is None:
            return
        index_keys = [key for _key_id, key in field_keys.list_open(FieldKey.Use.INDEX)]
        query = self.run.part(
            """
            SELECT DISTINCT ON (who.leader) rows.row, who.leader, who.customer_id, rows.id_sealed, known.blind_index
            FROM {who} AS who JOIN {rows} AS rows USING (row)
            LEFT JOIN customers_sealedvalue AS known
                ON known.customer_id = who.customer_id AND known.field = 'id_number'
            WHERE rows.id_sealed IS NOT NULL ORDER BY who.leader, rows.row DESC
            """,
            rows=rows,
        )
        for portion in _portions(query):
            changed = []
            for row, leader, customer_id, staged, known in portion:
                text = self.seal.open(row, staged)
                if known not in {envelope.blind_index(key, text, field=ID_NUMBER) for key in index_keys}:
                    changed.append((row, leader, customer_id, staged))
            self._copy("sealing", ("row", "leader", "customer_id", "id_sealed"), changed)
        self.run.execute("ANALYZE {sealing}")

    def write(self) -> int:
        """Encrypt each under the data keys in force, bound to its customer; how many."""
        if not self.run.value("SELECT count(*) FROM {sealing}"):
            return 0
        self.run.make(
            "resealed",
            "SELECT customer_id, sealed, key_id, blind_index, index_key_id FROM customers_sealedvalue WITH NO DATA",
        )
        seal = sealed.sealer(ID_NUMBER)
        query = self.run.part(
            """
            SELECT sealing.row, coalesce(sealing.customer_id, news.id), sealing.id_sealed
            FROM {sealing} AS sealing LEFT JOIN {news} AS news ON news.leader = sealing.leader ORDER BY 2
            """
        )
        for portion in _portions(query):
            made = [
                (customer_id, value["sealed"], value["key"].pk, value["blind_index"], value["index_key"].pk)
                for row, customer_id, staged in portion
                for value in [seal(customer_id, self.seal.open(row, staged))]
            ]
            self._copy("resealed", ("customer_id", "sealed", "key_id", "blind_index", "index_key_id"), made)
        return self._merge()

    def _merge(self) -> int:
        self.run.execute(
            """
            INSERT INTO exchange_importchange (job_id, "table", row_id, before, version_after)
            SELECT %(import_id)s, 'customers_sealedvalue', now.id, jsonb_build_object('sealed', now.sealed,
                'key_id', now.key_id, 'blind_index', now.blind_index, 'index_key_id', now.index_key_id,
                'version', now.version), now.version + 1
            FROM customers_sealedvalue AS now JOIN {resealed} AS new USING (customer_id)
            WHERE now.field = 'id_number' ORDER BY now.id
            """
        )
        updated = self.run.execute(
            """
            UPDATE customers_sealedvalue AS now SET sealed = new.sealed, key_id = new.key_id,
                blind_index = new.blind_index, index_key_id = new.index_key_id, version = now.version + 1
            FROM {resealed} AS new WHERE new.customer_id = now.customer_id AND now.field = 'id_number'
            """
        ).rowcount
        added = self.run.execute(
            """
            INSERT INTO customers_sealedvalue (customer_id, field, sealed, key_id, blind_index, index_key_id, version,
                import_id)
            SELECT new.customer_id, 'id_number', new.sealed, new.key_id, new.blind_index, new.index_key_id, 1,
                %(import_id)s
            FROM {resealed} AS new
            WHERE NOT EXISTS (SELECT FROM customers_sealedvalue AS known
                WHERE known.customer_id = new.customer_id AND known.field = 'id_number')
            ORDER BY new.customer_id
            """
        ).rowcount
        return updated + added

    def _copy(self, table: str, columns: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(self.run.table(table), names)
        with raw_connection().cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row(row)


def _portions(query: sql.Composed) -> Iterator[list[Any]]:
    with raw_connection().cursor(name="sealing_rows") as cursor:
        cursor.execute(query)
        while portion := cursor.fetchmany(PORTION):
            yield portion
