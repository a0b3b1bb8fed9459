"""Every filter that can be spelt is answered or refused with a message, never an error."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhike.core.actor import SYSTEM, Actor
from zhike.core.lists import registry
from zhike.core.lists.conditions import compile_tree, describe
from zhike.core.lists.grammar import Condition, FilterInvalid, Group, read
from zhike.core.lists.operators import OPERATORS, Asking
from zhike.core.lists.state import State
from zhike.customers import selectors
from zhike.customers.listing import KEY
from zhike.customers.models import Customer, CustomerTag, Tag
from zhike.customers.tests.conftest import NOON, SHANGHAI, Company, MakeCustomer

ASKING = Asking(actor=SYSTEM, now=NOON, zone=SHANGHAI)
SPEC = registry.get(KEY)
FIELDS = sorted(SPEC.fixed_fields)

values = st.one_of(
    st.integers().map(str),
    st.sampled_from(["top", "9" * 30, "1e999", "1e-99999", "1_0", "٣", "NaN", "", "%", "_", "\\"]),
    st.sampled_from(["2026-02-30", "0001-01-01", "9999-12-31"]),
    st.text(max_size=6),
)
conditions = st.builds(
    Condition,
    st.sampled_from([*FIELDS, "nothing"]),
    st.sampled_from([*OPERATORS, "nothing"]),
    st.lists(values, max_size=3).map(tuple),
)
trees = st.recursive(
    conditions,
    lambda inner: st.builds(
        Group, st.sampled_from(["all", "any", "none"]), st.lists(inner, min_size=1, max_size=3).map(tuple)
    ),
    max_leaves=5,
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(trees, min_size=1, max_size=3))
def test_any_filter_is_answered_or_refused(db: None, items: list[Condition | Group]) -> None:
    with suppress(FilterInvalid):
        tree = read(str(Group("all", tuple(items))))
        probed = selectors.count_customers(actor=SYSTEM, asking=ASKING, state=State(tree=tree))
        assert Customer.objects.filter(compile_tree(tree, of=SPEC, asking=ASKING, sweeps=True)).count() == probed.value
        assert all(clause.sentence for clause in describe(tree, of=registry.get(KEY), asking=ASKING))


def found(text: str) -> set[str]:
    tree = compile_tree(read(text), of=registry.get(KEY), asking=ASKING)
    return set(Customer.objects.filter(tree).values_list("name", flat=True))


@pytest.fixture
def people(make_customer: MakeCustomer, company: Company) -> None:
    today = date(2026, 11, 22)
    ada = make_customer(
        "Ada",
        city="上海",
        owner=company.seller,
        team=company.shop,
        facts={"grade": "top", "amount": 900, "order_count": 9, "last_order_on": today - timedelta(days=30), "r": 5},
    )
    make_customer(
        "Bo", city="北京", team=company.west, facts={"grade": "small", "amount": 10, "order_count": 1, "r": 1}
    )
    make_customer("Cy", kind="organisation", relationship="partner", created_at=NOON - timedelta(days=40))
    tag = Tag.objects.create(name="VIP")
    CustomerTag.objects.create(customer=ada, tag=tag)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", {"Ada", "Bo", "Cy"}),
        ("city:is:上海,北京", {"Ada", "Bo"}),
        ("city:not:上海", {"Bo", "Cy"}),
        ("city:empty:", {"Cy"}),
        ("city:filled:", {"Ada", "Bo"}),
        ("grade:is:top", {"Ada"}),
        ("grade:not:top", {"Bo", "Cy"}),
        ("grade:empty:", {"Cy"}),
        ("any(grade:is:top;kind:is:organisation)", {"Ada", "Cy"}),
        ("any(grade:is:top;city:is:北京);orders:to:5", {"Bo"}),
        ("amount:from:10.5", {"Ada"}),
        ("amount:between:0,10", {"Bo"}),
        ("orders:empty:", {"Cy"}),
        ("last_order:last:30", {"Ada"}),
        ("last_order:last:29", set()),
        ("last_order:older:30", set()),
        ("last_order:older:29", {"Ada"}),
        ("last_order:empty:", {"Bo", "Cy"}),
        ("created:last:7", {"Ada", "Bo"}),
        ("created:from:2026-11-22", {"Ada", "Bo"}),
        ("created:to:2026-11-21", {"Cy"}),
        ("relationship:is:repeat", {"Ada", "Bo"}),
        ("relationship:is:partner", {"Cy"}),
        ("relationship:not:repeat", {"Cy"}),
        ("tag:filled:", {"Ada"}),
        ("tag:empty:", {"Bo", "Cy"}),
        ("owner:empty:", {"Bo", "Cy"}),
        ("name:has:d", {"Ada"}),
        ("name:starts:B", {"Bo"}),
        ("name:lacks:a", {"Bo", "Cy"}),
        ("r:is:5", {"Ada"}),
        ("none(grade:is:top;city:is:北京)", {"Cy"}),
        ("none(amount:from:10.5)", {"Bo", "Cy"}),
        ("any(none(city:filled:);all(city:is:上海;none(orders:to:5)))", {"Ada", "Cy"}),
    ],
)
def test_operators_mean_what_they_say(text: str, names: set[str]) -> None:
    assert found(text) == names


@pytest.mark.usefixtures("people")
def test_a_team_stands_for_all_below_it(company: Company) -> None:
    assert found(f"team:is:{company.east.pk}") == {"Ada"}
    assert found(f"team:is:{company.root.pk}") == {"Ada", "Bo"}
    assert found(f"team:not:{company.east.pk}") == {"Bo", "Cy"}


@pytest.mark.parametrize(
    "text",
    ["nothing:is:1", "grade:from:1", "amount:is:5", "amount:from:x", "created:last:999999", "city:is:", "id:is:x"],
)
def test_what_does_not_exist_is_refused_in_words(db: None, text: str) -> None:
    with pytest.raises(FilterInvalid) as refusal:
        found(text)
    assert str(refusal.value)


def test_a_filter_reads_as_a_sentence(db: None, company: Company, asking_as: Callable[[Actor], Asking]) -> None:
    asking = asking_as(SYSTEM)
    tree = read(f"grade:is:top,high;any(city:is:上海;last_order:older:90);owner:is:{company.seller.pk}")
    clauses = describe(tree, of=registry.get(KEY), asking=asking)
    assert len(clauses) == 3
    assert "seller" in clauses[2].sentence
    assert clauses[0].rest == Group("all", tree.items[1:])


def test_addresses_for_figures() -> None:
    assert selectors.list_url() == "/customers/"
    assert selectors.list_url(grade="top") == "/customers/?f=grade:is:top"
    assert selectors.list_url(r=5, f=3) == "/customers/?f=r:is:5;f:is:3"
    assert (
        selectors.list_url(first_order=(date(2026, 1, 1), date(2026, 1, 31)))
        == "/customers/?f=first_order:between:2026-01-01,2026-01-31"
    )
    assert selectors.list_url(amount=(1000, None), sort="-amount") == "/customers/?f=amount:from:1000&sort=-amount"
    assert selectors.list_url(stage=["lost", "decline"]) == "/customers/?f=stage:is:decline,lost"
