"""Which order and line every row means.

An order is known by its source and number; without a number by its customer, time, amount and, among equal ones, its
occurrence within the file. A line is known by its order, its product and its occurrence among equal products there.
The lines of an order need not stand together.
"""

from typing import LiteralString

from psycopg import sql

from zhike.commerce.models import Order
from zhike.exchange.run import Run

CREATE = "commerce.create_order"
# What tells apart the orders of a source that does not number them; no real number looks like it.
KEY = sql.SQL(
    "'#' || coalesce(heads.customer_id::text, '-') || '|' || (heads.placed_at AT TIME ZONE 'UTC')::text"
    " || '|' || trim_scale(heads.total)::text || '|' || heads.occurrence"
)


class OrderMatching:
    """Works on the stager's tables and the `who` of the parties, and makes:

    priced: good rows with all three of quantity, price and amount. heads: one row an order, by its first row;
    `customer_id` is null for an anonymous one and for one whose customer is new. products: one row a product. lines:
    one row a line, with the ids of order, product and line where they are in the database.
    """

    def __init__(self, run: Run) -> None:
        self.run = run

    def match(self) -> None:
        self._refuse()
        self._price()
        self._resolve_products()
        self._gather()
        self._find_orders()
        self._find_lines()

    def _refuse(self) -> None:
        """Rows of refused customers, and rows that lack what an order line needs."""
        self.run.execute(
            """
            INSERT INTO {refused} (row, reason, "column", value, expected, is_read)
            SELECT rows.row, party.reason, party."column", party.value, party.expected, false
            FROM {rows} AS rows JOIN {party_refused} AS party ON party.row = rows.party
            """
        )
        self.run.execute(
            """
            INSERT INTO {refused} (row, reason, "column", value, expected, is_read)
            SELECT row, CASE
                    WHEN amount IS NULL AND unit_price IS NULL THEN 'amount_missing'
                    ELSE 'currency_unknown' END,
                '', coalesce(currency, ''), '', false
            FROM {rows}
            WHERE (amount IS NULL AND unit_price IS NULL) OR currency !~ '^[A-Z]{{3}}$'
            """
        )

    def _price(self) -> None:
        # Eight decimals are what the table keeps; here they decide whether a line differs from what it holds.
        self.run.make(
            "priced",
            """
            SELECT row, number, party, product, placed_at, coalesce(currency, %(currency)s) AS currency, channel, store,
                quantity::numeric(20, 6) AS quantity,
                coalesce(unit_price, CASE WHEN quantity <> 0 THEN amount / quantity ELSE amount END)::numeric(24, 8)
                    AS unit_price,
                coalesce(amount, quantity * unit_price)::numeric(24, 8) AS amount
            FROM (
                SELECT row, number, party, product, placed_at, currency, channel, store, unit_price, amount,
                    coalesce(quantity, CASE WHEN unit_price <> 0 THEN amount / unit_price END, 1) AS quantity
                FROM {rows} AS rows
                WHERE NOT EXISTS (SELECT FROM {refused} AS refused WHERE refused.row = rows.row)
            ) AS good
            """,
            {"currency": self.run.plan.currency},
        )

    def _resolve_products(self) -> None:
        self.run.make(
            "products",
            """
            SELECT told.product, told.code, known.id AS product_id, known.version, told.name, told.category,
                (told.name <> known.name OR told.category <> known.category) AS is_changed,
                row_number() OVER (PARTITION BY known.id IS NULL ORDER BY told.product) - 1 AS place
            FROM (
                SELECT product, min(code) AS code,
                    (array_agg(name ORDER BY row DESC) FILTER (WHERE name IS NOT NULL))[1] AS name,
                    (array_agg(category ORDER BY row DESC) FILTER (WHERE category IS NOT NULL))[1] AS category
                FROM {goods} GROUP BY product
            ) AS told
            LEFT JOIN commerce_product AS known ON known.source = %(source)s AND known.code = told.code
            """,
        )

    def _gather(self) -> None:
        """Orders from their lines: time and currency of the first, of everything else what is said last."""
        self.run.make(
            "sums",
            """
            SELECT number, min(row) AS row, count(*) AS lines, sum(amount) AS total,
                min(row) FILTER (WHERE party IS NOT NULL) AS party_row,
                max(row) FILTER (WHERE channel IS NOT NULL) AS channel_row,
                max(row) FILTER (WHERE store IS NOT NULL) AS store_row
            FROM {priced} WHERE number IS NOT NULL GROUP BY number
            UNION ALL
            SELECT NULL, row, 1, amount, row, row, row FROM {priced} WHERE number IS NULL
            """,
        )
        occurrence: LiteralString = "NULL::bigint"
        if self.run.value("SELECT EXISTS (SELECT FROM {sums} WHERE number IS NULL)"):
            occurrence = """CASE WHEN sums.number IS NULL THEN row_number() OVER (
                PARTITION BY sums.number, who.customer_id, who.leader, first.placed_at, sums.total ORDER BY sums.row
            ) END"""
        self.run.make(
            "heads",
            """
            SELECT sums.row, sums.number, sums.lines, sums.total, first.placed_at, first.currency, first.party,
                first.channel, first.store, who.customer_id, who.leader, {occurrence} AS occurrence
            FROM {sums} AS sums JOIN {priced} AS first ON first.row = sums.row
            LEFT JOIN {who} AS who ON who.row = first.party
            """,
            occurrence=sql.SQL(occurrence),
        )
        for column in ("party", "channel", "store"):
            self._take_from_other_rows(column)

    def _take_from_other_rows(self, column: str) -> None:
        """Where the first row of an order is blank, or a later one says otherwise."""
        found = self.run.execute(
            """
            UPDATE {heads} AS heads SET {column} = other.{column}
            FROM {sums} AS sums JOIN {priced} AS other ON other.row = sums.{at}
            WHERE sums.row = heads.row AND sums.{at} <> sums.row AND other.{column} IS DISTINCT FROM heads.{column}
            """,
            column=sql.Identifier(column),
            at=sql.Identifier(f"{column}_row"),
        ).rowcount
        if found and column == "party":
            self.run.execute(
                """
                UPDATE {heads} AS heads SET customer_id = who.customer_id, leader = who.leader
                FROM {who} AS who WHERE who.row = heads.party AND heads.number IS NOT NULL
                """
            )

    def _find_orders(self) -> None:
        # A new customer has no orders yet, so the key of theirs is made when they have an id.
        self.run.make(
            "orders",
            """
            SELECT heads.*, known.id AS order_id, known.version,
                row_number() OVER (PARTITION BY known.id IS NULL ORDER BY heads.row) - 1 AS place
            FROM {heads} AS heads
            LEFT JOIN commerce_order AS known ON known.source = %(source)s AND known.key = CASE
                WHEN heads.number IS NOT NULL THEN heads.number
                WHEN heads.customer_id IS NOT NULL OR heads.leader IS NULL THEN {key} END
            """,
            key=KEY,
        )
        if (hidden := self._hidden()) is None:
            return
        self.run.execute(
            """
            INSERT INTO {refused} (row, reason, "column", value, expected, is_read)
            SELECT priced.row, 'not_permitted', '', '', '', false
            FROM {orders} AS orders JOIN {priced} AS priced
                ON priced.row = orders.row OR priced.number = orders.number
            WHERE orders.order_id IS NOT NULL AND orders.order_id NOT IN ({hidden})
            """,
            hidden=hidden,
        )
        self.run.execute("DELETE FROM {orders} WHERE row IN (SELECT row FROM {refused})")
        self.run.execute("DELETE FROM {priced} WHERE row IN (SELECT row FROM {refused})")

    def _hidden(self) -> sql.Composable | None:
        """The orders that the actor may write, as a query; None for all."""
        if self.run.actor.reach_of(CREATE).is_all:
            return None
        return self.run.query_of(Order.objects.within(self.run.actor, CREATE).values("pk"))

    def _find_lines(self) -> None:
        is_first_time = not self.run.value("SELECT EXISTS (SELECT FROM {orders} WHERE order_id IS NOT NULL)")
        placed = sql.SQL(_PLACED).format(
            priced=self.run.table("priced"), orders=self.run.table("orders"), products=self.run.table("products")
        )
        self.run.make("lines", _ALL_NEW if is_first_time else _COMPARED, placed=placed)


_PLACED: LiteralString = """
    SELECT priced.row, orders.row AS order_row, orders.order_id, orders.place AS order_place,
        priced.product, products.product_id, products.place AS product_place,
        priced.quantity, priced.unit_price, priced.amount,
        row_number() OVER (PARTITION BY orders.row, priced.product ORDER BY priced.row) AS occurrence
    FROM {priced} AS priced JOIN {orders} AS orders ON orders.number = priced.number
    LEFT JOIN {products} AS products ON products.product = priced.product
    UNION ALL
    SELECT priced.row, orders.row, orders.order_id, orders.place,
        priced.product, products.product_id, products.place,
        priced.quantity, priced.unit_price, priced.amount, 1
    FROM {priced} AS priced JOIN {orders} AS orders ON orders.row = priced.row AND orders.number IS NULL
    LEFT JOIN {products} AS products ON products.product = priced.product
    WHERE priced.number IS NULL
"""
_ALL_NEW: LiteralString = """
    SELECT placed.*, NULL::bigint AS line_id, NULL::integer AS version, false AS is_changed FROM ({placed}) AS placed
"""
_COMPARED: LiteralString = """
    SELECT placed.*, known.id AS line_id, known.version,
        (known.quantity, known.unit_price, known.amount)
            IS DISTINCT FROM (placed.quantity, placed.unit_price, placed.amount) AS is_changed
    FROM ({placed}) AS placed LEFT JOIN commerce_orderline AS known
        ON known.order_id = placed.order_id AND known.occurrence = placed.occurrence
        AND coalesce(known.product_id, 0) = coalesce(placed.product_id, 0)
        AND (placed.product IS NULL) = (known.product_id IS NULL)
"""
