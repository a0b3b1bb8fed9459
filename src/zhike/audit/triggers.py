"""The triggers that capture changes, written from what models say about their history.

One function a table: up to `FEW` rows of a statement become an entry each, as JSON that a person can read; more become
chunks of `CHUNK` rows, as texts that PostgreSQL writes quickest. Everything happens in the transaction of the change.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connections, models
from psycopg import sql

from zhike.core.database import CustomValues
from zhike.core.history import Captured

FEW = 20
CHUNK = 1000
PAIRS = 45  # a function takes a hundred arguments
HIDDEN = "•••"
OWN_PACKAGE = "zhike."


@dataclass(frozen=True, kw_only=True)
class Capture:
    """How a table is captured.

    holders: columns with a company's own fields, each of which is captured as "column.field".
    subject: table of the record that its rows belong to; subject_column: where that one's id stands, if not in `key`.
    """

    table: str
    key: str
    columns: tuple[str, ...]
    hidden: frozenset[str]
    holders: frozenset[str]
    subject: str
    subject_column: str


def list_captures() -> list[Capture]:
    """Every captured table, many-to-many tables of captured models included."""
    found = []
    for model in apps.get_models():
        history = getattr(model, "history", None)
        if isinstance(history, Captured):
            found.append(_capture(model, history))
            for relation in model._meta.local_many_to_many:
                through: Any = relation.remote_field.through
                if through._meta.auto_created:
                    found.append(_capture(through, Captured(subject=relation.m2m_field_name())))
    return found


@cache
def capture_of(table: str) -> Capture | None:
    """How the table is captured, if it is."""
    return next((capture for capture in list_captures() if capture.table == table), None)


@cache
def model_of(table: str) -> type[models.Model] | None:
    """The model behind a table's name."""
    found = apps.get_models(include_auto_created=True)
    return next((model for model in found if model._meta.db_table == table), None)


def _capture(model: Any, history: Captured) -> Capture:
    columns = [column.column for column in model._meta.concrete_fields if column.name not in history.ignored]
    subject = model._meta.get_field(history.subject) if history.subject else None
    return Capture(
        table=model._meta.db_table,
        key=model._meta.pk.column,
        columns=tuple(columns),
        hidden=frozenset(history.hidden),
        holders=frozenset(str(one.column) for one in model._meta.concrete_fields if isinstance(one, CustomValues)),
        subject=subject.related_model._meta.db_table if subject else model._meta.db_table,
        subject_column=subject.column if subject else "",
    )


def attach_all(*, using: str, **_signal: object) -> None:
    """Make functions and triggers anew for every captured table; as the owner, after migrations."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT proowner::regrole::text = current_user FROM pg_proc"
            " WHERE oid = to_regprocedure('public.audit_write(text,text,text,bigint[],bigint[],text[],text[])')"
        )
        # Not migrated so far yet, or a test that empties tables as the application.
        if cursor.fetchone() != (True,):
            return
        for capture in list_captures():
            cursor.execute("SELECT to_regclass(%s)", [capture.table])
            if cursor.fetchone()[0] is not None:
                cursor.execute(_Writing(capture).statements().as_string(cursor.connection))
        cursor.execute("SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE starts_with(tgname, 'audit_')")
        current = {capture.table for capture in list_captures()}
        for name, table in cursor.fetchall():
            if table not in current:
                query = sql.SQL("DROP TRIGGER {} ON {}").format(sql.Identifier(name), sql.Identifier(table))
                cursor.execute(query.as_string(cursor.connection))
        cursor.execute("SELECT audit_close_all()")


_FUNCTION = sql.SQL(
    """
    CREATE OR REPLACE FUNCTION {function}() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $capture$
    DECLARE
        change record;
        number integer := 0;
        ids bigint[] := '{{}}';
        subjects bigint[] := '{{}}';
        texts text[] := '{{}}';
    BEGIN
        IF TG_OP = 'INSERT' THEN
            {inserted}
        ELSIF TG_OP = 'UPDATE' THEN
            {updated}
        ELSE
            {deleted}
        END IF;
        IF number > 0 THEN
            {write}
        END IF;
        RETURN NULL;
    END $capture$;
    """
)
_ROWS = sql.SQL(
    """
            SELECT count(*) INTO number FROM (SELECT FROM {rows} LIMIT {few} + 1) AS first_ones;
            IF number = 1 THEN
                number := 0;
                FOR change IN {one} LOOP
                    {write_one}
                END LOOP;
            ELSIF number <= {few} THEN
                number := 0;
                FOR change IN {some} LOOP
                    {write_one}
                END LOOP;
            ELSE
                number := 0;
                FOR change IN {bulk} LOOP
                    number := number + 1;
                    ids[number] := change.id;
                    {note_subject}
                    texts[number] := change.text;
                    IF number = {chunk} THEN
                        {write}
                        number := 0; ids := '{{}}'; subjects := '{{}}'; texts := '{{}}';
                    END IF;
                END LOOP;
            END IF;
    """
)
_WRITE_ONE = sql.SQL(
    "PERFORM public.audit_write(lower(TG_OP), {table}, {subject}, ARRAY[change.id], {subjects}, NULL,"
    " ARRAY[change.text]);"
)
_WRITE = sql.SQL(
    "PERFORM public.audit_write(lower(TG_OP), {table}, {subject}, ids, {subjects}, {fields}::text[], texts);"
)
# In the order of their ids; of a single row the two need no matching, which halves what an edit pays.
_MATCHED = sql.SQL("FROM old_rows AS o FULL JOIN new_rows AS n ON n.{key} = o.{key} WHERE {differ} ORDER BY 1")
_BESIDE = sql.SQL("FROM old_rows AS o CROSS JOIN new_rows AS n WHERE {differ}")
_TRIGGER = sql.SQL(
    "CREATE OR REPLACE TRIGGER {trigger} AFTER {event} ON public.{table} {tables}"
    " FOR EACH STATEMENT EXECUTE FUNCTION public.{function}();"
)
# The fields of a holder; of another row's, those that differ.
_HELD = sql.SQL(
    "(SELECT coalesce(jsonb_object_agg({prefix} || held.key, {value}), '{{}}')"
    " FROM jsonb_each({one}) AS held WHERE {differ})"
)
# Encrypted: only that it is there, and where it changes, that it changed.
_HELD_VALUE = sql.SQL(
    "CASE WHEN jsonb_typeof(held.value) = 'object' AND held.value ? 'sealed' THEN {hidden} ELSE held.value END"
)
TRANSITIONS = {
    "insert": "REFERENCING NEW TABLE AS new_rows",
    "update": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "REFERENCING OLD TABLE AS old_rows",
    "truncate": "",
}


class _Writing:
    """The SQL for one table."""

    def __init__(self, capture: Capture) -> None:
        self.capture = capture
        self.function = f"audit_capture_{capture.table}"

    def statements(self) -> sql.Composed:
        inserted, deleted = self._plain("new_rows", "after"), self._plain("old_rows", "before")
        made = [
            _FUNCTION.format(
                function=sql.Identifier("public", self.function),
                inserted=self._rows("new_rows", inserted, inserted, self._texts("new_rows")),
                deleted=self._rows("old_rows", deleted, deleted, self._texts("old_rows")),
                updated=self._rows("new_rows", self._differences(_BESIDE), self._differences(_MATCHED), self._pairs()),
                write=self._write(),
            )
        ]
        for event, tables in TRANSITIONS.items():
            function = "audit_capture_truncate" if event == "truncate" else self.function
            made.append(
                _TRIGGER.format(
                    trigger=sql.Identifier(f"audit_{event}"),
                    event=sql.SQL(event.upper()),
                    table=sql.Identifier(self.capture.table),
                    tables=sql.SQL(tables),
                    function=sql.Identifier(function),
                )
            )
        return sql.SQL("").join(made)

    def _rows(self, rows: str, one: sql.Composable, some: sql.Composable, bulk: sql.Composable) -> sql.Composed:
        apart = bool(self.capture.subject_column)
        return _ROWS.format(
            rows=sql.Identifier(rows),
            few=sql.Literal(FEW),
            chunk=sql.Literal(CHUNK),
            one=one,
            some=some,
            write_one=_WRITE_ONE.format(
                table=sql.Literal(self.capture.table),
                subject=sql.Literal(self.capture.subject),
                subjects=sql.SQL("ARRAY[change.subject_id]" if apart else "NULL"),
            ),
            bulk=bulk,
            note_subject=sql.SQL("subjects[number] := change.subject_id;" if apart else ""),
            write=self._write(),
        )

    def _write(self) -> sql.Composed:
        return _WRITE.format(
            table=sql.Literal(self.capture.table),
            subject=sql.Literal(self.capture.subject),
            subjects=sql.SQL("subjects" if self.capture.subject_column else "NULL"),
            fields=sql.Literal("{" + ",".join(self.capture.columns) + "}"),
        )

    def _head(self, *sides: str) -> sql.Composed:
        """Id and subject of a row; the first side that has them."""
        names = [("id", self.capture.key)]
        if self.capture.subject_column:
            names.append(("subject_id", self.capture.subject_column))
        return sql.SQL(", ").join(
            sql.SQL("coalesce({}) AS {}").format(
                sql.SQL(", ").join(sql.Identifier(side, column) for side in sides), sql.Identifier(name)
            )
            for name, column in names
        )

    def _plain(self, rows: str, name: str) -> sql.Composed:
        return sql.SQL("SELECT {head}, jsonb_build_object({name}, {values})::text AS text FROM {rows} AS r").format(
            head=self._head("r"), name=sql.Literal(name), values=self._object("r"), rows=sql.Identifier(rows)
        )

    def _texts(self, rows: str) -> sql.Composed:
        return sql.SQL("SELECT {head}, {row}::text AS text FROM {rows} AS r").format(
            head=self._head("r"), row=self._record("r"), rows=sql.Identifier(rows)
        )

    def _differences(self, joining: sql.SQL) -> sql.Composed:
        return sql.SQL(
            "SELECT {head}, jsonb_build_object('before', {before}, 'after', {after})::text AS text {joined}"
        ).format(
            head=self._head("n", "o"),
            before=self._difference("o", "n"),
            after=self._difference("n", "o"),
            joined=self._joined(joining),
        )

    def _pairs(self) -> sql.Composed:
        return sql.SQL("SELECT {head}, {before}::text || {after}::text AS text {joined}").format(
            head=self._head("n", "o"),
            before=self._record("o", other="n"),
            after=self._record("n", other="o"),
            joined=self._joined(_MATCHED),
        )

    def _joined(self, joining: sql.SQL) -> sql.Composed:
        """Old and new rows side by side, those whose captured columns differ."""
        return joining.format(
            key=sql.Identifier(self.capture.key),
            differ=sql.SQL("ROW({}) IS DISTINCT FROM ROW({})").format(self._columns("o"), self._columns("n")),
        )

    def _columns(self, side: str) -> sql.Composed:
        return sql.SQL(", ").join(sql.Identifier(side, column) for column in self.capture.columns)

    def _record(self, side: str, *, other: str = "") -> sql.Composed:
        return sql.SQL("ROW({})").format(
            sql.SQL(", ").join(self._paired(side, column, other) for column in self.capture.columns)
        )

    def _paired(self, side: str, column: str, other: str) -> sql.Composable:
        """Of a change of many rows a holder stands in neither record where it stayed the same: dozens of fields twice a
        row would be most of what such a change costs."""
        value = self._value(side, column)
        if not other or column not in self.capture.holders:
            return value
        return sql.SQL("CASE WHEN {one} IS DISTINCT FROM {two} THEN {value} END").format(
            one=sql.Identifier(side, column), two=sql.Identifier(other, column), value=value
        )

    def _value(self, side: str, column: str) -> sql.Composable:
        if column in self.capture.holders:
            return sql.SQL("CASE WHEN jsonb_path_exists({one}, '$.*.sealed') THEN {held} ELSE {one} END").format(
                one=sql.Identifier(side, column), held=self._held(side, column, prefix="")
            )
        return sql.Literal(HIDDEN) if column in self.capture.hidden else sql.Identifier(side, column)

    def _held(self, side: str, column: str, *, prefix: str, other: str = "") -> sql.Composed:
        one = sql.Identifier(side, column)
        differ = sql.SQL("{} -> held.key IS DISTINCT FROM held.value").format(sql.Identifier(other, column))
        return _HELD.format(
            prefix=sql.Literal(prefix),
            value=_HELD_VALUE.format(hidden=sql.SQL("to_jsonb({}::text)").format(sql.Literal(HIDDEN))),
            one=one,
            differ=differ if other else sql.SQL("true"),
        )

    def _object(self, side: str) -> sql.Composed:
        """The columns that hold something, as JSON."""
        columns = [column for column in self.capture.columns if column not in self.capture.holders]
        parts = [
            sql.SQL("jsonb_build_object({})").format(
                sql.SQL(", ").join(
                    sql.SQL("{}, {}").format(sql.Literal(column), self._value(side, column))
                    for column in columns[start : start + PAIRS]
                )
            )
            for start in range(0, len(columns), PAIRS)
        ]
        parts += [self._held(side, column, prefix=f"{column}.") for column in sorted(self.capture.holders)]
        return sql.SQL("jsonb_strip_nulls({})").format(sql.SQL(" || ").join(parts))

    def _difference(self, side: str, other: str) -> sql.Composed:
        return sql.SQL("({})").format(
            sql.SQL(" || ").join(
                sql.SQL("CASE WHEN {one} IS DISTINCT FROM {other} THEN {held} ELSE '{{}}' END").format(
                    one=sql.Identifier(side, column),
                    other=sql.Identifier(other, column),
                    held=self._held(side, column, prefix=f"{column}.", other=other)
                    if column in self.capture.holders
                    else sql.SQL("jsonb_build_object({name}, {value})").format(
                        name=sql.Literal(column), value=self._value(side, column)
                    ),
                )
                for column in self.capture.columns
            )
        )
