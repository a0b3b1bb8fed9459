"""Fields that the search box looks into: their pieces, their index, and when they have one."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from procrastinate.contrib.django.models import ProcrastinateJob

from zhike.core.acting import seeing_everything
from zhike.core.actor import SYSTEM
from zhike.core.text import grams, spoken
from zhike.customers.models import Customer
from zhike.metadata import pieces, readings, searches
from zhike.metadata.models import FieldDefinition, Index, Kind
from zhike.metadata.selectors import list_known
from zhike.metadata.services import converting, definitions, searching
from zhike.metadata.services.definitions import NewOption
from zhike.metadata.services.locking import lock

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
RECORD = "customers.customer"
TEXTS = (
    "华东冷链仓库 B-12",
    "華東冷鏈倉庫",
    "Ｃａｆé au lait（二楼）",
    "0755-2233 4455",
    "mixed汉字and Latin words",
    "カタカナ 한국어",
    "2026-0117 10.0.0.1 2026/01/17 B-12 (1)",
    "".join(map(chr, range(33, 127))),
    "a",
    "",
    "https://例子.example/路径?q=100%_off",
    "\t tabs\nand   blanks ",
)


def create(kind: Kind = Kind.TEXT) -> FieldDefinition:
    return definitions.create_field(actor=SYSTEM, at=NOW, record=RECORD, kind=kind, label="Warehouse")


def put_state(field: FieldDefinition, state: Index) -> None:
    lock(RECORD)
    FieldDefinition.objects.filter(pk=field.pk).update(search=state)


@pytest.mark.django_db
def test_the_database_makes_the_pieces_that_searches_ask_for() -> None:
    with connection.cursor() as cursor:
        for text in TEXTS:
            cursor.execute("SELECT zhike_folded(%s), zhike_pieces(%s)", [text, text])
            folded, made = cursor.fetchone()
            assert grams.fold(folded) == grams.fold(text)
            for typed in {*text.split(), *grams.fold(text).split()}:
                asked = [word for word in searches.words_of(typed) if not word.is_short]
                assert all(word.pieces <= {*made} for word in asked), (text, typed)
            read, _line, more = told_by(cursor, "zhike_reading", folded).partition("\n")
            short = more.partition("\n")[0]
            if read:
                assert {*_threes(read.replace(" ", "")), *_threes(short), f"#{short[:2]}"} <= {*made}, text
        cursor.execute("SELECT zhike_pieces(NULL), zhike_pieces(repeat('abc', 10000))")
        nothing, repeated = cursor.fetchone()
        assert (nothing, len(repeated), {*repeated}) == (None, 498, {"abc", "bca", "cab"})


def _threes(text: str) -> list[str]:
    return [text[at : at + 3] for at in range(len(text) - 2)]


def told_by(cursor: Any, function: str, text: str) -> str:
    cursor.execute(f"SELECT {function}(%s)", [text])
    return str(cursor.fetchone()[0])


HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5) | st.sampled_from(
    "重庆银行长孙单于曾解都乐朝阳abz019 -·.（"
)


@pytest.mark.django_db
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(HAN, max_size=20))
def test_the_database_reads_and_joins_as_the_checks_do(text: str) -> None:
    folded = grams.fold(text)
    with connection.cursor() as cursor:
        assert told_by(cursor, "zhike_reading", folded).split("\n")[::2] == (readings.readings_of(folded) or [""])
        assert told_by(cursor, "zhike_joined", folded) == grams.joined(folded)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "is_read"),
    [
        *(("lenglian", True), ("lengl", True), ("ll", False), ("hd", True), ("hdll", True), ("dllc", True)),
        *(("huadongllck", True), ("hualcang", False), ("englian", False), ("huadonglenglcangku", True)),
    ],
)
def test_readings_begin_with_a_syllable_here_and_in_the_database(typed: str, is_read: bool) -> None:
    assert spoken.is_read_as(readings.readings_of("华东冷链仓库")[0], typed) == is_read
    with connection.cursor() as cursor:
        pattern = readings.pattern_of(typed)
        cursor.execute("SELECT zhike_reading('华东冷链仓库') ~ %s", [pattern])
        assert cursor.fetchone() == (is_read,)


@pytest.mark.django_db
def test_what_a_field_is_for_is_said_by_its_kind_and_gone_with_it() -> None:
    with pytest.raises(ValidationError):
        searching.put_search(actor=SYSTEM, pk=create(Kind.NUMBER).pk, is_searched=True)
    field = create()
    assert searching.put_search(actor=SYSTEM, pk=field.pk, is_searched=True).search == Index.WANTED
    assert ProcrastinateJob.objects.filter(task_name=searching.TASK, args={"definition_id": field.pk}).exists()
    put_state(field, Index.READY)
    converting.convert_field(actor=SYSTEM, pk=field.pk, kind=Kind.NUMBER, drops_misfits=False)
    field.refresh_from_db()
    assert field.search == Index.NONE


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_index_of_pieces_is_built_asked_and_taken_away() -> None:
    field = create()
    put_state(field, Index.WANTED)
    Customer.objects.bulk_create(
        Customer(name="x", name_normal="x", created_at=NOW, updated_at=NOW, custom={field.key: f"仓{n}号"})
        for n in range(500)
    )
    searching.build_search(definition_id=field.pk)
    field.refresh_from_db()
    assert field.search == Index.READY
    (known,) = list_known(RECORD)
    asked = searches.ask(known, searches.words_of("仓499号"))
    assert asked is not None
    try:
        with seeing_everything(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            rows = Customer.objects.filter(asked.having(), asked.saying())
            assert rows.count() == 1
            assert pieces.name_of(known) in rows.explain()
    finally:
        put_state(field, Index.NONE)
        assert pieces.find_left([known]) == [known]
        searching.resume()
        searching.build_search(definition_id=field.pk)
        assert pieces.find_left([known]) == []
    put_state(field, Index.READY)
    searching.resume()  # as after a restore, which brings no index
    field.refresh_from_db()
    assert field.search == Index.WANTED


@pytest.mark.django_db
@pytest.mark.parametrize(("before", "after"), [(Kind.TEXT, Kind.CHOICE), (Kind.CHOICE, Kind.TEXT)])
def test_a_field_that_is_looked_up_in_another_way_is_indexed_anew(before: Kind, after: Kind) -> None:
    options = [NewOption(label="Tea")] if before is Kind.CHOICE else []
    field = definitions.create_field(actor=SYSTEM, at=NOW, record=RECORD, kind=before, label="Size", options=options)
    FieldDefinition.objects.filter(pk=field.pk).update(search=Index.READY)
    converting.convert_field(actor=SYSTEM, pk=field.pk, kind=after, drops_misfits=False)
    assert FieldDefinition.objects.get(pk=field.pk).search == Index.WANTED
    assert ProcrastinateJob.objects.filter(task_name=searching.TASK, args={"definition_id": field.pk}).exists()
