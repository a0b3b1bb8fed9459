"""What the role of the application cannot do, however much SQL it gets to run: docs/security/attacks.md."""

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from zhike.core.acting import acting
from zhike.core.actor import ANONYMOUS, SYSTEM, Actor
from zhike.customers.services import people

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)

RECORDED = "'x', '{}', '{}'"
REFUSED = (
    # the history
    "UPDATE audit_entry SET actor_id = 1",
    "DELETE FROM audit_payload",
    "DELETE FROM audit_unsealed",
    "DELETE FROM audit_leaf",
    "UPDATE audit_head SET size = 0",
    "INSERT INTO audit_entry (origin) VALUES ('x')",
    "SELECT setval('audit_entry_id_seq', 1)",
    "SELECT audit_write('insert', 'customers_customer', 'customers_customer', '{1}', NULL, NULL, '{x}')",
    "SELECT audit_erase(1, now(), '{1}')",
    "SELECT audit_close_all()",
    "SELECT audit_make_partitions(3)",
    "CREATE TABLE staging.stolen PARTITION OF audit_entry DEFAULT",
    *(f"SELECT audit_record('{action}', {RECORDED})" for action in ("insert", "update", "delete", "truncate", "erase")),
    f"SELECT audit_record(NULL, {RECORDED})",
    # triggers, policies, ownership
    "ALTER TABLE customers_customer DISABLE TRIGGER ALL",
    "DROP TRIGGER audit_update ON customers_customer",
    "SET session_replication_role = replica",
    "ALTER TABLE customers_customer DISABLE ROW LEVEL SECURITY",
    "DROP POLICY customers_customer_reach ON customers_customer",
    "CREATE POLICY open ON customers_customer USING (true)",
    "CREATE RULE hide AS ON UPDATE TO customers_customer DO INSTEAD NOTHING",
    "CREATE TRIGGER mine BEFORE INSERT ON customers_customer FOR EACH ROW EXECUTE FUNCTION zhike_stamp_change()",
    "ALTER TABLE customers_customer OWNER TO CURRENT_USER",
    "CREATE TABLE staging.child () INHERITS (customers_customer)",
    "CREATE TABLE staging.finder (id bigint REFERENCES customers_customer (id))",
    "CREATE STATISTICS staging.told ON id, name FROM customers_customer",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TABLE public.mine (id int)",
    "CREATE SCHEMA mine",
    "SELECT zhike_analyze('pg_authid')",
    # the machine
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT pg_ls_dir('.')",
    "SELECT pg_stat_file('PG_VERSION')",
    "SELECT lo_import('/etc/passwd')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY customers_tag FROM PROGRAM 'true'",
    "COPY (SELECT 1) TO '/tmp/zhike-attack'",
    "LOAD 'auto_explain'",
    "CREATE EXTENSION plpython3u",
    "SELECT rolpassword FROM pg_authid",
    # other roles
    "CREATE ROLE mine",
    "ALTER ROLE CURRENT_USER BYPASSRLS",
)


@pytest.mark.parametrize("actor", [ANONYMOUS, SYSTEM], ids=["narrow", "open"])
def test_what_the_application_has_no_business_doing_is_refused(actor: Actor) -> None:
    assert [statement for statement in REFUSED if runs(statement, actor)] == []


def runs(statement: str, actor: Actor) -> bool:
    try:
        with acting(actor), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
            transaction.set_rollback(True)
    except DatabaseError:
        return False
    return True


def test_rows_are_not_told_by_cheap_functions_views_or_tables_of_the_same_name() -> None:
    with acting(SYSTEM):
        people.create_customer(actor=SYSTEM, at=NOON, name="王小明")
    with acting(ANONYMOUS), connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION staging.tell(said text) RETURNS boolean COST 0.0000001 LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'it is %', said; END $$"
        )
        cursor.execute("CREATE VIEW staging.all_of_them AS SELECT * FROM customers_customer")
        cursor.execute("CREATE TEMP TABLE customers_collaborator (customer_id bigint, user_id bigint) ON COMMIT DROP")
        cursor.execute("INSERT INTO customers_collaborator SELECT id, 1 FROM generate_series(1, 100000) AS id")
        cursor.execute("SET LOCAL search_path = pg_temp, public")
        for query in (
            "SELECT count(*) FROM public.customers_customer WHERE staging.tell(name)",
            "SELECT count(*) FROM public.customers_customersearch WHERE staging.tell(text)",
            "SELECT count(*) FROM staging.all_of_them",
            "SELECT public.customers_count(1000)",
            "SELECT count(*) FROM public.customers_newest(9000000000, 1000)",
            "SELECT count(*) FROM public.customers_found('{}', '{%}', 9000000000, 1000)",
            "SELECT count(*) FROM public.customers_by_name_pinyin_up(NULL, NULL, 1, 1000)",
        ):
            cursor.execute(query)
            assert cursor.fetchone() == (0,), query
        with pytest.raises(DatabaseError), transaction.atomic():
            cursor.execute("SELECT public.customers_newest(9000000000, -1)")
