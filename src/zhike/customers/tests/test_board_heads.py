"""After a card is moved, the heads of both lanes say what they count and add up to."""

import re
from collections.abc import Callable

import pytest

from zhike.accounts.models import Role
from zhike.accounts.services import put_field_access
from zhike.core.actor import SYSTEM, Sight
from zhike.core.lists.patience import FilterTooDear
from zhike.customers.models import Customer, Tag
from zhike.customers.selectors import groups
from zhike.customers.services import tags
from zhike.customers.tests.conftest import NOON, Company, MakeCustomer
from zhike.customers.tests.test_grouping import enter

pytestmark = pytest.mark.django_db
BOARD = "as=board&by=channel"
_HEAD = re.compile(r'<h2 class="zk-lane-head" id="([\w-]+)"( hx-swap-oob="true")?>(.*?)</h2>')


def heads_in(page: str) -> dict[str, str]:
    """Id → what the head says."""
    return {found[0]: " ".join(re.sub("<[^>]*>", " ", found[2]).split()) for found in _HEAD.findall(page)}


@pytest.fixture
def ada(make_customer: MakeCustomer, company: Company) -> Customer:
    make_customer("Bo", channel="web", facts={"amount": 100}, owner=company.seller, team=company.shop)
    make_customer("Cy", channel="shop", facts={"amount": 7}, owner=company.seller, team=company.shop)
    make_customer("Di", channel="shop", facts={"amount": 5000}, team=company.west)
    return make_customer("Ada", channel="web", facts={"amount": 20}, owner=company.seller, team=company.shop)


def move(user: str, customer: Customer, *, left: str, entered: str, query: str = BOARD, field: str = "channel") -> str:
    form = {"from": left, "value": entered, "list": query}
    told = enter(user).post(f"/customers/{customer.pk}/move/{field}/", form)
    assert told.status_code in (200, 204)
    assert "undo" in told.headers["HX-Trigger"]
    return told.content.decode()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (BOARD, {"web 1 CN¥100.00", "shop 2 CN¥27.00"}),
        (f"{BOARD}&sum=count", {"web 1", "shop 2"}),
        (f"{BOARD}&f=amount:to:50", {"web 0 CN¥0.00", "shop 2 CN¥27.00"}),
    ],
)
def test_both_lanes_say_what_they_hold_of_what_one_sees(ada: Customer, query: str, said: set[str]) -> None:
    before = heads_in(enter("seller").get(f"/customers/groups/?{query}").content.decode())
    heads = move("seller", ada, left="web", entered="shop", query=query)
    assert heads.count('hx-swap-oob="true"') == 2
    found = heads_in(heads)
    assert set(found.values()) == said
    assert found.keys() <= before.keys()
    after = heads_in(enter("seller").get(f"/customers/groups/?{query}").content.decode())
    assert {key: text for key, text in found.items() if key in after} == {
        key: text for key, text in after.items() if key in found
    }


def test_what_one_does_not_read_is_not_added_up(ada: Customer) -> None:
    role = Role.objects.get(code="own")
    put_field_access(actor=SYSTEM, role=role, levels={"customers.customer.amount": Sight.MASKED})
    assert set(heads_in(move("seller", ada, left="web", entered="shop")).values()) == {"web 1", "shop 2"}


@pytest.mark.parametrize("query", ["", "as=chart&by=channel", "as=board&by=kind", "f=((&as=board&by=channel"])
def test_who_looks_at_no_such_board_is_told_nothing_of_lanes(ada: Customer, query: str) -> None:
    assert move("seller", ada, left="web", entered="shop", query=query) == ""


def test_lanes_too_large_to_be_added_up_are_counted(ada: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    def patient[T](milliseconds: int, find: Callable[[], T]) -> T:
        if milliseconds == groups.EXACT_MS:
            raise FilterTooDear
        return find()

    monkeypatch.setattr(groups, "within", patient)
    assert set(heads_in(move("seller", ada, left="web", entered="shop")).values()) == {"web 1", "shop 2"}


def test_lanes_of_tags_are_told_as_well(ada: Customer) -> None:
    other = Customer.objects.get(name="Bo")
    tags.set_tags(actor=SYSTEM, customer_id=ada.pk, names=["vip"], at=NOON)
    tags.set_tags(actor=SYSTEM, customer_id=other.pk, names=["slow", "vip"], at=NOON)
    keys = {name: str(pk) for name, pk in Tag.objects.values_list("name", "pk")}
    query = "as=board&by=tag"
    heads = move("seller", ada, left=keys["vip"], entered=keys["slow"], query=query, field="tags")
    assert set(heads_in(heads).values()) == {"vip 1 CN¥100.00", "slow 2 CN¥120.00"}
