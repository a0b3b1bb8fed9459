"""Orders from staging into the database: products, orders, lines, each set as one statement."""

from decimal import Decimal

from psycopg import sql

from zhike.commerce.exchange.match import KEY
from zhike.customers.exchange.merge import before_image
from zhike.exchange.registry import Counts, RecordsMoved
from zhike.exchange.run import STAMP, Run

PRODUCT, ORDER, LINE = "commerce_product", "commerce_order", "commerce_orderline"
ORDER_VALUES = ("customer_id", "placed_at", "currency", "channel", "store")
ORDER_SUMS = ("kind", "total_amount", "line_count")
LINE_VALUES = ("quantity", "unit_price", "amount")
PRODUCT_VALUES = ("name", "category")
# What undo puts back.
RESTORED = {
    PRODUCT: (*PRODUCT_VALUES, "version"),
    ORDER: (*ORDER_VALUES, *ORDER_SUMS, "version"),
    LINE: (*LINE_VALUES, "version"),
}


class OrderMerging:
    """Works on `products`, `orders`, `lines` of `OrderMatching`; makes `touched`, orders in the database that change,
    and `deeds`, rows that do something besides their line."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def compare(self) -> None:
        self.run.make(
            "touched",
            """
            SELECT orders.order_id AS id, orders.row, orders.version,
                coalesce(orders.customer_id, CASE WHEN orders.leader IS NULL THEN now.customer_id END) AS customer_id,
                orders.leader, orders.placed_at, orders.currency,
                coalesce(orders.channel, now.channel) AS channel, coalesce(orders.store, now.store) AS store,
                differs.head
            FROM {orders} AS orders JOIN commerce_order AS now ON now.id = orders.order_id
            CROSS JOIN LATERAL (SELECT
                (orders.leader IS NOT NULL AND orders.customer_id IS DISTINCT FROM now.customer_id)
                OR orders.placed_at <> now.placed_at OR orders.currency <> now.currency
                OR orders.channel <> now.channel OR orders.store <> now.store AS head) AS differs
            WHERE differs.head
                OR orders.order_id IN (SELECT order_id FROM {lines} WHERE line_id IS NULL OR is_changed)
            """,
        )
        # A row also does something if it is the first to name a customer, product or order that changes.
        self.run.make(
            "deeds",
            """
            SELECT row FROM {party_fate} WHERE action <> 'unchanged'
            UNION
            SELECT row FROM {touched} WHERE head
            UNION
            SELECT product FROM {products} WHERE is_changed
            """,
        )

    def count(self) -> Counts:
        found = self.run.execute(
            """
            SELECT count(*) FILTER (WHERE line_id IS NULL),
                count(*) FILTER (WHERE line_id IS NOT NULL AND (is_changed OR deeds.row IS NOT NULL)),
                count(*), coalesce(sum(amount), 0)
            FROM {lines} AS lines LEFT JOIN {deeds} AS deeds USING (row)
            """
        ).fetchone()
        new, updated, rows, amount = found or (0, 0, 0, Decimal(0))
        return Counts(new=new, updated=updated, unchanged=rows - new - updated, amount=amount)

    def reserve(self) -> None:
        for table, query in (
            (PRODUCT, "SELECT count(*) FROM {products} WHERE product_id IS NULL"),
            (ORDER, "SELECT count(*) FROM {orders} WHERE order_id IS NULL"),
            # A line's id is its row's number further on: no second numbering of a million rows.
            (LINE, "SELECT coalesce(max(row), 0) FROM {lines} WHERE line_id IS NULL"),
        ):
            if count := self.run.value(query):
                self.run.reserve(table, count)

    def write(self) -> dict[str, int]:
        """The merge itself, after that of the customers; rows made per table."""
        self._update_products()
        made = {"products": self._insert_products(), "orders": self._insert_orders()}
        self.run.progress.at("merging", 2, 4)
        self._picture_orders()
        self._update_lines()
        made["lines"] = self._insert_lines()
        self._update_orders()
        return {name: count for name, count in made.items() if count}

    def _insert_products(self) -> int:
        return self.run.execute(
            """
            INSERT INTO commerce_product (id, source, code, name, category, created_at, version, import_id)
            SELECT %(first)s::bigint + place, %(source)s, code, coalesce(name, ''), coalesce(category, ''), %(at)s, 1,
                %(import_id)s
            FROM {products} WHERE product_id IS NULL ORDER BY place
            """,
            {"first": self._first(PRODUCT)},
        ).rowcount

    def _update_products(self) -> None:
        self._make_changes(
            """
            SELECT product_id AS id, products.version, coalesce(products.name, now.name) AS name,
                coalesce(products.category, now.category) AS category
            FROM {products} AS products JOIN commerce_product AS now ON now.id = products.product_id
            WHERE products.is_changed
            """,
            PRODUCT,
            PRODUCT_VALUES,
        )
        self._apply_changes(PRODUCT, PRODUCT_VALUES)

    def _insert_orders(self) -> int:
        return self.run.execute(
            """
            INSERT INTO commerce_order (id, customer_id, source, key, number, kind, placed_at, currency, total_amount,
                line_count, channel, store, created_at, version, import_id, changed_xid)
            SELECT %(first)s::bigint + heads.place, heads.customer_id, %(source)s, coalesce(heads.number, {key}),
                coalesce(heads.number, ''), CASE WHEN heads.total < 0 THEN 'refund' ELSE 'sale' END, heads.placed_at,
                heads.currency, heads.total, heads.lines, coalesce(heads.channel, ''), coalesce(heads.store, ''),
                %(at)s, 1, %(import_id)s, {stamp}
            FROM (
                SELECT orders.place, coalesce(orders.customer_id, news.id) AS customer_id, orders.number, orders.total,
                    orders.lines, orders.placed_at, orders.currency, orders.channel, orders.store, orders.occurrence
                FROM {orders} AS orders LEFT JOIN {news} AS news ON news.leader = orders.leader
                WHERE orders.order_id IS NULL
            ) AS heads
            """,
            {"first": self._first(ORDER)},
            key=KEY,
            stamp=STAMP,
        ).rowcount

    def _insert_lines(self) -> int:
        return self.run.execute(
            """
            INSERT INTO commerce_orderline (id, order_id, product_id, occurrence, quantity, unit_price, amount, version,
                import_id, changed_xid)
            SELECT %(first)s::bigint + row - 1, coalesce(order_id, %(orders)s::bigint + order_place),
                coalesce(product_id, %(products)s::bigint + product_place), occurrence, quantity, unit_price, amount, 1,
                %(import_id)s, {stamp}
            FROM {lines} WHERE line_id IS NULL
            """,
            {"first": self._first(LINE), "orders": self._first(ORDER), "products": self._first(PRODUCT)},
            stamp=STAMP,
        ).rowcount

    def _update_lines(self) -> None:
        self._make_changes(
            "SELECT line_id AS id, version, quantity, unit_price, amount FROM {lines}"
            " WHERE line_id IS NOT NULL AND is_changed",
            LINE,
            LINE_VALUES,
        )
        self._apply_changes(LINE, LINE_VALUES)

    def _picture_orders(self) -> None:
        """Before images first: the sums can only be made when the lines are in."""
        if not self.run.value("SELECT EXISTS (SELECT FROM {touched})"):
            return
        locked = self.run.execute(
            """
            SELECT now.id FROM commerce_order AS now JOIN {touched} AS touched USING (id)
            WHERE now.version = touched.version ORDER BY now.id FOR UPDATE OF now
            """
        ).rowcount
        if locked < self.run.value("SELECT count(*) FROM {touched}"):
            raise RecordsMoved
        self.run.execute(
            """
            INSERT INTO exchange_importchange (job_id, "table", row_id, before, version_after)
            SELECT %(import_id)s, 'commerce_order', now.id, {before}, now.version + 1
            FROM commerce_order AS now JOIN {touched} AS changes USING (id) ORDER BY now.id
            """,
            before=before_image((), always=RESTORED[ORDER]),
        )

    def _update_orders(self) -> None:
        self.run.execute(
            """
            UPDATE commerce_order AS now
            SET customer_id = coalesce(touched.customer_id, news.id), placed_at = touched.placed_at,
                currency = touched.currency, channel = touched.channel, store = touched.store,
                kind = CASE WHEN sums.total < 0 THEN 'refund' ELSE 'sale' END, total_amount = sums.total,
                line_count = sums.lines, version = now.version + 1
            FROM {touched} AS touched LEFT JOIN {news} AS news USING (leader)
            JOIN (
                SELECT order_id, sum(amount) AS total, count(*) AS lines FROM commerce_orderline
                WHERE order_id IN (SELECT id FROM {touched}) GROUP BY order_id
            ) AS sums ON sums.order_id = touched.id
            WHERE now.id = touched.id
            """
        )

    def _make_changes(self, query: str, table: str, columns: tuple[str, ...]) -> None:
        """The staging table `changes_<table>`, its rows locked and pictured."""
        name = f"changes_{table}"
        count = self.run.make(name, query)
        if not count:
            return
        parts = {"table": sql.Identifier(table), "changes": self.run.table(name)}
        locked = self.run.execute(
            "SELECT now.id FROM {table} AS now JOIN {changes} AS changes USING (id)"
            " WHERE now.version = changes.version ORDER BY now.id FOR UPDATE OF now",
            **parts,
        ).rowcount
        if locked < count:
            raise RecordsMoved
        self.run.execute(
            """
            INSERT INTO exchange_importchange (job_id, "table", row_id, before, version_after)
            SELECT %(import_id)s, %(table)s, now.id, {before}, now.version + 1
            FROM {table} AS now JOIN {changes} AS changes USING (id) ORDER BY now.id
            """,
            {"table": table},
            before=before_image(columns, always=("version",)),
            **parts,
        )

    def _apply_changes(self, table: str, columns: tuple[str, ...]) -> None:
        self.run.execute(
            "UPDATE {table} AS now SET {assignments}, version = now.version + 1"
            " FROM {changes} AS changes WHERE changes.id = now.id",
            table=sql.Identifier(table),
            changes=self.run.table(f"changes_{table}"),
            assignments=sql.SQL(", ").join(
                [sql.SQL("{name} = changes.{name}").format(name=sql.Identifier(name)) for name in columns]
            ),
        )

    def _first(self, table: str) -> int:
        return int(self.run.job.reserved.get(table, (0, 0))[0])
