"""Customers by an own field of several choices: in each of its groups, and moved by one choice."""

from collections.abc import Sequence
from decimal import Decimal

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhike.core.actor import SYSTEM
from zhike.core.lists.patience import FilterTooDear
from zhike.customers import selectors
from zhike.customers.models import Activity, Customer
from zhike.customers.selectors import groups
from zhike.customers.tests.conftest import NOON, Company, MakeCustomer
from zhike.customers.tests.test_grouping import enter, grouped
from zhike.customers.tests.test_list_filter import ASKING
from zhike.metadata.models import FieldDefinition, Index, Kind
from zhike.metadata.services import definitions
from zhike.metadata.services.definitions import NewOption

pytestmark = pytest.mark.django_db
RECORD = "customers.customer"


@pytest.fixture
def topics(db: None) -> list[str]:
    """The keys of the choices a, b and c of the field "custom.topics"."""
    options = [NewOption(label=name, label_en=name) for name in "abc"]
    made = definitions.create_field(
        actor=SYSTEM, at=NOON, record=RECORD, kind=Kind.CHOICES, label="Topics", key="topics", options=options
    )
    FieldDefinition.objects.filter(pk=made.pk).update(index=Index.READY)
    definitions.lock(RECORD)
    return [option.key for option in made.options.order_by("position")]


def choose(customer: Customer, keys: Sequence[str]) -> None:
    Customer.objects.filter(pk=customer.pk).update(custom={"topics": list(keys)} if keys else {})


def chosen(customer: Customer) -> list[str]:
    customer.refresh_from_db()
    return list(customer.custom.get("topics", []))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=st.lists(st.tuples(st.sets(st.integers(0, 2)), st.integers(0, 9)), max_size=7))
def test_each_choice_holds_its_customers_and_the_whole_counts_each_once(
    make_customer: MakeCustomer, topics: list[str], made: Sequence[tuple[set[int], int]]
) -> None:
    Customer.objects.all().delete()
    for place, (places, amount) in enumerate(made):
        choose(make_customer(f"c {place}", facts={"amount": amount}), [topics[one] for one in sorted(places)])
    found = grouped("custom.topics")
    wanted = {key: [amount for places, amount in made if place in places] for place, key in enumerate(topics)}
    wanted[""] = [amount for places, amount in made if not places]
    told = {one.value: (one.count.value, one.total) for one in found.stands}
    assert told == {key: (len(held), Decimal(sum(held))) for key, held in wanted.items() if held}
    assert found.whole.value == len(made)
    for one in found.stands:
        assert one.state is not None
        assert selectors.count_customers(actor=SYSTEM, asking=ASKING, state=one.state).value == one.count.value


def test_an_empty_list_says_nothing(make_customer: MakeCustomer, topics: list[str]) -> None:
    Customer.objects.filter(pk=make_customer("Ada").pk).update(custom={"topics": []})
    assert [(one.value, one.count.value) for one in grouped("custom.topics").stands] == [("", 1)]


def test_the_rest_of_many_choices_is_one_line(
    make_customer: MakeCustomer, topics: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b, c = topics
    monkeypatch.setattr(groups, "MOST_GROUPS", 2)
    for place, keys in enumerate([[a, b], [a, c], [a], []]):
        choose(make_customer(f"c {place}"), keys)
    found = grouped("custom.topics")
    assert [(one.label, one.count.value) for one in found.stands] == [("a", 3), ("", 1)]
    assert found.others is not None
    assert found.others.state is not None
    assert (found.others.count.value, found.whole.value) == (2, 4)
    assert selectors.count_customers(actor=SYSTEM, asking=ASKING, state=found.others.state).value == 2


def test_choices_are_counted_one_by_one_where_all_at_once_takes_long(
    make_customer: MakeCustomer, topics: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(make_customer("Ada"), topics[:2])
    choose(make_customer("Bo"), topics[:1])

    def slow(*_given: object) -> groups._Counted:
        raise FilterTooDear

    monkeypatch.setattr(groups, "_aggregate", slow)
    found = grouped("custom.topics")
    assert [(one.label, one.count.value, one.total) for one in found.stands] == [("a", 2, None), ("b", 1, None)]
    assert found.whole.value == 2


def test_every_shape_says_that_the_groups_overlap(
    make_customer: MakeCustomer, topics: list[str], company: Company
) -> None:
    choose(make_customer("Ada"), topics[:2])
    choose(make_customer("Bo"), topics[:1])
    client = enter("boss")
    assert 'value="custom.topics"' in client.get("/customers/").content.decode()
    for shape in ("", "board", "chart"):
        page = client.get(f"/customers/groups/?as={shape}&by=custom.topics").content.decode()
        assert "2 customers in all; one can be in several groups" in page
    board = client.get("/customers/groups/?as=board&by=custom.topics").content.decode()
    assert board.count("data-lane=") == 3  # c, which nobody has, is there as well
    assert "takes out what its lane says" in board
    cards = client.get(f"/customers/cards/?as=board&by=custom.topics&lane={topics[0]}").content.decode()
    assert cards.count("data-card=") == 2


def drag(client: Client, customer: Customer, *, left: str, entered: str) -> int:
    form = {"from": left, "value": entered}
    return client.post(f"/customers/{customer.pk}/move/custom.topics/", form).status_code


def test_a_card_goes_from_choice_to_choice_and_back(
    make_customer: MakeCustomer, topics: list[str], company: Company
) -> None:
    a, b, c = topics
    ada = make_customer("Ada", owner=company.seller, team=company.shop)
    choose(ada, [a, b])
    client = enter("seller")
    assert drag(client, ada, left=a, entered=c) == 204
    assert chosen(ada) == [b, c]
    change = Activity.objects.get(customer=ada, kind="change")
    client.post(f"/customers/changes/{change.pk}/undo/")
    assert chosen(ada) == [a, b]
    choose(ada, [a])
    assert drag(client, ada, left=a, entered="") == 204
    assert chosen(ada) == []
    assert drag(client, ada, left="", entered=b) == 204
    assert chosen(ada) == [b]


def test_a_card_that_no_lane_takes_stays(make_customer: MakeCustomer, topics: list[str], company: Company) -> None:
    a, b, c = topics
    ada = make_customer("Ada", owner=company.seller, team=company.shop)
    choose(ada, [a, b])
    client = enter("seller")
    for left, entered in (
        (c, a),  # somebody took it out in the meantime
        ("", c),  # has choices by now
        (a, ""),  # another one stays
        (a, b),  # has it already
        (a, a),
        (a, "gone"),
        ("gone", c),
    ):
        assert drag(client, ada, left=left, entered=entered) == 409
    assert drag(enter("guest"), ada, left=a, entered=c) == 403
    assert chosen(ada) == [a, b]
