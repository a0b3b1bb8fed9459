"""The functions by which the search box finds customers, within the reach of whoever acts; see `customers.finding`.

`customers_sought` gathers what deserves a place near the top: what one has opened, what begins with the words, the
newest that hold them, and where these are few, any. `customers_alike` looks for several spellings at once,
`customers_notes_found` through the newest notes.
"""

from django.db.migrations.operations import RunSQL

from zhike.customers.finding import HEAD, IDS, SEEN

# Texts have no index of pieces: that of ten million notes would be larger than they are.
NEWEST_NOTES, NEWEST_ACTIVITIES = 20_000, 50_000
FEW = 1500  # are looked up one by one
SOME = 5000  # are looked up one by one where a word is frequent, for few of those who have it are theirs
CANDIDATES = 1500  # of a word; more have a frequent one
FEW_SPELT = 4000  # are looked up one by one for all spellings at once, each of which would be a search of its own
STRETCH = 5000  # ids: of a frequent word enough is found among the newest
BEGINNING = 300  # of an index of names; of those with the shortest names the first are the best

# PostgreSQL would read the table from its beginning, in the hope of soon meeting enough rows of a frequent piece.
_BY_INDEX = HEAD.replace("AS $$", "SET enable_seqscan = off SET jit = off AS $$")
# Among these rows PostgreSQL looks by the same way for whatever word, and need not think about it each time.
_ALIKE_PLANNED = "PERFORM set_config('plan_cache_mode', 'force_generic_plan', true);"
_EACH_PLANNED = "PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);"


def _mine(most: int, few: int) -> str:
    return f"""
        IF NOT everything THEN
            mine := ARRAY(SELECT id FROM ({IDS}) AS reached LIMIT {most} + 1);
            is_few := cardinality(mine) <= {few};
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
CREATE OR REPLACE FUNCTION customers_sought(
    pieces text[], patterns text[], name_low text, name_high text, reading_low text, reading_high text,
    opened bigint[], most integer
) RETURNS SETOF bigint {_BY_INDEX}
        mine bigint[];
        candidates bigint[];
        is_few boolean := false;
        start bigint;
        told integer;
        seen_told integer;
    BEGIN
        {_mine(SOME, FEW)}
        IF is_few THEN
            RETURN QUERY SELECT customer_id FROM customers_customersearch
                WHERE customer_id = ANY (mine) AND text LIKE ALL (patterns)
                ORDER BY starts_with(text, name_low) DESC, customer_id = ANY (opened) DESC, length(text) LIMIT 4 * most;
            RETURN;
        END IF;
        {_ALIKE_PLANNED}
        IF cardinality(opened) > 0 THEN
            RETURN QUERY SELECT seen.id FROM customers_customer AS seen
                JOIN customers_customersearch AS search ON search.customer_id = seen.id
                WHERE seen.id = ANY (opened) AND search.text LIKE ALL (patterns) AND {SEEN};
        END IF;
        {_beginning("name_normal", "name_low", "name_high")}
        {_beginning("name_pinyin", "reading_low", "reading_high")}
        {_EACH_PLANNED}
        start := (SELECT max(id) FROM customers_customer) - {STRETCH};
        RETURN QUERY SELECT seen.id FROM customers_customer AS seen
            JOIN customers_customersearch AS search ON search.customer_id = seen.id
            WHERE seen.id > start AND search.customer_id > start AND search.text LIKE ALL (patterns) AND {SEEN}
            ORDER BY seen.id DESC LIMIT most;
        GET DIAGNOSTICS told = ROW_COUNT;
        IF told >= most THEN
            RETURN;
        END IF;
        IF NOT everything AND cardinality(mine) <= {SOME} THEN
            candidates := ARRAY(SELECT customer_id FROM customers_customersearch
                WHERE grams @> pieces AND text LIKE ALL (patterns) AND customer_id <= start LIMIT {CANDIDATES});
            RETURN QUERY SELECT id FROM unnest(mine) AS id WHERE id = ANY (candidates) LIMIT most - told;
            GET DIAGNOSTICS seen_told = ROW_COUNT;
            IF cardinality(candidates) = {CANDIDATES} AND told + seen_told < most THEN
                RETURN QUERY SELECT customer_id FROM customers_customersearch
                    WHERE customer_id = ANY (mine) AND customer_id <= start AND text LIKE ALL (patterns)
                    LIMIT most - told;
            END IF;
        ELSE
            RETURN QUERY SELECT search.customer_id FROM customers_customersearch AS search
                JOIN customers_customer AS seen ON seen.id = search.customer_id
                WHERE search.grams @> pieces AND search.text LIKE ALL (patterns) AND search.customer_id <= start
                    AND {SEEN}
                LIMIT most - told;
        END IF;
    END $$;
"""  # noqa: S608

_ALIKE = f"""
CREATE OR REPLACE FUNCTION customers_alike(spellings jsonb, most integer) RETURNS SETOF bigint {_BY_INDEX}
        mine bigint[];
        is_few boolean := false;
        wanted text[];
        spelt text;
    BEGIN
        {_mine(FEW_SPELT, FEW_SPELT)}
        IF is_few THEN
            RETURN QUERY SELECT customer_id FROM customers_customersearch
                WHERE customer_id = ANY (mine) AND text LIKE ANY (ARRAY(
                    SELECT pattern FROM jsonb_to_recordset(spellings) AS one(pattern text)))
                LIMIT 8 * most;
            RETURN;
        END IF;
        FOR wanted, spelt IN
            SELECT pieces, pattern FROM jsonb_to_recordset(spellings) AS one(pieces text[], pattern text)
        LOOP
            RETURN QUERY WITH found AS MATERIALIZED (
                SELECT customer_id FROM customers_customersearch WHERE grams @> wanted AND text LIKE spelt
            ) SELECT seen.id FROM found JOIN customers_customer AS seen ON seen.id = found.customer_id
                WHERE {SEEN} LIMIT most;
        END LOOP;
    END $$;
"""  # noqa: S608

_NOTES = f"""
CREATE OR REPLACE FUNCTION customers_notes_found(patterns text[], typed text[], most integer)
RETURNS SETOF bigint {HEAD}
        is_plain CONSTANT boolean := lower(patterns::text || typed::text) = upper(patterns::text || typed::text);
    BEGIN
        RETURN QUERY SELECT note.id FROM (
            SELECT id, customer_id, text FROM customers_activity
            WHERE kind <> 'change' AND id > (SELECT max(id) FROM customers_activity) - {NEWEST_ACTIVITIES}
            ORDER BY id DESC LIMIT {NEWEST_NOTES}
        ) AS note JOIN customers_customer AS seen ON seen.id = note.customer_id
        WHERE CASE WHEN is_plain THEN note.text LIKE ALL (patterns) OR note.text LIKE ALL (typed)
            ELSE lower(note.text) LIKE ALL (patterns) OR lower(note.text) LIKE ALL (typed) END AND {SEEN}
        ORDER BY note.id DESC LIMIT most;
    END $$;
"""  # noqa: S608

_SIGNATURES = {
    "customers_sought(text[], text[], text, text, text, text, bigint[], integer)": _SOUGHT,
    "customers_alike(jsonb, integer)": _ALIKE,
}
CREATE_NOTES = RunSQL(
    f"{_NOTES} REVOKE ALL ON FUNCTION customers_notes_found(text[], text[], integer) FROM PUBLIC;",
    "DROP FUNCTION customers_notes_found(text[], text[], integer);",
)
CREATE_SEEKING = RunSQL(
    "".join(f"{create} REVOKE ALL ON FUNCTION {signature} FROM PUBLIC;" for signature, create in _SIGNATURES.items()),
    "".join(f"DROP FUNCTION {signature};" for signature in _SIGNATURES),
)
