"""Tables shaped like the product's, and what of them the warehouse carries."""

from zhike.engine.sources import Column, Source

ORDERS = Source(
    name="orders",
    table="shop_order",
    columns=(
        Column(name="customer_id", kind="bigint"),
        Column(name="placed_on", kind="date", expression="placed_at AT TIME ZONE 'Asia/Shanghai'"),
        Column(name="amount", kind="decimal(24,8)"),
        Column(name="note", kind="text"),
    ),
)
TABLES = """
    DROP TABLE IF EXISTS shop_order, shop_line;
    CREATE TABLE shop_order (
        id bigserial PRIMARY KEY, customer_id bigint, placed_at timestamptz NOT NULL DEFAULT '2026-03-01 18:00+00',
        amount numeric(24, 8) NOT NULL DEFAULT 1, note text,
        changed_xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint);
    CREATE TABLE shop_line (
        id bigserial PRIMARY KEY, order_id bigint,
        changed_xid bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint);
    CREATE OR REPLACE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN NEW.changed_xid := pg_current_xact_id()::text::bigint; RETURN NEW; END $$;
    CREATE TRIGGER stamp BEFORE UPDATE ON shop_order FOR EACH ROW EXECUTE FUNCTION stamp();
    CREATE TRIGGER stamp BEFORE UPDATE ON shop_line FOR EACH ROW EXECUTE FUNCTION stamp();
"""
