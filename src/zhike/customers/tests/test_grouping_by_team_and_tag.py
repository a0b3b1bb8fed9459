"""Customers by team, where a team below is a group of its own, and by tag, where one customer stands in several."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhike.accounts import services as accounts
from zhike.accounts.models import Role
from zhike.accounts.selectors import name_teams
from zhike.accounts.services import put_field_access
from zhike.core.actor import SYSTEM, Sight
from zhike.core.lists.patience import FilterTooDear
from zhike.customers import selectors, tagging
from zhike.customers.models import Activity, Customer, Tag
from zhike.customers.selectors import groups
from zhike.customers.services import tags
from zhike.customers.tests.conftest import NOON, Company, MakeCustomer
from zhike.customers.tests.test_grouping import enter, grouped
from zhike.customers.tests.test_list_filter import ASKING

pytestmark = pytest.mark.django_db


def tag(customer: Customer, *names: str) -> None:
    tags.set_tags(actor=SYSTEM, customer_id=customer.pk, names=names, at=NOON)


def tags_of(customer: Customer) -> list[str]:
    return tags.list_tags_of(customer_id=customer.pk)


def key_of(name: str) -> str:
    return str(Tag.objects.get(name=name).pk)


def drag(client: Client, customer: Customer, field: str, *, left: str, entered: str) -> int:
    form = {"from": left, "value": entered}
    return client.post(f"/customers/{customer.pk}/move/{field}/", form).status_code


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=st.lists(st.tuples(st.sets(st.sampled_from("abc")), st.integers(0, 9)), max_size=7))
def test_each_tag_holds_its_customers_and_the_whole_counts_each_once(
    make_customer: MakeCustomer, made: Sequence[tuple[set[str], int]]
) -> None:
    Customer.objects.all().delete()
    Tag.objects.all().delete()
    for place, (words, amount) in enumerate(made):
        tag(make_customer(f"c {place}", facts={"amount": amount}), *words)
    found = grouped("tag")
    wanted = {word: [amount for words, amount in made if word in words] for word in "abc"}
    wanted[""] = [amount for words, amount in made if not words]
    labels = {one.label: (one.count.value, one.total) for one in found.stands}
    assert labels == {word: (len(held), Decimal(sum(held))) for word, held in wanted.items() if held}
    assert found.whole.value == len(made)
    for one in found.stands:
        assert one.state is not None
        assert selectors.count_customers(actor=SYSTEM, asking=ASKING, state=one.state).value == one.count.value


def test_the_rest_of_many_tags_is_one_line(make_customer: MakeCustomer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "MOST_GROUPS", 3)
    for place, words in enumerate([["a", "b"], ["a", "b"], ["a", "x1"], ["x1"], ["x2", "x3"], []]):
        tag(make_customer(f"c {place}"), *words)
    for most in (5_000, 4):  # more tags than are looked at say their number all the same
        monkeypatch.setattr(groups, "MOST_FOUND", most)
        found = grouped("tag")
        assert [(one.label, one.count.value) for one in found.stands] == [("a", 3), ("b", 2), ("", 1)]
        assert (found.number, found.whole.value) == (6, 6)
        # The third stands under a tag that is shown as well.
        assert found.others is not None
        assert found.others.state is not None
        assert found.others.count.value == 3
        assert selectors.count_customers(actor=SYSTEM, asking=ASKING, state=found.others.state).value == 3


def test_groups_by_tag_say_that_they_overlap(make_customer: MakeCustomer, company: Company) -> None:
    tag(make_customer("Ada"), "vip", "slow")
    tag(make_customer("Bo"), "vip")
    client = enter("boss")
    for shape in ("", "board", "chart"):
        page = client.get(f"/customers/groups/?as={shape}&by=tag").content.decode()
        assert "2 customers in all; one can be in several groups" in page
    assert "in several groups" not in client.get("/customers/groups/?by=channel").content.decode()
    table = client.get("/customers/groups/?by=tag").content.decode()
    assert f"/customers/?f=tag:is:{key_of('vip')}" in table
    cards = client.get(f"/customers/cards/?as=board&by=tag&lane={key_of('slow')}").content.decode()
    assert cards.count("data-card=") == 1


def test_tags_that_are_hidden_group_nothing(make_customer: MakeCustomer, company: Company) -> None:
    ada = make_customer("Ada", owner=company.seller, team=company.shop)
    tag(ada, "secret")
    tag(make_customer("Bo", team=company.west), "elsewhere")
    seller = grouped("tag", asking=replace(ASKING, actor=company.actor("seller")))
    assert [one.label for one in seller.stands] == ["secret"]
    assert seller.whole.value == 1
    put_field_access(actor=SYSTEM, role=Role.objects.get(code="all"), levels={"customers.customer.tags": Sight.HIDDEN})
    client = enter("boss")
    assert client.get("/customers/groups/?by=tag").status_code == 404
    assert "secret" not in client.get("/customers/groups/?as=board&by=tag").content.decode()
    assert drag(client, ada, "tags", left=key_of("secret"), entered="") == 404
    put_field_access(actor=SYSTEM, role=Role.objects.get(code="all"), levels={"customers.customer.tags": Sight.READ})
    client = enter("boss")
    assert 'data-board=""' in client.get("/customers/groups/?as=board&by=tag").content.decode()
    assert drag(client, ada, "tags", left=key_of("secret"), entered="") == 404
    assert tags_of(ada) == ["secret"]


def test_a_card_goes_from_tag_to_tag_and_back(make_customer: MakeCustomer, company: Company) -> None:
    ada = make_customer("Ada", owner=company.seller, team=company.shop)
    tag(make_customer("Bo"), "vip", "slow", "kept")
    tag(ada, "vip", "kept")
    client = enter("seller")
    form = {"from": key_of("vip"), "value": key_of("slow")}
    moved = client.post(f"/customers/{ada.pk}/move/tags/", form)
    assert (moved.status_code, tags_of(ada)) == (204, ["kept", "slow"])
    change = Activity.objects.filter(customer=ada, kind="change").latest("pk")
    assert f"/customers/changes/{change.pk}/undo/" in moved.headers["HX-Trigger"]
    client.post(f"/customers/changes/{change.pk}/undo/")
    assert tags_of(ada) == ["kept", "vip"]
    tag(ada, "vip")
    assert drag(client, ada, "tags", left=key_of("vip"), entered="") == 204
    assert tags_of(ada) == []
    assert drag(client, ada, "tags", left="", entered=key_of("slow")) == 204
    assert tags_of(ada) == ["slow"]


def test_a_card_that_no_lane_takes_stays(
    make_customer: MakeCustomer, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = make_customer("Ada", owner=company.seller, team=company.shop)
    tag(make_customer("Bo"), "ruled", "slow")
    tag(ada, "vip", "kept")
    monkeypatch.setattr(tagging, "_sources", [lambda: [int(key_of("ruled"))]])
    client = enter("seller")
    vip, kept, slow = map(key_of, ("vip", "kept", "slow"))
    for left, entered, status in (
        (slow, kept, 409),  # somebody took it in the meantime
        ("", slow, 409),  # has tags by now
        (vip, "", 409),  # another tag stays
        (vip, kept, 409),  # has it already
        (vip, vip, 409),
        (vip, key_of("ruled"), 409),
        (vip, "999999", 409),
        (vip, "x", 404),
        ("x", vip, 409),
    ):
        assert drag(client, ada, "tags", left=left, entered=entered) == status
    assert drag(enter("colleague"), ada, "tags", left=vip, entered=slow) == 404
    assert drag(enter("guest"), ada, "tags", left=vip, entered=slow) == 403
    assert tags_of(ada) == ["kept", "vip"]


def test_a_team_is_a_group_without_those_below_it(make_customer: MakeCustomer, company: Company) -> None:
    for name, team in (("Ada", company.east), ("Bo", company.shop), ("Cy", company.shop), ("Di", company.west)):
        make_customer(name, team=team)
    make_customer("Eve")
    found = grouped("team")
    wanted = [("east", 1), ("shop", 2), ("west", 1), ("", 1)]  # as the tree has them
    assert [(one.label, one.count.value) for one in found.stands] == wanted
    for one in found.stands:
        assert one.state is not None
        assert selectors.count_customers(actor=SYSTEM, asking=ASKING, state=one.state).value == one.count.value
    page = enter("boss").get(f"/customers/?f=team:only:{company.east.pk}").content.decode()
    assert "Team is east, without those below" in page
    manager = grouped("team", asking=replace(ASKING, actor=company.actor("manager")))
    assert [(one.label, one.count.value) for one in manager.stands] == [("east", 1), ("shop", 2)]


def test_teams_of_one_name_are_told_apart(company: Company) -> None:
    for parent in (company.east, company.west):
        accounts.create_team(actor=SYSTEM, name="sales", parent=parent)
    branch = accounts.create_team(actor=SYSTEM, name="west", parent=company.east)
    accounts.create_team(actor=SYSTEM, name="sales", parent=branch)
    assert sorted(name_teams().values()) == [
        "east",
        "east / sales",
        "east / west",
        "east / west / sales",
        "root",
        "root / west",
        "root / west / sales",
        "shop",
    ]


def test_a_board_of_teams_hands_customers_over(make_customer: MakeCustomer, company: Company) -> None:
    ada = make_customer("Ada", owner=company.seller, team=company.shop)
    client = enter("boss")
    board = client.get("/customers/groups/?as=board&by=team").content.decode()
    assert board.count("data-lane=") == 4  # those that nobody is in are there as well
    shop, west = str(company.shop.pk), str(company.west.pk)
    form = {"from": shop, "value": west}
    moved = client.post(f"/customers/{ada.pk}/move/team/", form)
    assert moved.status_code == 204
    ada.refresh_from_db()
    assert ada.team == company.west
    change = Activity.objects.get(customer=ada, kind="change")
    client.post(f"/customers/changes/{change.pk}/undo/")
    ada.refresh_from_db()
    assert ada.team == company.shop
    assert drag(client, ada, "team", left=west, entered=shop) == 409
    assert drag(client, ada, "team", left=shop, entered="999999") == 409
    assert drag(enter("guest"), ada, "team", left=shop, entered=west) == 403
    ada.refresh_from_db()
    assert ada.team == company.shop


def test_teams_are_counted_one_by_one_where_all_at_once_takes_long(
    make_customer: MakeCustomer, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_customer("Ada", team=company.east)
    make_customer("Bo", team=company.shop)
    tag(make_customer("Cy"), "vip")

    def slow(*_given: object) -> groups._Counted:
        raise FilterTooDear

    monkeypatch.setattr(groups, "_aggregate", slow)
    found = grouped("team")
    assert [(one.label, one.count.value, one.total) for one in found.stands] == [
        ("east", 1, None),
        ("shop", 1, None),
        ("", 1, None),
    ]
    assert found.whole.value == 3
    found = grouped("tag", text="name:has:C")
    assert [(one.label, one.count.value, one.total) for one in found.stands] == [("vip", 1, None)]
    assert (found.number, found.whole.value, found.others) == (1, 1, None)
    with pytest.raises(FilterTooDear):
        grouped("city")
