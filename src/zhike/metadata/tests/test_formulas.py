"""Computed fields: what is said about wrong ones, that they never go round in circles, and that lists mean the same."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connections
from django.test import Client
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhike.accounts.actors import actor_of
from zhike.accounts.models import Role, User
from zhike.accounts.services import put_field_access, put_role
from zhike.core.actor import SYSTEM, Scope, Sight
from zhike.core.lists.operators import OPERATORS, Asking, read_values
from zhike.customers.guarded import RECORD
from zhike.customers.models import Customer
from zhike.customers.selectors import records
from zhike.customers.services import people
from zhike.metadata import indexes
from zhike.metadata.formulas.compiling import Formulas
from zhike.metadata.formulas.composing import Composed, is_fixed
from zhike.metadata.formulas.evaluating import company_today, company_zone, evaluate
from zhike.metadata.formulas.filling import of_instance
from zhike.metadata.formulas.language import FormulaInvalid
from zhike.metadata.formulas.nodes import Type
from zhike.metadata.kinds import Known
from zhike.metadata.listing import field_of
from zhike.metadata.models import FieldDefinition, Index, Kind
from zhike.metadata.permissions import MANAGE
from zhike.metadata.selectors import design_of
from zhike.metadata.services import converting, definitions, indexing
from zhike.metadata.services.definitions import NewOption
from zhike.metadata.services.formulas import FormulaBreaks, shown_formula

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
ASKING = Asking(actor=SYSTEM, now=NOW, zone=company_zone())


def create(kind: Kind, label: str, **given: Any) -> FieldDefinition:
    return definitions.create_field(actor=SYSTEM, at=NOW, record=RECORD, kind=kind, label=label, **given)


def formula(label: str, text: str, **rules: Any) -> FieldDefinition:
    return create(Kind.FORMULA, label, rules={"formula": text, **rules})


@pytest.fixture
def designed(db: None) -> None:
    create(Kind.NUMBER, "Seats")
    create(Kind.NUMBER, "Price")
    create(Kind.DATE, "Renewal")
    create(Kind.MOMENT, "Called")
    create(Kind.TEXT, "Code")
    create(Kind.BOOLEAN, "Signed")
    create(Kind.CHOICE, "Level", options=[NewOption(label="高", label_en="high"), NewOption(label="低")])
    create(Kind.CHOICES, "Topics", options=[NewOption(label="a"), NewOption(label="b")])


def add(name: str = "Ada", **custom: Any) -> Customer:
    return people.create_customer(
        actor=SYSTEM, at=NOW, name=name, custom={f"custom.{key}": value for key, value in custom.items()}
    )


def worked_out(text: str, customer: Customer) -> Any:
    """In Python; in SQL it has to be the same."""
    _built, node = Formulas(RECORD, design_of(RECORD).known).try_out(text, decimals=6)
    customer.refresh_from_db()
    today = company_today(datetime.now(UTC))
    found = evaluate(node, custom=customer.custom, plain=of_instance(customer), today=today)
    asked = Customer.objects.filter(pk=customer.pk).annotate(found=Composed(node)).values_list("found", flat=True).get()
    assert found == asked, (text, found, asked)
    return found


GIVEN: list[tuple[str, Any]] = [
    ("{Seats} * {Price} ÷ 3", Decimal("4.115226")),
    ("1 / 0", None),
    ("{Seats} / 0 + 1", None),
    ("2 / 3 * 3", Decimal(2)),
    ("-{Seats} + 10.5", Decimal("7.5")),
    ("round(2.5) & “/” & round(-2.5)", "3/-3"),
    ("如果({Seats} > 2 且 非 {Signed}，“大”，“小”)", "小"),
    ("if({Level} = “高”, 1, 0)", Decimal(1)),
    ('if({Level} <> "high", 1, 0)', Decimal(0)),
    ('if(has({Topics}, "b"), 1)', None),
    ('days({Renewal}, date("2027-03-01"))', Decimal(29)),
    ("addmonths({Renewal}, 1)", date(2027, 2, 28)),
    ("{Renewal} + 30 - {Renewal}", Decimal(30)),
    ("{Renewal} + 99999999999", None),
    ("text({Renewal}) & {Code}", "2027-01-31"),
    ("coalesce({Code}, {name})", "Ada"),
    ("len({name}) + year({Called})", Decimal(2029)),
    ("left({name}, 2)", "Ad"),
    ("max({Seats}, {Price}, 1)", Decimal("4.115226")),
    ('{Code} = ""', True),
    ("{amount} > 5", None),
    ("today() - {Called} > 0 or true", True),
    ('contains({name}, "d") and not empty({Called})', True),
    ("999999999999999999 * 999999999999999999", None),
    ('{kind} = "person"', True),
]


@pytest.mark.usefixtures("designed")
def test_what_formulas_give_in_python_and_in_lists() -> None:
    ada = add(
        seats="3",
        price="4.115226",
        renewal="2027-01-31",
        called="2025-12-31T20:00:00Z",
        signed="yes",
        level="高",
        topics=["a"],
    )
    for text, expected in GIVEN:
        assert worked_out(text, ada) == expected, text


REFUSED = [
    ("", "", "Write a formula"),
    ("1 +", "+", "missing at the end"),
    ("1 + * 2", "*", "does not fit"),
    ("{Nothing} + 1", "{Nothing}", "no field “Nothing”"),
    ("{Code} + 1", "{Code}", "has to be a number, and is a text"),
    ("sum(1)", "sum", "no function “sum”"),
    ("days({Renewal})", "days({Renewal})", "takes 2 values"),
    ('{Level} = "mid"', '"mid"', "高 / 低"),
    ("round({Seats}, {Price})", "{Price}", "whole number from 0 to 6"),
    ("if({Seats}, 1, 2)", "{Seats}", "yes or no"),
    ("{Topics}", "", "cannot be a result"),
    ("1 $ 2", "$", "does not fit"),
    ("(" * 60 + "1" + ")" * 60 + "+1" * 60, "", "too large"),
    ("__import__(1)", "__import__", "no function"),
]


@pytest.mark.usefixtures("designed")
def test_what_is_wrong_is_said_at_its_place() -> None:
    with translation.override("en"):
        formulas = Formulas(RECORD, design_of(RECORD).known)
        for text, wrong, message in REFUSED:
            with pytest.raises(FormulaInvalid) as refused:
                formulas.try_out(text)
            assert message in str(refused.value.message)
            if wrong and refused.value.end is not None:
                assert text[refused.value.start : refused.value.end].strip().startswith(wrong[:1])


@pytest.mark.usefixtures("designed")
def test_a_formula_that_loops_is_refused_and_says_how() -> None:
    first = formula("Sum", "{Seats} + 1")
    formula("Twice", "{Sum} * 2")
    formula("More", "{Twice} + {Sum}")
    for text, way in (("{More} + 1", "Sum → More → Twice → Sum"), ("{Sum}", "Sum → Sum")):
        with pytest.raises(ValidationError) as refused:
            definitions.edit_field(actor=SYSTEM, pk=first.pk, rules={"formula": text})
        assert way in str(refused.value.message_dict["formula"])
    first.refresh_from_db()
    assert first.rules["formula"] == "{custom.seats} + 1"
    assert shown_formula(RECORD, first.rules["formula"]) == "{Seats} + 1"


@pytest.mark.usefixtures("designed")
def test_what_formulas_need_cannot_go_or_change() -> None:
    formula("Sum", "{Seats} + {Price}")
    seats = FieldDefinition.objects.get(key="seats")
    with pytest.raises(FormulaBreaks, match="Sum"):
        definitions.archive_field(actor=SYSTEM, pk=seats.pk, at=NOW)
    with pytest.raises(FormulaBreaks, match="Sum"):
        converting.convert_field(actor=SYSTEM, pk=seats.pk, kind=Kind.TEXT, drops_misfits=False)
    with pytest.raises(ValidationError):
        people.create_customer(actor=SYSTEM, at=NOW, name="x", custom={"custom.sum": 3})
    spare = formula("Spare", "{Sum} + 1")
    definitions.archive_field(actor=SYSTEM, pk=spare.pk, at=NOW)
    definitions.edit_field(actor=SYSTEM, pk=seats.pk, label="Chairs")
    ada = add(seats="2", price="0.5")
    assert records.get_record(actor=SYSTEM, customer_id=ada.pk)["custom"]["sum"] == "2.5"


@pytest.mark.usefixtures("designed")
def test_a_formula_is_seen_only_by_who_reads_all_of_it(client: Client) -> None:
    create(Kind.NUMBER, "Secret", care="sensitive")
    formula("Sum", "{Seats} + {Price}")
    formula("Twice", "{Sum} * 2")
    formula("Masked", "{Secret} + 1")
    ada = add(seats="2", price="3", secret="1")
    boss = User.objects.create(username="boss", name="boss", locale="en")
    role = put_role(actor=SYSTEM, code="d", name="d", grants={MANAGE: Scope.ALL, "customers.view_customer": Scope.ALL})
    boss.roles.set([role])
    seen = records.get_record(actor=actor_of(User.objects.get(pk=boss.pk)), customer_id=ada.pk)["custom"]
    assert (seen["sum"], seen["twice"], seen.get("masked")) == ("5", "10", None)
    put_field_access(actor=SYSTEM, role=Role.objects.get(code="d"), levels={f"{RECORD}.custom.price": Sight.MASKED})
    actor = actor_of(User.objects.get(pk=boss.pk))
    seen = records.get_record(actor=actor, customer_id=ada.pk)["custom"]
    assert not {"sum", "twice", "masked"} & seen.keys()
    client.force_login(boss)
    page = client.get(f"/customers/{ada.pk}/").content.decode()
    assert "Twice" not in page
    told = client.post(
        f"/settings/fields/of/{RECORD}/formula/", {"rule_formula": "{Price} + 7"}, HTTP_HX_REQUEST="true"
    )
    assert "Gives a number" in told.content.decode()
    assert "10" not in told.content.decode()


INDEXED = ("total", "notice", "left", "told", "large")


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_lists_ask_formulas_by_their_index() -> None:
    create(Kind.NUMBER, "Seats")
    create(Kind.DATE, "Renewal")
    total = formula("Total", "{Seats} * 2 + 1")
    notice = formula("Notice", "addmonths({Renewal}, -1)")
    formula("Left", "days(today(), {Renewal})")
    create(Kind.LONG_TEXT, "Story")
    formula("Told", "{Story}")
    formula("Large", "{Seats} > 1990")
    Customer.objects.bulk_create(
        Customer(
            name=f"C{n}",
            name_normal=f"c{n}",
            created_at=NOW,
            updated_at=NOW,
            custom={"seats": Decimal(n), "renewal": f"{1900 + n % 200}-12-31"} if n % 10 else {},
        )
        for n in range(2000)
    )
    found = {one.key: one for one in design_of(RECORD).known.values()}
    assert not indexes.can_hold(found["left"])
    for name in INDEXED:
        indexes.build(found[name])
    try:
        # An index has no room for all of it.
        told = {"seats": Decimal(7), "renewal": "1907-12-31", "story": "从前" * 40_000}
        Customer.objects.filter(name="C7").update(custom=told)
        assert asked(found["told"], "starts", "从前从前") == 1
        assert asked(found["large"], "is", "true") == 9
        assert asked(found["total"], "between", "21", "31") == 5
        assert asked(found["notice"], "to", "1901-12-01") == 10
        assert asked(found["total"], "empty") == 200
        assert asked(found["left"], "from", "1", is_indexed=False) > 0
    finally:
        for name in INDEXED:
            indexes.drop(found[name])
    assert {total.index, notice.index} == {Index.NONE}


def asked(field: Known, operator: str, *values: str, is_indexed: bool = True) -> int:
    offered = field_of(field)
    assert offered.compile is not None
    rows = Customer.objects.filter(
        offered.compile(operator, read_values(offered.kind, OPERATORS[operator], values), ASKING)
    )
    if is_indexed and operator != "empty":
        with connections["default"].cursor() as cursor:
            cursor.execute("ANALYZE customers_customer")
        assert indexes.name_of(field, is_unique=False) in rows.explain()
    return rows.count()


@pytest.mark.usefixtures("designed")
def test_indexes_follow_a_formula_that_changes() -> None:
    total = formula("Total", "{Seats} * 2")
    twice = formula("Twice", "{Total} * 2")
    FieldDefinition.objects.filter(pk__in=[total.pk, twice.pk]).update(index=Index.READY)
    definitions.edit_field(actor=SYSTEM, pk=total.pk, rules={"formula": "{Seats} * 3"})
    states = dict(FieldDefinition.objects.filter(kind=Kind.FORMULA).values_list("key", "index"))
    assert states == {"total": Index.WANTED, "twice": Index.WANTED}
    indexing.put_index(actor=SYSTEM, pk=total.pk, is_filtered=True, is_unique=False)


LEAVES = {
    Type.NUMBER: ["{Seats}", "{Price}", "2", "0", "0.3333333333", "123456789012345678", "{amount}"],
    Type.TEXT: ["{Code}", "{name}", "“x'y”", "“”"],
    Type.DATE: ["{Renewal}", "{Called}", 'date("2024-02-29")', "today()", "{created_at}"],
    Type.BOOLEAN: ["{Signed}", "true", "{Level} = “高”", "has({Topics}, “a”)"],
}
SHAPES = {
    Type.NUMBER: [
        "({n} + {n})", "({n} - {n})", "({n} * {n})", "({n} / {n})", "-{n}", "round({n}, 2)", "floor({n})", "ceil({n})",
        "abs({n})", "min({n}, {n})", "max({n}, {n})", "days({d}, {d})", "year({d})", "month({d})", "len({t})",
        "if({b}, {n}, {n})", "coalesce({n}, {n})",
    ],
    Type.TEXT: ["({t} & {t})", "({n} & {t})", "text({d})", "left({t}, 3)", "if({b}, {t}, {t})", "coalesce({t}, {t})"],
    Type.DATE: ["({d} + {n})", "({d} - {n})", "addmonths({d}, {n})", "min({d}, {d})", "if({b}, {d}, {d})"],
    Type.BOOLEAN: [
        "({n} < {n})", "({n} >= {n})", "({d} > {d})", "({t} = {t})", "({n} <> {n})", "({b} and {b})", "({b} or {b})",
        "(not {b})", "empty({n})", "contains({t}, {t})", "if({b}, {b}, {b})",
    ],
}  # fmt: skip
LETTERS = {"n": Type.NUMBER, "t": Type.TEXT, "d": Type.DATE, "b": Type.BOOLEAN}


@st.composite
def texts(draw: st.DrawFn, wanted: Type, depth: int = 4) -> str:
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from(LEAVES[wanted]))
    shape = draw(st.sampled_from(SHAPES[wanted]))
    for letter, kind in LETTERS.items():
        while f"{{{letter}}}" in shape:
            shape = shape.replace(f"{{{letter}}}", draw(texts(kind, depth - 1)), 1)
    return shape


@pytest.mark.usefixtures("designed")
def test_python_and_sql_agree_about_whatever_can_be_written() -> None:
    people_ = [
        add(
            "王小明", seats="-3", price="0.000001", renewal="2024-02-29", called="1999-12-31T16:00:00Z", code="汉'字%s"
        ),
        add("B", seats="999999999999999999", signed="no", level="高", topics=["a", "b"]),
        add("C"),
    ]
    today = company_today(datetime.now(UTC))
    formulas = Formulas(RECORD, design_of(RECORD).known)

    @settings(max_examples=100, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(list(LEAVES)).flatmap(texts))
    def agree(text: str) -> None:
        _built, node = formulas.try_out(text, decimals=6)
        rows = Customer.objects.annotate(found=Composed(node)).order_by("pk").values_list("found", flat=True)
        mine = [
            evaluate(node, custom=one.custom, plain=of_instance(one), today=today)
            for one in Customer.objects.order_by("pk")
        ]
        assert list(rows) == mine
        is_fixed(node)

    agree()
    assert len(people_) == 3
