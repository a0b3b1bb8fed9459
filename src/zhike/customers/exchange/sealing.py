"""What is stored encrypted on its way from a file into the database: so at every step, in the clear in memory alone.

A staging table holds each under a key that is derived from the master key, so that it opens as long as the staging
tables are there, whatever data keys come and go meanwhile. Which of them are new is found out by the keyed digests.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from psycopg import sql

from zhike.accounts import field_keys
from zhike.accounts.models import FieldKey
from zhike.core import envelope
from zhike.core.acting import seeing_everything
from zhike.core.fields import COVERED
from zhike.customers import sealed
from zhike.customers.models import SealedValue
from zhike.customers.sealed import ID_NUMBER
from zhike.customers.vault import CustomerVault, list_sealed
from zhike.exchange.registry import RecordsMoved, Undone
from zhike.exchange.run import Run, raw_connection

TABLE = SealedValue._meta.db_table
STAGED = "sealed"
PORTION = 5_000
# What undo puts back.
RESTORED = ("sealed", "key_id", "blind_index", "index_key_id", "version")


class StagingSeal:
    """Encrypts the values of one import; its keys are read once."""

    def __init__(self, import_id: int) -> None:
        self._keys = envelope.staging_keys()
        self._import_id = import_id

    def close(self, row: int, field: str, text: str) -> str:
        return base64.b64encode(envelope.seal(self._keys[0], text, place=self._place(row, field))).decode("ascii")

    def open(self, row: int, field: str, staged: str) -> str:
        """
        :raises zhike.core.envelope.SealBroken: no master key that is known opens it
        """
        broken: envelope.SealBroken | None = None
        for key in self._keys:
            try:
                return envelope.unseal(key, base64.b64decode(staged), place=self._place(row, field))
            except envelope.SealBroken as error:
                broken = error
        raise broken or envelope.SealBroken(self._place(row, field))

    def _place(self, row: int, field: str) -> str:
        return f"staging/{self._import_id}/{row}/{field}"


class Sealing:
    """Makes `sealing`: for each encrypted field of a customer that the file changes, the row that says it last."""

    def __init__(self, run: Run) -> None:
        self.run = run

    @cached_property
    def seal(self) -> StagingSeal:
        return StagingSeal(self.run.job.pk)

    def compare(self, rows: sql.Composable | None) -> None:
        """rows: the party table; None where the file has none."""
        self.run.make(
            "sealing",
            "SELECT 0::bigint AS row, 0::bigint AS leader, 0::bigint AS customer_id, ''::text AS field,"
            " ''::text AS staged WHERE false",
        )
        if rows is None:
            return
        index_keys = [key for _key_id, key in field_keys.list_open(FieldKey.Use.INDEX)]
        query = self.run.part(
            """
            SELECT DISTINCT ON (who.leader, said.field) rows.row, who.leader, who.customer_id, said.field, said.staged,
                known.blind_index
            FROM {who} AS who JOIN {rows} AS rows USING (row)
            CROSS JOIN LATERAL jsonb_each_text(rows.sealed) AS said (field, staged)
            LEFT JOIN customers_sealedvalue AS known
                ON known.customer_id = who.customer_id AND known.field = said.field
            ORDER BY who.leader, said.field, rows.row DESC
            """,
            rows=rows,
        )
        for portion in _portions(query):
            changed = []
            for row, leader, customer_id, field, staged, known in portion:
                text = self.seal.open(row, field, staged)
                if known not in {envelope.blind_index(key, text, field=field) for key in index_keys}:
                    changed.append((row, leader, customer_id, field, staged))
            self._copy("sealing", ("row", "leader", "customer_id", "field", "staged"), changed)
        self.run.execute("ANALYZE {sealing}")

    def write(self) -> dict[str, int]:
        """Encrypt each under the data keys in force, bound to its customer; how many."""
        fields = [field for (field,) in self.run.execute("SELECT DISTINCT field FROM {sealing}").fetchall()]
        if not fields:
            return {}
        self.run.make(
            "resealed",
            "SELECT customer_id, field, sealed, key_id, blind_index, index_key_id FROM customers_sealedvalue"
            " WITH NO DATA",
        )
        seals = {field: sealed.sealer(field) for field in fields}
        query = self.run.part(
            """
            SELECT sealing.row, coalesce(sealing.customer_id, news.id), sealing.field, sealing.staged
            FROM {sealing} AS sealing LEFT JOIN {news} AS news ON news.leader = sealing.leader ORDER BY 2, 3
            """
        )
        for portion in _portions(query):
            made = [
                (customer_id, field, value["sealed"], value["key"].pk, value["blind_index"], value["index_key"].pk)
                for row, customer_id, field, staged in portion
                for value in [seals[field](customer_id, self.seal.open(row, field, staged))]
            ]
            self._copy("resealed", ("customer_id", "field", "sealed", "key_id", "blind_index", "index_key_id"), made)
        self._ask_again(fields)
        return self._merge()

    def _ask_again(self, fields: Sequence[str]) -> None:
        """Somebody else may have got a value meanwhile that only one may have.

        :raises RecordsMoved: it is so, and the next attempt refuses the row
        """
        for one in (one for one in list_sealed() if one.is_unique and one.name in fields):
            CustomerVault().hold(one.name)
            taken = self.run.value(
                "SELECT count(*) FROM {resealed} AS new JOIN customers_sealedvalue AS held"
                " ON held.field = new.field AND held.blind_index = new.blind_index"
                " AND held.customer_id <> new.customer_id WHERE new.field = {field}",
                field=sql.Literal(one.name),
            )
            if taken:
                raise RecordsMoved

    def _merge(self) -> dict[str, int]:
        self.run.execute(
            """
            INSERT INTO exchange_importchange (job_id, "table", row_id, before, version_after)
            SELECT %(import_id)s, 'customers_sealedvalue', now.id, jsonb_build_object('sealed', now.sealed,
                'key_id', now.key_id, 'blind_index', now.blind_index, 'index_key_id', now.index_key_id,
                'version', now.version), now.version + 1
            FROM customers_sealedvalue AS now JOIN {resealed} AS new USING (customer_id, field) ORDER BY now.id
            """
        )
        self.run.execute(
            """
            UPDATE customers_sealedvalue AS now SET sealed = new.sealed, key_id = new.key_id,
                blind_index = new.blind_index, index_key_id = new.index_key_id, version = now.version + 1
            FROM {resealed} AS new WHERE new.customer_id = now.customer_id AND now.field = new.field
            """
        )
        self.run.execute(
            """
            INSERT INTO customers_sealedvalue (customer_id, field, sealed, key_id, blind_index, index_key_id, version,
                import_id)
            SELECT new.customer_id, new.field, new.sealed, new.key_id, new.blind_index, new.index_key_id, 1,
                %(import_id)s
            FROM {resealed} AS new
            WHERE NOT EXISTS (SELECT FROM customers_sealedvalue AS known
                WHERE known.customer_id = new.customer_id AND known.field = new.field)
            ORDER BY new.customer_id, new.field
            """
        )
        numbers, others = self.run.execute(
            "SELECT count(*) FILTER (WHERE field = %(id_number)s), count(*) FILTER (WHERE field <> %(id_number)s)"
            " FROM {resealed}",
            {"id_number": ID_NUMBER},
        ).fetchall()[0]
        return {"id_numbers": numbers, "sealed_values": others}

    def _copy(self, table: str, columns: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(self.run.table(table), names)
        with raw_connection().cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row(row)


def refuse_taken(run: Run, parts: Mapping[str, sql.Composable], *, sealed: Mapping[str, Sequence[str]]) -> None:
    """Rows with a value that only one customer may have, where another has it or an earlier row gives it to another.

    sealed: encrypted fields that the file has, with their columns.
    """
    seal, keys = StagingSeal(run.job.pk), [key for _key_id, key in field_keys.list_open(FieldKey.Use.INDEX)]
    for one in list_sealed():
        if not one.is_unique or one.name not in sealed:
            continue
        query = run.part(
            "SELECT rows.row, who.customer_id, who.leader, rows.sealed ->> {field} FROM {who} AS who"
            " JOIN {rows} AS rows USING (row) WHERE rows.sealed ? {field} ORDER BY rows.row",
            field=sql.Literal(one.name),
            **parts,
        )
        said: dict[str, tuple[int | None, int]] = {}
        taken: list[int] = []
        for portion in _portions(query):
            texts = {row: seal.open(row, one.name, staged) for row, _customer, _leader, staged in portion}
            marks = {
                envelope.blind_index(key, text, field=one.name): text for text in set(texts.values()) for key in keys
            }
            held = SealedValue.objects.filter(field=one.name, blind_index__in=marks)
            with seeing_everything():
                holders = {marks[mark]: holder for mark, holder in held.values_list("blind_index", "customer_id")}
            for row, customer_id, leader, _staged in portion:
                who = (customer_id, 0 if customer_id else leader)
                if holders.get(texts[row], customer_id) != customer_id or said.setdefault(texts[row], who) != who:
                    taken.append(row)
        run.execute(
            'INSERT INTO {refused} (row, reason, "column", value, expected, is_read)'
            " SELECT row, 'own_taken', %(column)s, %(value)s, '', false FROM unnest(%(rows)s::bigint[]) AS row",
            {"column": sealed[one.name][0], "value": COVERED, "rows": taken},
            **parts,
        )


def keep_taken(run: Run, undone: Undone) -> None:
    """What undoing would bring back of a value that only one customer may have, and that another has by now, stays."""
    for one in (one for one in list_sealed() if one.is_unique):
        CustomerVault().hold(one.name)
        keys = [key for _key_id, key in field_keys.list_open(FieldKey.Use.INDEX)]
        rows = run.execute(
            "SELECT held.customer_id, change.id, change.before ->> 'sealed', (change.before ->> 'key_id')::bigint"
            " FROM exchange_importchange AS change JOIN customers_sealedvalue AS held ON held.id = change.row_id"
            " WHERE change.job_id = %(import_id)s AND change.table = %(table)s AND held.field = %(field)s",
            {"table": TABLE, "field": one.name},
        ).fetchall()
        for customer_id, change_id, former, key_id in rows:
            text = sealed.open_sealed(one.name, customer_id, bytes.fromhex(former[2:]), key_id)
            marks = [envelope.blind_index(key, text, field=one.name) for key in keys]
            others = SealedValue.objects.filter(field=one.name, blind_index__in=marks).exclude(customer=customer_id)
            if others.exists():
                run.execute("DELETE FROM exchange_importchange WHERE id = %(id)s", {"id": change_id})
                undone.kept_count += 1
                undone.kept.append({"table": TABLE, "id": customer_id, "label": one.named, "reason": "edited"})


def _portions(query: sql.Composed) -> Iterator[list[Any]]:
    with raw_connection().cursor(name="sealing_rows") as cursor:
        cursor.execute(query)
        while portion := cursor.fetchmany(PORTION):
            yield portion
