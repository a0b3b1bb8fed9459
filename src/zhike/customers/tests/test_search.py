"""The search box finds what a plain look through every customer's text finds, in the list's sequence."""

from dataclasses import replace

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhike.core.actor import SYSTEM, Sight
from zhike.core.lists.grammar import EVERYTHING, Condition, Group
from zhike.core.lists.operators import Asking
from zhike.core.lists.state import State
from zhike.core.paging import Page
from zhike.core.text import grams, pinyin
from zhike.customers.guarded import IDENTIFIER_KEYS
from zhike.customers.models import CustomerSearch, Identifier
from zhike.customers.reindexing import rewrite_outdated
from zhike.customers.selectors import listing
from zhike.customers.services.search import Findable, put_search
from zhike.customers.tests.conftest import NOON, SHANGHAI, Company, MakeCustomer

ASKING = Asking(actor=SYSTEM, now=NOON, zone=SHANGHAI)

names = st.text("张王李伟芳wz", min_size=1, max_size=4)
phones = st.text("138", min_size=3, max_size=6)
people = st.lists(st.tuples(names, phones), max_size=10)
words = st.one_of(names, phones, st.just("zhang"), st.just("wang wei"), st.text("张13z%_\\# ", max_size=5))


def found(typed: str, *, size: int, tree: Group = EVERYTHING, sort: str = "") -> list[int]:
    shown: list[int] = []
    after = ""
    while True:
        page = listing.find_customers(
            actor=SYSTEM,
            asking=ASKING,
            state=State(search=typed.strip(), tree=tree, sort=sort, is_descending=not sort),
            page=Page(size=size, after=after),
        )
        shown += page.items
        after = page.next_cursor
        if not after:
            return shown


def looked_through(typed: str) -> list[int]:
    """By Python: every term of the query stands in the text."""
    terms = grams.query(typed)
    if not terms:
        return []
    wanted = [term.like[1:-1].replace("\\%", "%").replace("\\_", "_").replace("\\\\", "\\") for term in terms]
    rows = CustomerSearch.objects.order_by("-pk").values_list("pk", "text")
    return [pk for pk, text in rows if all(word in text for word in wanted)]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=people, typed=words, size=st.integers(1, 4), window=st.integers(1, 4))
def test_search_equals_looking_through_everything(
    make_customer: MakeCustomer,
    monkeypatch: pytest.MonkeyPatch,
    made: list[tuple[str, str]],
    typed: str,
    size: int,
    window: int,
) -> None:
    monkeypatch.setattr(listing, "WINDOW", window)
    CustomerSearch.objects.all().delete()
    for name, phone in made:
        reading = pinyin.reading(name, "person")
        customer = make_customer(name, name_pinyin=reading)
        put_search([Findable(customer_id=customer.pk, name=name, reading=reading, values=[f"+86{phone}"])])
    if not typed.strip():
        return
    expected = looked_through(typed)
    assert found(typed, size=size) == expected
    persons = Group("all", (Condition("kind", "is", ("person",)),))
    assert found(typed, size=size, tree=persons) == expected
    assert set(found(typed, size=size, sort="name")) == set(expected)


def test_every_piece_of_a_name_and_phone_finds_it(make_customer: MakeCustomer) -> None:
    customer = make_customer("欧阳伟明", name_pinyin="ou yang wei ming")
    put_search(
        [Findable(customer_id=customer.pk, name=customer.name, reading=customer.name_pinyin, values=["+8613812345678"])]
    )
    make_customer("李四", name_pinyin="li si")
    for text, fewest in (("欧阳伟明", 1), ("ouyangweiming", 3), ("13812345678", 3)):
        for start in range(len(text)):
            for end in range(start + fewest, len(text) + 1):
                assert found(text[start:end], size=5) == [customer.pk], text[start:end]
    for typed in ("o", "ou", "oy", "oywm", "欧阳 138", "wei 5678"):
        assert found(typed, size=5) == [customer.pk], typed


def test_search_rows_of_before_are_written_anew_and_others_left_alone(make_customer: MakeCustomer) -> None:
    rows = []
    for name in ("張偉", "曾伟", "张伟"):
        customer = make_customer(name, name_pinyin=pinyin.reading(name, "person"))
        reading = customer.name_pinyin
        before = f"{name}\n{reading.replace(' ', '')}\n#{pinyin.initials(name, 'person')}"
        CustomerSearch.objects.filter(pk=customer.pk).delete()
        CustomerSearch.objects.create(customer=customer, text=before, grams=grams.grams(before))
        rows.append(customer.pk)
    numbered = make_customer("李四", name_pinyin="li si")
    Identifier.objects.create(
        customer=numbered,
        kind="external",
        system="erp",
        value="AB-12-34",
        value_normal="AB-12-34",
        strength=3,
        created_at=NOON,
    )
    CustomerSearch.objects.filter(pk=numbered.pk).update(text="李四\nlisi\nab-12-34\n#ls", grams=["ab"])
    assert rewrite_outdated(connection) == 3
    assert found("ab1234", size=5) == [numbered.pk]
    assert found("张伟", size=5) == [rows[2], rows[0]]
    assert found("cengwei", size=5) == [rows[1]]
    assert rewrite_outdated(connection) == 0


@pytest.mark.parametrize("typed", ["li_1@163.com", "AB-12-34", "ab 12 34", "B-12店"])
def test_who_does_not_read_one_kind_finds_by_the_others_all_the_same(
    company: Company, make_customer: MakeCustomer, typed: str
) -> None:
    customer = make_customer("B-12店")
    values = {"email": "li_1@163.com", "external": "AB-12-34"}
    for kind, value in values.items():
        given = {"value": value, "value_normal": value, "strength": Identifier.STRENGTHS[kind], "created_at": NOON}
        Identifier.objects.create(customer=customer, kind=kind, system="erp" if kind == "external" else "", **given)
    put_search([Findable(customer_id=customer.pk, name=customer.name, reading="", values=tuple(values.values()))])
    boss = company.actor("boss")
    reader = replace(boss, sights={**boss.sights, IDENTIFIER_KEYS["wechat"]: Sight.HIDDEN})
    page = listing.find_customers(
        actor=reader, asking=ASKING, state=State(search=typed, is_descending=True), page=Page(size=5)
    )
    assert page.items == [customer.pk]
