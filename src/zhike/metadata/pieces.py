"""What a field that the search box looks into is found by: its pieces, made by the database itself.

Han characters alone and in pairs, three others in a row, signs among them, both scripts as one; the same of its numbers
in one piece, of its reading and of its initials. Being an expression over the row, their index follows whatever writes
the row. A choice is found by the keys it holds, whose labels are known without the row (`metadata.searches`).
"""

import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from django.db import connection, connections
from django.db.migrations.operations import RunSQL
from psycopg import sql

from zhike.core.text import grams
from zhike.metadata import readings, registry
from zhike.metadata.indexes import OWNER, beginning_of
from zhike.metadata.kinds import Known
from zhike.metadata.models import Kind

CHOSEN = (Kind.CHOICE, Kind.CHOICES)
KINDS = (Kind.TEXT, Kind.LONG_TEXT, Kind.PHONE, Kind.EMAIL, Kind.URL, *CHOSEN)
LONGEST = 500  # characters, from the beginning
# Scripts whose words are one or two characters long, by code point (`grams`).
_SHORT = (
    (12295, 12295), (12352, 12543), (13312, 19903), (19968, 40959), (44032, 55215), (63744, 64255), (131072, 262143),
)  # fmt: skip
_HAN = "".join(f"{chr(low)}-{chr(high)}" for low, high in _SHORT)
_HAN_RUN = re.compile(f"[{_HAN}]+")
_OTHER_RUN = re.compile(rf"(?:[!-~]|[^\W{_HAN}]){{3,}}")


def _simplified() -> str:
    text = files("zhike.core.text").joinpath("simplified.txt").read_text(encoding="utf-8")
    pairs = (line.split("\t") for line in text.splitlines())
    return json.dumps({one: to for to, several in pairs for one in several}, ensure_ascii=False)


def _create() -> str:
    # A loop takes a third of the time of a query, which would have to be begun anew for each value.
    is_short = " OR ".join(f"code BETWEEN {low} AND {high}" for low, high in _SHORT)
    return f"""
CREATE OR REPLACE FUNCTION zhike_folded(said text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 500 AS $$
    DECLARE plain CONSTANT text := lower(normalize(left(said, {LONGEST}), NFKC));
    BEGIN
        IF octet_length(plain) = length(plain) THEN
            RETURN plain;
        END IF;
        RETURN (SELECT string_agg(coalesce('{_simplified()}'::jsonb ->> c, c), '' ORDER BY n)
            FROM unnest(string_to_array(plain, NULL)) WITH ORDINALITY AS one (c, n));
    END $$;
CREATE OR REPLACE FUNCTION zhike_joined(folded text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 100 AS $$
    SELECT CASE WHEN folded ~ '[0-9]' THEN regexp_replace(folded, '{grams.PARTING}', '', 'g') ELSE folded END $$;
CREATE OR REPLACE FUNCTION zhike_pieces(said text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 2000 AS $$
    DECLARE
        folded CONSTANT text := public.zhike_folded(said);
        joined CONSTANT text := public.zhike_joined(folded);
        reading CONSTANT text := replace(public.zhike_reading(folded), ' ', '');
        chars CONSTANT text[] := string_to_array(
            folded || CASE WHEN joined = folded THEN '' ELSE E'\\n' || joined END || E'\\n' || reading, NULL);
        start CONSTANT text := left(split_part(reading, E'\\n', 2), 2);
        other CONSTANT text := left(split_part(reading, E'\\n', 4), 2);
        made text[] := CASE length(start) WHEN 2 THEN ARRAY['#' || start, '#' || other] ELSE '{{}}' END;
        c text;
        code integer;
        shorts integer := 0;
        longs integer := 0;
    BEGIN
        FOR n IN 1 .. cardinality(chars) LOOP
            c := chars[n];
            code := ascii(c);
            IF code < 12295 THEN
                shorts := 0;
                longs := CASE WHEN code > 32 THEN longs + 1 ELSE 0 END;
            ELSIF {is_short} THEN
                shorts := shorts + 1;
                longs := 0;
                made := made || c;
            ELSE
                shorts := 0;
                longs := longs + 1;
            END IF;
            IF shorts > 1 THEN
                made := made || (chars[n - 1] || c);
            ELSIF longs > 2 THEN
                made := made || (chars[n - 2] || chars[n - 1] || c);
            END IF;
        END LOOP;
        RETURN made;
    END $$;
"""  # noqa: S608


@cache
def create_pieces() -> RunSQL:
    """For migrations; made when one asks, for it takes as long as a fifth of what else a command loads."""
    return RunSQL(
        _create() + readings.create(),
        "DROP FUNCTION zhike_pieces(text), zhike_reading(text), zhike_heard(text), zhike_joined(text),"
        " zhike_folded(text);",
    )


def name_of(field: Known) -> str:
    return f"{beginning_of(field)}_search"


def build(field: Known) -> None:
    """Build the field's index of pieces; what an interrupted build left is taken away first."""
    drop(field)
    expression = "({column} -> {key})" if field.kind in CHOSEN else "zhike_pieces({column} ->> {key})"
    create = sql.SQL(
        "CREATE INDEX CONCURRENTLY {name} ON {table} USING gin (" + expression + ") WHERE {column} ? {key}"
    ).format(
        name=sql.Identifier(name_of(field)),
        table=sql.Identifier(registry.table_of(field.record)),
        column=sql.Identifier(registry.COLUMN),
        key=sql.Literal(field.key),
    )
    with connections[OWNER].cursor() as cursor:
        cursor.execute(create.as_string(cursor.connection))


def drop(field: Known) -> None:
    with connections[OWNER].cursor() as cursor:
        name = sql.Identifier(name_of(field))
        cursor.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(name).as_string(cursor.connection))


def find_left(fields: Sequence[Known]) -> list[Known]:
    """Those of these fields that have such an index, built or not."""
    names = {name_of(field): field for field in fields}
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE indexname = ANY(%s)", [list(names)])
        return [names[name] for (name,) in cursor.fetchall()]


def pieces_of(word: str) -> set[str]:
    """Those which the value has to have; a pair says what its two characters say."""
    pairs = {run[at : at + 2] for run in _HAN_RUN.findall(word) for at in range(max(1, len(run) - 1))}
    return pairs | {run[at : at + 3] for run in _OTHER_RUN.findall(word) for at in range(len(run) - 2)}
