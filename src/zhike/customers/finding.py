"""The functions by which those who do not see everything find the ids of a list's page.

They act as the owner of the tables, whom no policy binds: under a policy PostgreSQL uses no index of an array or of
amounts, and looks up every customer who comes by in the wanted order. What the caller reaches is asked inside, of the
session's settings (`core.acting`), and ids come out, with the value they are ordered by; their rows are read under the
policies. Nothing is put together while they run: there is a function for each order and direction.

Each takes one of three ways, by how many customers the caller sees. Few are looked up one by one and sorted. For more,
the index of the order is walked past a hash of their ids. Of very many one soon comes by, and each is looked up.
"""

from collections.abc import Iterator

from django.db.migrations.operations import RunSQL

VIEW = "customers.view_customer"
FEW = 800
MANY = 20_000
FEW_HOLDERS = 60  # owners and teams: the newest of each are quickly read
FEW_TEXTS = 1000  # searched one by one
STRETCH = 10_000  # ids: of a frequent word the page is full before the index is asked

# Key of an order → table, its id, the column and its type.
ORDERS = {
    "facts__amount": ("customers_customerfacts", "customer_id", "amount", "numeric"),
    "facts__order_count": ("customers_customerfacts", "customer_id", "order_count", "integer"),
    "facts__last_order_on": ("customers_customerfacts", "customer_id", "last_order_on", "date"),
    "name_pinyin": ("customers_customer", "id", "name_pinyin", "text"),
    "created_at": ("customers_customer", "id", "created_at", "timestamptz"),
}

HEAD = f"""
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
    DECLARE
        everything CONSTANT boolean := zhike_reaches_all('{VIEW}');
        users CONSTANT bigint[] := coalesce(zhike_reach('{VIEW}', 'users'), '{{}}');
        teams CONSTANT bigint[] := coalesce(zhike_reach('{VIEW}', 'teams'), '{{}}');
        shared CONSTANT bigint[] := coalesce(customers_shared('{VIEW}'), '{{}}');
"""
SEEN = "(everything OR seen.owner_id = ANY (users) OR seen.team_id = ANY (teams) OR seen.id = ANY (shared))"
IDS = """
    SELECT id FROM customers_customer WHERE owner_id = ANY (users)
    UNION ALL SELECT id FROM customers_customer WHERE team_id = ANY (teams)
    UNION ALL SELECT unnest(shared)
"""

_COUNT = f"""
CREATE FUNCTION customers_count(most integer) RETURNS bigint {HEAD}
    BEGIN
        IF everything THEN
            RETURN (SELECT count(*) FROM (SELECT FROM customers_customer LIMIT most) AS counted);
        END IF;
        RETURN (SELECT count(*) FROM (
            SELECT DISTINCT id FROM (
                (SELECT id FROM customers_customer WHERE owner_id = ANY (users) LIMIT most)
                UNION ALL (SELECT id FROM customers_customer WHERE team_id = ANY (teams) LIMIT most)
                UNION ALL SELECT unnest(shared)
            ) AS reached LIMIT most
        ) AS counted);
    END $$;
"""  # noqa: S608

_NEWEST = f"""
CREATE FUNCTION customers_newest(below bigint, most integer) RETURNS SETOF bigint {HEAD}
    BEGIN
        IF NOT everything AND cardinality(users) + cardinality(teams) <= {FEW_HOLDERS} THEN
            RETURN QUERY SELECT id FROM (
                SELECT found.id FROM unnest(users) AS whose CROSS JOIN LATERAL (
                    SELECT id FROM customers_customer WHERE owner_id = whose AND id < below ORDER BY id DESC LIMIT most
                ) AS found
                UNION SELECT found.id FROM unnest(teams) AS whose CROSS JOIN LATERAL (
                    SELECT id FROM customers_customer WHERE team_id = whose AND id < below ORDER BY id DESC LIMIT most
                ) AS found
                UNION SELECT id FROM unnest(shared) AS id WHERE id < below
            ) AS reached ORDER BY id DESC LIMIT most;
        ELSE
            RETURN QUERY SELECT id FROM customers_customer AS seen WHERE id < below AND {SEEN}
                ORDER BY id DESC LIMIT most;
        END IF;
    END $$;
"""  # noqa: S608

_FOUND = f"""
CREATE FUNCTION customers_found(pieces text[], patterns text[], below bigint, most integer)
    RETURNS SETOF bigint {HEAD}
        mine bigint[];
        start bigint;
        told integer;
    BEGIN
        IF NOT everything THEN
            mine := ARRAY(SELECT id FROM ({IDS}) AS reached WHERE id < below LIMIT {FEW_TEXTS} + 1);
            IF cardinality(mine) <= {FEW_TEXTS} THEN
                RETURN QUERY SELECT customer_id FROM customers_customersearch
                    WHERE customer_id = ANY (mine) AND text LIKE ALL (patterns)
                    ORDER BY customer_id DESC LIMIT most;
                RETURN;
            END IF;
        END IF;
        start := least(below, (SELECT max(id) + 1 FROM customers_customer)) - {STRETCH};
        RETURN QUERY SELECT seen.id FROM customers_customer AS seen
            JOIN customers_customersearch AS search ON search.customer_id = seen.id
            WHERE seen.id < below AND seen.id >= start AND search.customer_id < below AND search.customer_id >= start
                AND search.text LIKE ALL (patterns) AND {SEEN}
            ORDER BY seen.id DESC LIMIT most;
        GET DIAGNOSTICS told = ROW_COUNT;
        IF told < most THEN
            RETURN QUERY SELECT search.customer_id FROM customers_customersearch AS search
                JOIN customers_customer AS seen ON seen.id = search.customer_id
                WHERE search.grams @> pieces AND search.text LIKE ALL (patterns) AND search.customer_id < start
                    AND {SEEN}
                ORDER BY search.customer_id DESC LIMIT most - told;
        END IF;
    END $$;
"""  # noqa: S608


def name_of(path: str, *, is_descending: bool) -> str:
    """The function for an order; path: a key of ORDERS."""
    return f"customers_by_{ORDERS[path][2]}_{'down' if is_descending else 'up'}"


def _ordered(path: str, *, is_descending: bool) -> str:
    table, key, column, kind = ORDERS[path]
    sign, way = ("<", "DESC") if is_descending else (">", "ASC")
    select = f"SELECT it.{key}, it.{column}::text FROM {table} AS it"  # noqa: S608
    bound = f"(after_id IS NULL OR (it.{column}, it.{key}) {sign} (after_value, after_id)) AND it.{column} IS NOT NULL"
    rest = f"AND {bound} ORDER BY it.{column} {way}, it.{key} {way} LIMIT most;"
    return f"""
CREATE FUNCTION {name_of(path, is_descending=is_descending)}(
    after_value {kind}, after_id bigint, size integer, most integer
) RETURNS TABLE (found_id bigint, found_value text) {HEAD}
    BEGIN
        IF NOT everything AND size <= {FEW} THEN
            RETURN QUERY {select} WHERE it.{key} = ANY (ARRAY({IDS})) {rest}
        ELSIF NOT everything AND size <= {MANY} THEN
            -- IS TRUE keeps PostgreSQL from turning IN into a join, which would lose the order.
            RETURN QUERY {select} WHERE (it.{key} IN ({IDS})) IS TRUE {rest}
        ELSE
            RETURN QUERY {select} JOIN customers_customer AS seen ON seen.id = it.{key} WHERE {SEEN} {rest}
        END IF;
    END $$;
"""


def _each() -> Iterator[tuple[str, str]]:
    yield _COUNT, "customers_count(integer)"
    yield _NEWEST, "customers_newest(bigint, integer)"
    yield _FOUND, "customers_found(text[], text[], bigint, integer)"
    for path, (_table, _key, _column, kind) in ORDERS.items():
        for is_descending in (True, False):
            name = name_of(path, is_descending=is_descending)
            yield _ordered(path, is_descending=is_descending), f"{name}({kind}, bigint, integer, integer)"


# The application's role may call whatever the owner makes; nobody else has a reach to ask within.
CREATE_FINDING = RunSQL(
    "".join(f"{create} REVOKE ALL ON FUNCTION {signature} FROM PUBLIC;" for create, signature in _each()),
    "".join(f"DROP FUNCTION {signature};" for _create, signature in _each()),
)
