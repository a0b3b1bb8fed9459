"""The functions by which the search box finds customers, within the reach of whoever acts; see `customers.finding`.

`customers_sought` gathers what deserves a place near the top: what one has opened, what begins with the words, and the
newest that hold them. `customers_alike` looks for several spellings at once.
"""

from django.db.migrations.operations import RunSQL

from zhike.customers.finding import FEW_TEXTS, HEAD, IDS, SEEN

BEGINNING = 300  # of an index of names; of those with the shortest names the first are the best

_MINE = f"""
        IF NOT everything THEN
            mine := ARRAY(SELECT id FROM ({IDS}) AS reached LIMIT {FEW_TEXTS} + 1);
            is_few := cardinality(mine) <= {FEW_TEXTS};
        END IF;
"""  # noqa: S608


def _beginning(column: str, low: str, high: str) -> str:
    return f"""
        IF {low} <> '' THEN
            RETURN QUERY SELECT seen.id FROM (
                SELECT id FROM customers_customer WHERE {column} >= {low} AND {column} < {high}
                ORDER BY {column} LIMIT {BEGINNING}
            ) AS named
            JOIN customers_customersearch AS search ON search.customer_id = named.id
            JOIN customers_customer AS seen ON seen.id = named.id
            WHERE search.text LIKE ALL (patterns) AND {SEEN} LIMIT most;
        END IF;
    """  # noqa: S608


_SOUGHT = f"""
CREATE FUNCTION customers_sought(
    pieces text[], patterns text[], name_low text, name_high text, reading_low text, reading_high text,
    opened bigint[], most integer
) RETURNS SETOF bigint {HEAD}
        mine bigint[];
        is_few boolean := false;
    BEGIN
        {_MINE}
        IF is_few THEN
            RETURN QUERY SELECT customer_id FROM customers_customersearch
                WHERE customer_id = ANY (mine) AND text LIKE ALL (patterns);
            RETURN;
        END IF;
        RETURN QUERY SELECT seen.id FROM customers_customer AS seen
            JOIN customers_customersearch AS search ON search.customer_id = seen.id
            WHERE seen.id = ANY (opened) AND search.text LIKE ALL (patterns) AND {SEEN};
        {_beginning("name_normal", "name_low", "name_high")}
        {_beginning("name_pinyin", "reading_low", "reading_high")}
        RETURN QUERY SELECT customers_found(pieces, patterns, {2**63 - 1}, most);
    END $$;
"""  # noqa: S608

_ALIKE = f"""
CREATE FUNCTION customers_alike(spellings jsonb, most integer) RETURNS SETOF bigint {HEAD}
        mine bigint[];
        is_few boolean := false;
        wanted text[];
        spelt text;
    BEGIN
        {_MINE}
        FOR wanted, spelt IN
            SELECT pieces, pattern FROM jsonb_to_recordset(spellings) AS one(pieces text[], pattern text)
        LOOP
            IF is_few THEN
                RETURN QUERY SELECT customer_id FROM customers_customersearch
                    WHERE customer_id = ANY (mine) AND text LIKE spelt LIMIT most;
            ELSE
                RETURN QUERY WITH found AS MATERIALIZED (
                    SELECT customer_id FROM customers_customersearch WHERE grams @> wanted AND text LIKE spelt
                ) SELECT seen.id FROM found JOIN customers_customer AS seen ON seen.id = found.customer_id
                    WHERE {SEEN} LIMIT most;
            END IF;
        END LOOP;
    END $$;
"""  # noqa: S608

_SIGNATURES = {
    "customers_sought(text[], text[], text, text, text, text, bigint[], integer)": _SOUGHT,
    "customers_alike(jsonb, integer)": _ALIKE,
}
CREATE_SEEKING = RunSQL(
    "".join(f"{create} REVOKE ALL ON FUNCTION {signature} FROM PUBLIC;" for signature, create in _SIGNATURES.items()),
    "".join(f"DROP FUNCTION {signature};" for signature in _SIGNATURES),
)
