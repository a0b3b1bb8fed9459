"""Tables shaped like the product's, and what of them the warehouse carries."""

from dataclasses import replace

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
ORDERS_WITH_NOTES = replace(ORDERS, deletions="shop_deletion")
TABLES = """
    DROP TABLE IF EXISTS shop_order, shop_line, shop_deletion;
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
    CREATE TABLE shop_deletion (table_name text NOT NULL, xid bigint NOT NULL);
    CREATE OR REPLACE FUNCTION note_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO shop_deletion
                SELECT TG_TABLE_NAME, pg_current_xact_id()::text::bigint WHERE EXISTS (SELECT FROM gone);
            RETURN NULL;
        END $$;
    CREATE TRIGGER note_deletion AFTER DELETE ON shop_order REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION note_deletion();
"""
