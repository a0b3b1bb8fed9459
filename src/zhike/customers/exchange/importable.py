"""Customer files: one row a customer."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from psycopg import sql

from zhike.customers.exchange.fields import FIELDS
from zhike.customers.exchange.match import Matching
from zhike.customers.exchange.merge import IDENTIFIER, RESTORED, TAG, TAGGING, Merging
from zhike.customers.exchange.party import LIMITS, Party
from zhike.customers.exchange.sealing import RESTORED as SEALED_RESTORED
from zhike.customers.exchange.sealing import TABLE as SEALED
from zhike.customers.exchange.sealing import keep_taken
from zhike.customers.exchange.search import Indexing, rewrite_search
from zhike.customers.guarded import RECORD, key
from zhike.customers.models import Customer, SealedValue
from zhike.exchange.registry import Cells, Counts, Importable, Stager, Undone
from zhike.exchange.run import Plan, Run
from zhike.exchange.undoing import delete_created, restore_updated

if TYPE_CHECKING:
    import polars as pl

GUARDS = {field.code: key({"external_id": "external"}.get(field.code, field.code)) for field in FIELDS}
OWN_CODES = {field.code: field.code for field in FIELDS}


class CustomerStager(Stager):
    def __init__(self, plan: Plan) -> None:
        self.party = Party(plan, OWN_CODES)
        self.tables = {"rows": self.party.table}

    def frames(self, cells: Cells) -> "dict[str, pl.DataFrame]":
        return {"rows": self.party.frame(cells)}


class Customers(Importable):
    kind = "customers"
    label = _("Customers")
    permissions = ("customers.view_customer",)
    fixed_fields = FIELDS
    limits = LIMITS
    fixed_guards = GUARDS
    record = RECORD

    def stager(self, plan: Plan) -> Stager:
        return CustomerStager(plan)

    def match(self, run: Run) -> None:
        match_parties(run, self._party(run), "rows", refused="refused")

    def count(self, run: Run) -> Counts:
        return Merging(run, self._party(run), "rows").count()

    def reserve(self, run: Run) -> None:
        reserve_parties(run, self._party(run), "rows")

    def merge(self, run: Run) -> dict[str, int]:
        return merge_parties(run, self._party(run), "rows")

    def finish(self, run: Run) -> None:
        finish_parties(run, self._party(run), "rows")

    def undo(self, run: Run) -> Undone:
        undone = Undone()
        undo_parties(run, undone)
        return undone

    def _party(self, run: Run) -> Party:
        return Party(run.plan, OWN_CODES)


def match_parties(run: Run, party: Party, rows: str, *, refused: str) -> None:
    """Which customer each row of the party table `rows` means, and what would change about them."""
    Matching(run, party, rows, refused).match()
    Merging(run, party, rows).compare()


def reserve_parties(run: Run, party: Party, rows: str) -> None:
    Merging(run, party, rows).reserve()
    run.execute("CREATE INDEX ON {party} (row)", party=run.table(rows))
    run.execute("CREATE INDEX ON {news} (place)")


def merge_parties(run: Run, party: Party, rows: str) -> dict[str, int]:
    """Write customers, with their search rows beside; rows made per table."""
    run.beside(Indexing(run, party, rows).write_new)
    return Merging(run, party, rows).write()


def finish_parties(run: Run, party: Party, rows: str) -> None:
    Indexing(run, party, rows).finish()


def undo_parties(run: Run, undone: Undone) -> None:
    """Take back customers, identifiers and tags; call it after what refers to customers has been taken back."""
    run.execute(
        """
        CREATE TEMP TABLE renewed ON COMMIT DROP AS
        SELECT row_id AS id FROM exchange_importchange
        WHERE job_id = %(import_id)s AND "table" = 'customers_customer'
        UNION
        SELECT customer_id FROM customers_identifier AS added
        WHERE added.id >= %(first)s AND added.import_id = %(import_id)s
            AND NOT EXISTS (SELECT FROM customers_customer AS new
                WHERE new.id = added.customer_id AND new.import_id = %(import_id)s)
        """,
        {"first": run.job.reserved.get(IDENTIFIER, [0])[0]},
    )
    keep_taken(run, undone)
    restore_updated(run, SealedValue, columns=SEALED_RESTORED, label="field", undone=undone)
    restore_updated(run, Customer, columns=RESTORED, label="name", undone=undone)
    delete_created(run, Customer, label="name", own=(IDENTIFIER, TAGGING, SEALED), undone=undone)
    _delete_belongings(run)
    rewrite_search("renewed")


def _delete_belongings(run: Run) -> None:
    """Identifiers and tags given to customers who were there before; a customer who stays keeps theirs."""
    for table, edited in ((IDENTIFIER, "AND gone.version = 1"), (SEALED, "AND gone.version = 1"), (TAGGING, "")):
        run.execute(
            """
            DELETE FROM {table} AS gone
            WHERE gone.import_id = %(import_id)s {edited}
                AND gone.customer_id NOT IN (SELECT id FROM {kept_customers_customer})
            """,
            table=sql.Identifier(table),
            edited=sql.SQL(edited),
        )
    first, count = run.job.reserved.get(TAG, (0, 0))
    run.execute(
        "DELETE FROM customers_tag WHERE id >= %(first)s AND id < %(end)s"
        " AND id NOT IN (SELECT tag_id FROM customers_customertag)",
        {"first": first, "end": first + count},
    )
