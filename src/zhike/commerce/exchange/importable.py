"""Files of order lines: one row a line; customers and products are made from them as needed."""

from django.utils.translation import gettext_lazy as _

from zhike.commerce import guarded
from zhike.commerce.exchange.fields import FIELDS, PARTY_CODES
from zhike.commerce.exchange.match import OrderMatching
from zhike.commerce.exchange.merge import LINE, ORDER, PRODUCT, RESTORED, OrderMerging
from zhike.commerce.exchange.staging import LIMITS, OrderStager
from zhike.commerce.models import Order, OrderLine, Product
from zhike.commerce.services.bin import products_in_bin
from zhike.customers.exchange.importable import (
    GUARDS,
    finish_parties,
    match_parties,
    merge_parties,
    reserve_parties,
    undo_parties,
)
from zhike.customers.exchange.party import Party
from zhike.exchange.registry import Counts, Importable, Stager, Undone
from zhike.exchange.run import Plan, Run
from zhike.exchange.undoing import delete_created, restore_updated


class Orders(Importable):
    kind = "orders"
    label = _("Orders")
    permissions = ("commerce.view_order", "commerce.create_order")
    fixed_fields = FIELDS
    limits = LIMITS
    fixed_guards = {code: GUARDS[own] for own, code in PARTY_CODES.items()} | {
        "number": guarded.NUMBER,
        "product_code": guarded.PRODUCT,
        "product_name": guarded.PRODUCT,
        "product_category": guarded.PRODUCT,
        "quantity": guarded.QUANTITY,
        "unit_price": guarded.AMOUNT,
        "amount": guarded.AMOUNT,
        "channel": guarded.CHANNEL,
        "store": guarded.STORE,
    }

    def stager(self, plan: Plan) -> Stager:
        return OrderStager(plan)

    def match(self, run: Run) -> None:
        run.make("party_refused", "SELECT * FROM {refused} LIMIT 0")
        match_parties(run, self._party(run), "party", refused="party_refused")
        run.make("party_fate", "SELECT row, action FROM {fate}")
        OrderMatching(run).match()
        OrderMerging(run).compare()

    def count(self, run: Run) -> Counts:
        return OrderMerging(run).count()

    def reserve(self, run: Run) -> None:
        reserve_parties(run, self._party(run), "party")
        OrderMerging(run).reserve()

    def merge(self, run: Run) -> dict[str, int]:
        made = merge_parties(run, self._party(run), "party")
        return {**made, **OrderMerging(run).write()}

    def finish(self, run: Run) -> None:
        finish_parties(run, self._party(run), "party")

    def undo(self, run: Run) -> Undone:
        undone = Undone()
        self._list_blocked(run)
        restore_updated(run, OrderLine, columns=RESTORED[LINE], label="id", undone=undone)
        restore_updated(run, Order, columns=RESTORED[ORDER], label="number", undone=undone)
        restore_updated(run, Product, columns=RESTORED[PRODUCT], label="code", undone=undone)
        delete_created(run, Order, label="number", own=(LINE,), undone=undone)
        self._delete_lines(run)
        delete_created(run, Product, label="code", also_kept=products_in_bin(), undone=undone)
        undo_parties(run, undone)
        return undone

    def _list_blocked(self, run: Run) -> None:
        """Orders that cannot be restored: their sums count the lines the import added, so these stay as well."""
        run.make(
            "blocked",
            """
            SELECT now.id FROM commerce_order AS now JOIN exchange_importchange AS change ON change.row_id = now.id
            WHERE change.job_id = %(import_id)s AND change."table" = 'commerce_order'
                AND now.version <> change.version_after
            """,
        )

    def _delete_lines(self, run: Run) -> None:
        """Lines added to orders that were there before."""
        run.execute(
            """
            DELETE FROM commerce_orderline AS gone
            WHERE gone.id >= %(first)s AND gone.import_id = %(import_id)s AND gone.version = 1
                AND gone.order_id NOT IN (SELECT id FROM {blocked})
                AND gone.order_id NOT IN (SELECT id FROM {kept_commerce_order})
            """,
            {"first": run.job.reserved.get(LINE, [0])[0]},
        )

    def _party(self, run: Run) -> Party:
        return Party(run.plan, PARTY_CODES)
