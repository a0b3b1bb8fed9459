"""Fields of the company's own: what can be added, what values they take, and how lists ask for them."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, connections
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from procrastinate.contrib.django.models import ProcrastinateJob

from zhike.accounts.models import User
from zhike.accounts.services import put_role
from zhike.core.actor import SYSTEM, Actor, Scope
from zhike.core.lists.grammar import read
from zhike.core.lists.operators import OPERATORS, Asking, read_values
from zhike.core.tests.elsewhere import alone_elsewhere
from zhike.customers.models import Customer
from zhike.metadata import indexes, registry, tasks
from zhike.metadata.kinds import Known, NotOfItsKind, read_value
from zhike.metadata.listing import field_of
from zhike.metadata.models import FieldDefinition, Index, Kind, Section
from zhike.metadata.permissions import MANAGE
from zhike.metadata.selectors import list_known
from zhike.metadata.services import converting, definitions, indexing, sections
from zhike.metadata.services.definitions import NewOption
from zhike.metadata.services.values import put_values

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
RECORD = "customers.customer"
ASKING = Asking(actor=SYSTEM, now=NOW, zone=ZoneInfo("Asia/Shanghai"))


def create(kind: Kind, label: str, **given: Any) -> FieldDefinition:
    return definitions.create_field(actor=SYSTEM, at=NOW, record=RECORD, kind=kind, label=label, **given)


def known(kind: Kind, **given: Any) -> Known:
    return Known(record=RECORD, key="field", kind=kind, label="Field", **{"rules": {}, "options": {}, **given})


@pytest.mark.django_db
def test_a_key_is_made_of_the_reading_and_used_once() -> None:
    first = create(Kind.TEXT, "客户等级")
    second = create(Kind.TEXT, "客户等级")
    assert (first.key, second.key) == ("ke_hu_deng_ji", "ke_hu_deng_ji_2")
    definitions.archive_field(actor=SYSTEM, pk=first.pk, at=NOW)
    with pytest.raises(definitions.KeyTaken):
        create(Kind.TEXT, "x", key="ke_hu_deng_ji")
    assert [field.key for field in list_known(RECORD)] == ["ke_hu_deng_ji_2"]
    definitions.bring_back_field(actor=SYSTEM, pk=first.pk)
    assert len(list_known(RECORD)) == 2


@pytest.mark.django_db
def test_only_who_may_design_adds_fields() -> None:
    with pytest.raises(PermissionDenied):
        definitions.create_field(actor=Actor(user_id=1, name="x"), at=NOW, record=RECORD, kind=Kind.TEXT, label="x")
    assert not FieldDefinition.objects.exists()


@pytest.mark.django_db
def test_options_keep_their_keys_when_they_are_renamed_and_stay_when_they_are_retired() -> None:
    level = create(Kind.CHOICE, "等级", options=[NewOption(label="高"), NewOption(label="低")], default="高")
    (field,) = list_known(RECORD)
    high, low = field.options
    assert field.default == high
    definitions.edit_field(
        actor=SYSTEM, pk=level.pk, options=[NewOption(key=low, label="很低"), NewOption(key=high, label="高")]
    )
    definitions.edit_field(actor=SYSTEM, pk=level.pk, options=[NewOption(key=high, label="高")])
    (field,) = list_known(RECORD)
    assert {key: (one.label, one.is_offered) for key, one in field.options.items()} == {
        high: ("高", True),
        low: ("很低", False),
    }
    put = put_values(actor=SYSTEM, record=RECORD, current={"deng_ji": low}, changes={"deng_ji": low}, plain={}, pk=1)
    assert put == {"deng_ji": low}
    with pytest.raises(ValidationError):
        put_values(actor=SYSTEM, record=RECORD, current={}, changes={"deng_ji": low}, plain={}, pk=1)


@pytest.mark.django_db
def test_values_of_a_record() -> None:
    create(Kind.NUMBER, "Seats", rules={"least": 1, "most": 10, "decimals": 0}, is_required=True)
    create(Kind.TEXT, "Source", default="web")
    with pytest.raises(ValidationError) as refused:
        put_values(actor=SYSTEM, record=RECORD, current={}, changes={"seats": 11, "other": 1}, plain={})
    assert set(refused.value.message_dict) == {"custom.seats", "custom.other"}
    with pytest.raises(ValidationError):
        put_values(actor=SYSTEM, record=RECORD, current={}, changes={}, plain={})
    assert put_values(actor=SYSTEM, record=RECORD, current={}, changes={"seats": "3"}, plain={}) == {
        "seats": Decimal(3),
        "source": "web",
    }
    assert put_values(
        actor=SYSTEM, record=RECORD, current={"seats": 3, "source": "x"}, changes={"source": " "}, plain={}, pk=1
    ) == {"seats": 3}


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        (Kind.TEXT, "  a　b ", "a b"),
        (Kind.NUMBER, "1,234.50", Decimal("1234.5")),
        (Kind.NUMBER, "　－１，２３４．５", Decimal("-1234.5")),
        (Kind.MONEY, "0", Decimal(0)),
        (Kind.DATE, "2026-02-28", "2026-02-28"),
        (Kind.MOMENT, "2026-11-23T12:00:00+08:00", "2026-11-23T04:00:00Z"),
        (Kind.BOOLEAN, "否", False),
        (Kind.PHONE, "138 0013 8000", "+8613800138000"),
        (Kind.EMAIL, "张伟 <Zhang@Example.com>", "zhang@example.com"),
        (Kind.URL, "example.com/a", "https://example.com/a"),
        (Kind.ADDRESS, {"city": "杭州市", "street": ""}, {"city": "杭州市"}),
        (Kind.LOCATION, "30.25，120.17", {"lat": 30.25, "lng": 120.17}),
        (Kind.TEXT, "", None),
        (Kind.CHOICES, [], None),
    ],
)
def test_what_is_typed_and_what_is_kept(kind: Kind, typed: object, kept: object) -> None:
    assert read_value(known(kind), typed) == kept


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        (Kind.TEXT, "a\0b"),
        (Kind.TEXT, "x" * 501),
        (Kind.TEXT, {"a": 1}),
        (Kind.NUMBER, "NaN"),
        (Kind.NUMBER, "1,5"),
        (Kind.NUMBER, "5²"),
        (Kind.NUMBER, "５①"),
        (Kind.NUMBER, "1e30"),
        (Kind.NUMBER, True),
        (Kind.MONEY, "1.005"),
        (Kind.DATE, "2026-02-30"),
        (Kind.DATE, "9999-01-01"),
        (Kind.MOMENT, "2026-11-23T12:00:00"),
        (Kind.BOOLEAN, "maybe"),
        (Kind.URL, "javascript:alert(1)"),
        (Kind.URL, "https://"),
        (Kind.USER, "-1"),
        (Kind.CHOICE, "unknown"),
        (Kind.ADDRESS, {"planet": "Mars"}),
        (Kind.LOCATION, "91, 0"),
        (Kind.LOCATION, "nan, 0"),
    ],
)
def test_what_is_not_of_its_kind_is_refused(kind: Kind, typed: object) -> None:
    with pytest.raises(NotOfItsKind):
        read_value(known(kind), typed)


@given(st.sampled_from(list(Kind)), st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists))
def test_whatever_is_given_is_kept_or_refused(kind: Kind, value: object) -> None:
    try:
        kept = read_value(known(kind), value)
    except NotOfItsKind:
        return
    assert read_value(known(kind), kept) == kept


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_lists_ask_by_the_very_expression_that_is_indexed() -> None:
    create(Kind.NUMBER, "Seats")
    create(Kind.DATE, "Renewal")
    create(Kind.CHOICES, "Topics", options=[NewOption(label="a"), NewOption(label="b")])
    fields = {field.key: field for field in list_known(RECORD)}
    Customer.objects.bulk_create(
        Customer(
            name=f"C{n}",
            name_normal=f"c{n}",
            created_at=NOW,
            updated_at=NOW,
            custom={"seats": Decimal(n), "renewal": f"2026-{1 + n % 12:02}-01", "topics": ["a"] if n % 50 else ["b"]},
        )
        for n in range(2000)
    )
    for field in fields.values():
        indexes.build(field)
    try:
        assert asked(fields["seats"], "between", "9", "11") == 3
        assert asked(fields["seats"], "from", "1999") == 1
        assert asked(fields["renewal"], "to", "2026-01-31") == 167
        assert asked(fields["topics"], "is", "b") == 40
        assert asked(fields["topics"], "not", "b") == 1960
        assert asked(fields["seats"], "empty") == 0
        # Or a list would gather all of a frequent value, instead of reading the newest until it has its fifty.
        assert 120 < guessed(fields["renewal"], "to", "2026-01-31") < 220
        assert 900 < guessed(fields["seats"], "from", "1000") < 1100
    finally:
        for field in fields.values():
            indexes.drop(field)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_field_of_files_has_an_index_for_each_answer_and_leaves_none() -> None:
    create(Kind.FILE, "Contract")
    (field,) = list_known(RECORD)
    indexes.build(field)
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE indexname LIKE %s", [f"{indexes.beginning_of(field)}%"])
        names = {name for (name,) in cursor.fetchall()}
    assert names == {indexes.name_of(field, is_unique=False), indexes.name_without(field)}
    assert indexes.find_left([field]) == [field, field]
    indexes.drop(field)
    assert indexes.find_left([field]) == []


def guessed(field: Known, operator: str, *values: str) -> int:
    """For how many customers PostgreSQL prepares itself."""
    offered = field_of(field)
    assert offered.compile is not None
    wanted = offered.compile(operator, read_values(offered.kind, OPERATORS[operator], values), ASKING)
    found = re.search(r"rows=(\d+)", Customer.objects.filter(wanted).explain())
    assert found is not None
    return int(found[1])


def asked(field: Known, operator: str, *values: str) -> int:
    """How many customers; the question has to use the field's index if it asks for few."""
    offered = field_of(field)
    assert offered.compile is not None
    wanted = offered.compile(operator, read_values(offered.kind, OPERATORS[operator], values), ASKING)
    rows = Customer.objects.filter(wanted)
    found = rows.count()
    if found < 200 and operator not in ("not", "empty"):
        with connections["default"].cursor() as cursor:
            cursor.execute("ANALYZE customers_customer")
        assert indexes.name_of(field, is_unique=False) in rows.explain()
    return found


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_field_with_doubles_cannot_become_unique_and_says_which() -> None:
    create(Kind.TEXT, "Contract")
    (field,) = list_known(RECORD)
    for number in ("A1", "A1", "B2"):
        Customer.objects.create(name="x", name_normal="x", created_at=NOW, updated_at=NOW, custom={"contract": number})
    unique = Known(**{**vars(field), "is_unique": True})
    with pytest.raises(indexes.HasDoubles) as refused:
        indexes.build(unique)
    assert [(double.value, double.count) for double in refused.value.doubles] == [("A1", 2)]
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [indexes.name_of(unique, is_unique=True)])
        assert cursor.fetchone() == (None,)


@pytest.mark.django_db
def test_indexes_are_built_by_one_process_and_asked_for_again_when_it_dies() -> None:
    wanted, built, plain = (create(Kind.TEXT, label) for label in ("Wanted", "Built", "Plain"))
    FieldDefinition.objects.filter(pk=wanted.pk).update(index=Index.WANTED)
    with connection.cursor() as cursor:
        name = indexes.name_of(Known.of(built), is_unique=True)
        cursor.execute(f"CREATE TEMPORARY TABLE other (id int); CREATE UNIQUE INDEX {name} ON other (id)")

    def called() -> list[int]:
        jobs = ProcrastinateJob.objects.filter(task_name=indexing.TASK, status="todo")
        return sorted(job.args["definition_id"] for job in jobs)

    with alone_elsewhere("metadata.put_index"):
        tasks.resume_indexes(timestamp=0)
        assert called() == []  # whoever builds has not died
        tasks.put_index(definition_id=wanted.pk)
        assert called() == [wanted.pk]  # and is waited for
    for _again in range(2):
        tasks.resume_indexes(timestamp=0)
        assert called() == [wanted.pk, built.pk]
    assert plain.index == Index.NONE


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_field_of_files_whose_index_is_from_before_there_were_two_gets_the_other() -> None:
    papers = create(Kind.FILE, "Papers")
    FieldDefinition.objects.filter(pk=papers.pk).update(index=Index.READY)
    known = Known.of(FieldDefinition.objects.get(pk=papers.pk))
    assert indexes.find_halved([known]) == [known]
    tasks.resume_indexes(timestamp=0)
    assert ProcrastinateJob.objects.filter(task_name=indexing.TASK, args={"definition_id": papers.pk}).count() == 1
    assert FieldDefinition.objects.get(pk=papers.pk).index == Index.READY  # lists go on filtering meanwhile
    tasks.put_index(definition_id=papers.pk)
    assert indexes.find_halved([known]) == []
    indexes.drop(known)


def test_the_filter_grammar_takes_keys_of_fields() -> None:
    assert str(read("custom.ke_hu:is:a").items[0]) == "custom.ke_hu:is:a"


def test_every_kind_of_record_names_a_model_with_the_column() -> None:
    for kind in registry.list_kinds():
        assert kind.model._meta.get_field(registry.COLUMN)


@pytest.mark.django_db
def test_phones_become_text_as_they_are_kept() -> None:
    line = create(Kind.PHONE, "Line")
    Customer.objects.create(name="a", name_normal="a", created_at=NOW, updated_at=NOW, custom={"line": "+861065529988"})
    converting.convert_field(actor=SYSTEM, pk=line.pk, kind=Kind.TEXT, drops_misfits=False)
    assert Customer.objects.get().custom == {"line": "+861065529988"}


@pytest.mark.django_db
def test_another_kind_reads_the_values_anew_and_lists_what_does_not_fit() -> None:
    size = create(Kind.TEXT, "Size")
    for text in ("12", "12", "1,500", "big"):
        Customer.objects.create(name=text, name_normal="x", created_at=NOW, updated_at=NOW, custom={"size": text})
    plan = converting.plan_conversion(actor=SYSTEM, pk=size.pk, kind=Kind.NUMBER)
    assert (plan.fitting, plan.misfitting, plan.unlisted) == (3, 1, 0)
    assert [(one.value, one.count) for one in plan.misfits] == [("big", 1)]
    with pytest.raises(converting.DoesNotConvert):
        converting.convert_field(actor=SYSTEM, pk=size.pk, kind=Kind.NUMBER, drops_misfits=False)
    converting.convert_field(actor=SYSTEM, pk=size.pk, kind=Kind.NUMBER, drops_misfits=True)
    assert list(Customer.objects.order_by("pk").values_list("custom", flat=True)) == [
        {"size": 12},
        {"size": 12},
        {"size": 1500},
        {},
    ]
    (field,) = list_known(RECORD)
    assert field.kind is Kind.NUMBER
    converting.convert_field(actor=SYSTEM, pk=size.pk, kind=Kind.CHOICE, drops_misfits=False)
    (field,) = list_known(RECORD)
    assert sorted(option.label for option in field.options.values()) == ["12", "1500"]
    converting.convert_field(actor=SYSTEM, pk=size.pk, kind=Kind.TEXT, drops_misfits=False)
    assert Customer.objects.filter(custom={"size": "12"}).count() == 2


@pytest.mark.django_db
def test_the_designer_makes_fields_and_lists_doubles(client: Client) -> None:
    boss = User.objects.create(username="boss", name="boss", locale="en")
    boss.roles.set(
        [put_role(actor=SYSTEM, code="d", name="d", grants={MANAGE: Scope.ALL, "customers.view_customer": Scope.ALL})]
    )
    client.force_login(boss)
    new = f"/settings/fields/of/{RECORD}/new/"
    assert b"kind=choice" in client.get(new).content
    options = {
        "option_key": ["", ""],
        "option_label": ["a", "b"],
        "option_label_en": ["", ""],
        "option_tone": ["", "bad"],
    }
    told = {"label": "Level", "label_en": "", "help_text": "", "section": "", "care": "plain"}
    assert client.post(f"{new}?kind=choice", {**told, **options}).status_code == 302
    assert client.post(f"{new}?kind=choice", told).status_code == 422
    assert client.post(f"{new}?kind=text", {**told, "label": "Card"}).status_code == 302
    level, card = FieldDefinition.objects.order_by("pk")
    assert list(level.options.order_by("position").values_list("label", "tone")) == [("a", ""), ("b", "bad")]
    for name in ("Ada", "Bo"):
        Customer.objects.create(name=name, name_normal="x", created_at=NOW, updated_at=NOW, custom={"card": "A1"})
    refused = client.post(f"/settings/fields/{card.pk}/", {**told, "label": "Card", "is_unique": "on"})
    assert refused.status_code == 422
    assert "Ada #" in refused.content.decode()
    card.refresh_from_db()
    assert not card.is_unique
    when = {**told, "label": "Card", "shown_when": f"custom.{level.key}:a"}
    assert client.post(f"/settings/fields/{card.pk}/", when).status_code == 302
    card.refresh_from_db()
    assert card.shown_when == {"field": "custom.level", "is": ["a"]}
    assert client.post(f"/settings/fields/{card.pk}/move/", {"to": "up"}).status_code == 302
    assert [field.key for field in list_known(RECORD)] == ["card", "level"]
    assert client.post(f"/settings/fields/{card.pk}/archive/").status_code == 302
    assert [field.key for field in list_known(RECORD)] == ["level"]
    section = client.post(
        f"/settings/fields/of/{RECORD}/sections/new/", {"name": "More", "roles": [boss.roles.get().pk]}
    )
    assert section.status_code == 302
    for order, status in ((f"{level.pk},{card.pk}", 204), ("1,x", 422)):
        arranged = client.post(f"/settings/fields/of/{RECORD}/arrange/", {"section": "0", "order": order})
        assert arranged.status_code == status
    more = Section.objects.get()
    definitions.edit_field(actor=SYSTEM, pk=level.pk, section_id=more.pk)
    sections.edit_section(actor=SYSTEM, pk=more.pk, is_tab=True)
    customer = f"/customers/{Customer.objects.get(name='Ada').pk}/"
    overview = client.get(customer).content
    assert f"?tab={more.pk}".encode() in overview
    assert b"Level" not in overview
    assert b"Level" in client.get(f"{customer}?tab={more.pk}").content
    for page in (f"/settings/fields/{level.pk}/", f"/settings/fields/{level.pk}/kind/?to=text", "/settings/fields/"):
        assert client.get(page).status_code == 200
