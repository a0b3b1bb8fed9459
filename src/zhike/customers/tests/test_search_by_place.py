"""Words of one customer that stand in its name, its numbers and its places."""

from dataclasses import replace

import pytest

from zhike.core.acting import acting
from zhike.core.actor import SYSTEM, Actor, Sight
from zhike.core.lists.operators import Asking
from zhike.core.lists.state import State
from zhike.core.paging import Page
from zhike.customers import findable
from zhike.customers.guarded import IDENTIFIER_KEYS, NAME, key
from zhike.customers.models import Customer, CustomerSearch
from zhike.customers.selectors import listing
from zhike.customers.services import people
from zhike.customers.services.identifiers import NewIdentifier
from zhike.customers.services.search import refresh_search
from zhike.customers.tests.conftest import NOON, SHANGHAI, Company
from zhike.finder import selectors

ASKING = Asking(actor=SYSTEM, now=NOON, zone=SHANGHAI)
HERE = ("张伟 杭州", "杭州 张伟", "张 杭州", "zw 杭州", "zhangwei 浙江", "5678 杭州", "杭州 浙江 张伟", "張偉 杭州")
ELSEWHERE = ("李四 杭州", "张伟 宁波", "张伟 杭州 宁波", "张伟杭州")


@pytest.fixture
def customer(db: None, company: Company) -> Customer:
    made = people.create_customer(
        actor=company.actor("boss"),
        name="张伟",
        city="杭州市",
        province="浙江省",
        identifiers=[NewIdentifier(kind="phone", value="13812345678")],
        at=NOON,
    )
    people.create_customer(actor=company.actor("boss"), name="张伟", city="上海", at=NOON)
    return made


def listed(actor: Actor, typed: str) -> list[int]:
    state = State(search=typed, is_descending=True)
    return listing.find_customers(actor=actor, asking=ASKING, state=state, page=Page(size=50)).items


def in_the_box(actor: Actor, typed: str) -> list[int]:
    with acting(actor):
        groups = selectors.find(actor=actor, typed=typed, at=NOON)
    customers = [one for group in groups if group.kind.key == findable.KIND.key for one in group.found]
    return [one.record_id for one in customers if one.record_id]


@pytest.mark.parametrize("typed", HERE)
def test_a_name_and_a_place_find_who_has_both(company: Company, customer: Customer, typed: str) -> None:
    assert listed(company.actor("boss"), typed) == [customer.pk]
    assert in_the_box(company.actor("boss"), typed) == [customer.pk]


@pytest.mark.parametrize("typed", ELSEWHERE)
def test_every_word_has_to_be_found(company: Company, customer: Customer, typed: str) -> None:
    assert listed(company.actor("boss"), typed) == []


def test_whoever_moves_is_found_where_they_are(company: Company, customer: Customer) -> None:
    boss = company.actor("boss")
    people.edit_customer(actor=boss, customer_id=customer.pk, changes={"city": "宁波", "province": ""}, at=NOON)
    assert (listed(boss, "张伟 杭州"), listed(boss, "张伟 浙江")) == ([], [])
    assert listed(boss, "张伟 宁波") == [customer.pk]
    Customer.objects.filter(pk=customer.pk).update(city="")
    refresh_search(customer_ids=[customer.pk])
    assert CustomerSearch.objects.get(pk=customer.pk).text.endswith("\n#zw #zh")


@pytest.mark.parametrize(
    ("closed", "expected"),
    [
        (["city"], {"张伟 杭州": False, "张伟 浙江": True, "5678 浙江": True}),
        (["province"], {"张伟 杭州": True, "张伟 浙江": False}),
        (["city", "province"], {"张伟 杭州": False, "张伟 浙江": False, "张伟 5678": True}),
        (["phone"], {"张伟 杭州": True, "5678 杭州": False}),
        (["name"], {"张伟 杭州": False, "5678 杭州": True}),
    ],
)
def test_a_place_finds_nobody_for_those_who_do_not_read_it(
    company: Company, customer: Customer, closed: list[str], expected: dict[str, bool]
) -> None:
    boss = company.actor("boss")
    hidden = {NAME if name == "name" else IDENTIFIER_KEYS.get(name, key(name)): Sight.MASKED for name in closed}
    reader = replace(boss, sights={**boss.sights, **hidden})
    for typed, is_found in expected.items():
        assert (customer.pk in listed(reader, typed)) is is_found, typed
        assert (customer.pk in in_the_box(reader, typed)) is is_found, typed


def test_a_mark_in_what_people_wrote_makes_no_place(company: Company) -> None:
    boss = company.actor("boss")
    made = people.create_customer(
        actor=boss,
        name="王五",
        city="甲=乙#丙@丁",
        identifiers=[NewIdentifier(kind="wechat", value="w@ningbo")],
        at=NOON,
    )
    blind = replace(boss, sights={**boss.sights, IDENTIFIER_KEYS["wechat"]: Sight.HIDDEN})
    assert listed(blind, "王五 ningbo") == []
    assert listed(blind, "王五 乙") == listed(boss, "王五 ningbo") == [made.pk]


def test_names_come_before_places(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    boss = company.actor("boss")
    named = people.create_customer(actor=boss, name="长江杭州分部", kind="organisation", at=NOON)
    for number in range(4):
        people.create_customer(actor=boss, name=f"客户{number}", city="杭州", at=NOON)
    monkeypatch.setattr(findable, "CANDIDATES", 3)
    assert in_the_box(boss, "杭州")[0] == named.pk
    assert len(listed(boss, "杭州")) == 5


def test_other_spellings_are_no_places(company: Company) -> None:
    boss = company.actor("boss")
    for number in range(3):
        people.create_customer(actor=boss, name=f"客户{number}", city="杭州", at=NOON)
    meant = people.create_customer(actor=boss, name="李杭洲", at=NOON)
    assert in_the_box(boss, "李 杭州") == [meant.pk]
