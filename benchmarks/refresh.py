"""Warehouse and scores at 1M customers and 10M single-line orders: in full, then after one per cent has changed.

Expects an instance with customers. The orders are written straight into the tables; indexes, keys and the capture of
changes are laid aside while they go in, because loading is not what is measured here.
"""

import threading
import time

import psutil

from harness import Instance, describe_machine, emit, instance, processes_of, pss_mb

ORDERS = 10_000_000
AS_OF = "2026-11-22"

LAY_ASIDE = """
ALTER TABLE commerce_order DISABLE TRIGGER USER;
ALTER TABLE commerce_orderline DISABLE TRIGGER USER;
CREATE TABLE staging.bench_parts AS
    SELECT conrelid::regclass::text AS on_table, conname AS name, 'constraint' AS kind,
           pg_get_constraintdef(oid) AS body
    FROM pg_constraint WHERE conrelid IN ('commerce_order'::regclass, 'commerce_orderline'::regclass) AND contype = 'f'
    UNION ALL
    SELECT indrelid::regclass::text, indexrelid::regclass::text, 'index', pg_get_indexdef(indexrelid)
    FROM pg_index WHERE indrelid IN ('commerce_order'::regclass, 'commerce_orderline'::regclass) AND NOT indisunique;
DO $$ DECLARE part record; BEGIN
    FOR part IN SELECT * FROM staging.bench_parts LOOP
        IF part.kind = 'constraint' THEN EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', part.on_table, part.name);
        ELSE EXECUTE format('DROP INDEX %s', part.name); END IF;
    END LOOP;
END $$;
"""

FILL = """
SELECT setseed(0.42);
CREATE TABLE staging.bench_ids AS SELECT row_number() OVER (ORDER BY id) AS place, id FROM customers_customer;
CREATE UNIQUE INDEX ON staging.bench_ids (place);
INSERT INTO commerce_order (customer_id, source, key, number, kind, placed_at, currency, total_amount, line_count,
                            channel, store, created_at, version)
    SELECT ids.id, 'bench', made.n, made.n, 'sale', made.placed_at, 'CNY', made.amount, 1, '', '', made.placed_at, 1
    FROM (SELECT n, (1 + floor(power(random(), 2) * (SELECT count(*) FROM staging.bench_ids)))::bigint AS place,
                 '{as_of} 12:00+08'::timestamptz - random() * interval '730 days' AS placed_at,
                 round((10 + 90 * -ln(1 - random()))::numeric, 2) AS amount
          FROM generate_series(1, {orders}) AS n) AS made
    JOIN staging.bench_ids AS ids USING (place);
INSERT INTO commerce_orderline (order_id, occurrence, quantity, unit_price, amount, version)
    SELECT id, 1, 1, total_amount, total_amount, 1 FROM commerce_order WHERE source = 'bench';
DROP TABLE staging.bench_ids;
"""

PUT_BACK = """
DO $$ DECLARE part record; BEGIN
    FOR part IN SELECT * FROM staging.bench_parts ORDER BY kind DESC LOOP
        IF part.kind = 'constraint'
        THEN EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', part.on_table, part.name, part.body);
        ELSE EXECUTE part.body; END IF;
    END LOOP;
END $$;
DROP TABLE staging.bench_parts;
ALTER TABLE commerce_order ENABLE TRIGGER USER;
ALTER TABLE commerce_orderline ENABLE TRIGGER USER;
ANALYZE commerce_order, commerce_orderline;
"""

CHANGE = """
UPDATE commerce_order SET total_amount = total_amount + 1 WHERE source = 'bench' AND id % 100 = 7;
UPDATE commerce_orderline SET amount = amount + 1, unit_price = unit_price + 1
    WHERE order_id IN (SELECT id FROM commerce_order WHERE source = 'bench' AND id % 100 = 7);
UPDATE customers_customer SET channel = 'bench' WHERE id % 100 = 7;
"""


def measure(made: Instance) -> None:
    """Emit refresh_full_s, refresh_peak_mb and refresh_delta_s."""
    began = time.perf_counter()
    for script in (LAY_ASIDE, FILL.format(as_of=AS_OF, orders=ORDERS), PUT_BACK):
        made.zhike("sql", "-c", script)
    emit("refresh_loading_s", time.perf_counter() - began, "s", note="data, not measured otherwise")
    with Peak(made) as peak:
        full = _timed(made)
    emit("refresh_full_s", full, "s", target="<= 90", customers=1_000_000, orders=ORDERS)
    emit("refresh_peak_mb", peak.megabytes, "MB PSS", target="<= 4096", note="commands; PostgreSQL not counted")
    # Otherwise the server tidies up after eleven million new rows while the next figure is taken.
    made.zhike("sql", "-c", "VACUUM")
    made.zhike("sql", "-c", CHANGE)
    emit("refresh_delta_s", _timed(made), "s", target="<= 10", changed="1 % of orders, lines and customers")


def _timed(made: Instance) -> float:
    began = time.perf_counter()
    made.zhike("refresh", "--as-of", AS_OF, "--json")
    return time.perf_counter() - began


class Peak:
    """The most memory that the processes below this one held, looked at five times a second."""

    def __init__(self, made: Instance) -> None:
        self.megabytes = 0.0
        self._made = made
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        server = {process.pid for process in processes_of(self._made)}
        while not self._over.wait(0.2):
            ours = [child for child in psutil.Process().children(recursive=True) if child.pid not in server]
            self.megabytes = max(self.megabytes, pss_mb(ours))


if __name__ == "__main__":
    describe_machine()
    with instance() as alone:
        alone.zhike("demo", "--no-serve", "--customers", "1000000", "--orders", "10000", timeout=1800)
        measure(alone)
