"""What a field that the search box looks into is found by: its pieces, made by the database itself.

Han characters alone and in pairs, three others in a row, signs among them, both scripts as one. Being an expression
over the row, their index follows whatever writes the row.
"""

import json
import re
from collections.abc import Iterable, Sequence
from functools import reduce
from importlib.resources import files
from operator import or_

from django.db import connection, connections
from django.db.migrations.operations import RunSQL
from django.db.models import BooleanField, Func, Q, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from psycopg import sql

from zhike.core.text import grams
from zhike.metadata import registry
from zhike.metadata.indexes import OWNER, beginning_of
from zhike.metadata.kinds import Known
from zhike.metadata.models import Kind

KINDS = (Kind.TEXT, Kind.LONG_TEXT, Kind.PHONE, Kind.EMAIL, Kind.URL)
LONGEST = 500  # characters, from the beginning
# Scripts whose words are one or two characters long, by code point (`grams`).
_SHORT = (
    (12295, 12295), (12352, 12543), (13312, 19903), (19968, 40959), (44032, 55215), (63744, 64255), (131072, 262143),
)  # fmt: skip
_HAN = "".join(f"{chr(low)}-{chr(high)}" for low, high in _SHORT)
_HAN_RUN = re.compile(f"[{_HAN}]+")
_OTHER_RUN = re.compile(rf"(?:[!-~]|[^\W{_HAN}]){{3,}}")
_BEGINS = re.compile(rf"[^\W_{_HAN}]{{1,2}}")

# A word typed: as it is, and a number also without what parts its digits. Numbers stand either way in fields.
type Word = tuple[str, ...]


def _simplified() -> str:
    text = files("zhike.core.text").joinpath("simplified.txt").read_text(encoding="utf-8")
    pairs = (line.split("\t") for line in text.splitlines())
    return json.dumps({one: to for to, several in pairs for one in several}, ensure_ascii=False)


def _create() -> str:
    is_short = " OR ".join(f"ascii(c) BETWEEN {low} AND {high}" for low, high in _SHORT)
    return f"""
CREATE FUNCTION zhike_folded(said text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 500 AS $$
    DECLARE plain CONSTANT text := lower(normalize(left(said, {LONGEST}), NFKC));
    BEGIN
        IF octet_length(plain) = length(plain) THEN
            RETURN plain;
        END IF;
        RETURN (SELECT string_agg(coalesce('{_simplified()}'::jsonb ->> c, c), '' ORDER BY n)
            FROM unnest(string_to_array(plain, NULL)) WITH ORDINALITY AS one (c, n));
    END $$;
CREATE FUNCTION zhike_pieces(said text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 2000 AS $$
    BEGIN
        RETURN coalesce((SELECT array_agg(DISTINCT piece) FROM (
            SELECT unnest(CASE
                WHEN is_short THEN ARRAY[c, CASE WHEN lead(is_short) OVER places THEN c || lead(c) OVER places END]
                WHEN lead(is_long) OVER places AND lead(is_long, 2) OVER places AND is_long
                THEN ARRAY[c || lead(c) OVER places || lead(c, 2) OVER places] END) AS piece
            FROM (
                SELECT n, c, {is_short} AS is_short, NOT ({is_short}) AND c > ' ' AS is_long
                FROM unnest(string_to_array(public.zhike_folded(said), NULL)) WITH ORDINALITY AS one (c, n)
            ) AS told WINDOW places AS (ORDER BY n)
        ) AS made WHERE piece IS NOT NULL), '{{}}');
    END $$;
"""  # noqa: S608


CREATE_PIECES = RunSQL(_create(), "DROP FUNCTION zhike_pieces(text); DROP FUNCTION zhike_folded(text);")


def name_of(field: Known) -> str:
    return f"{beginning_of(field)}_search"


def build(field: Known) -> None:
    """Build the field's index of pieces; what an interrupted build left is taken away first."""
    drop(field)
    create = sql.SQL(
        "CREATE INDEX CONCURRENTLY {name} ON {table} USING gin (zhike_pieces({column} ->> {key}))"
        " WHERE {column} ? {key}"
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


def words_of(typed: str) -> list[Word]:
    """None where fields cannot be asked for them: one or two letters only begin a name.

    A word without a piece narrows nothing and is left out.
    """
    words: dict[Word, None] = {}
    for word in grams.fold(typed).split()[: grams.MOST_TERMS]:
        if _BEGINS.fullmatch(word):
            return []
        forms = tuple(form for form in dict.fromkeys([word, grams.digits_of(word)]) if pieces_of(form))
        if forms:
            words[forms] = None
    return list(words)


def having(field: Known, words: Sequence[Word]) -> Q:
    """Records whose value has the pieces of every word; the index proposes them."""
    # What has to be there whatever the form is asked at once, which one look into the index answers.
    sure = {piece for forms in words if len(forms) == 1 for piece in pieces_of(forms[0])}
    found = Q(**{f"{registry.COLUMN}__has_key": field.key})
    if sure:
        found &= _asked(field, "zhike_pieces", " @> ", sorted(sure))
    for forms in words:
        if len(forms) > 1:
            found &= _either(_asked(field, "zhike_pieces", " @> ", sorted(pieces_of(form))) for form in forms)
    return found


def saying(field: Known, words: Sequence[Word]) -> Q:
    """Records whose value has every word."""
    found = Q()
    for forms in words:
        found &= _either(_asked(field, "zhike_folded", " LIKE ", f"%{grams.escape(form)}%") for form in forms)
    return found


def is_said(folded: str, words: Sequence[Word]) -> bool:
    """The same of a text."""
    return all(any(form in folded for form in forms) for forms in words)


def pieces_of(word: str) -> set[str]:
    """Those which the value has to have; a pair says what its two characters say."""
    pairs = {run[at : at + 2] for run in _HAN_RUN.findall(word) for at in range(max(1, len(run) - 1))}
    return pairs | {run[at : at + 3] for run in _OTHER_RUN.findall(word) for at in range(len(run) - 2)}


def _asked(field: Known, function: str, operator: str, wanted: str | list[str]) -> Q:
    made = Func(KeyTextTransform(field.key, registry.COLUMN), function=function, output_field=TextField())
    return Q(Func(made, Value(wanted), template="%(expressions)s", arg_joiner=operator, output_field=BooleanField()))


def _either(parts: Iterable[Q]) -> Q:
    return reduce(or_, parts)
