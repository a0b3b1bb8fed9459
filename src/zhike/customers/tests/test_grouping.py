"""Customers who stand together: counted as one by one, added up as far as one may see, and moved by an edit."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhike.accounts.models import Role, User
from zhike.accounts.services import put_field_access
from zhike.core.actor import SYSTEM, Sight
from zhike.core.lists import registry
from zhike.core.lists.grammar import read
from zhike.core.lists.operators import Asking
from zhike.core.lists.state import State
from zhike.customers import selectors
from zhike.customers.listing import KEY
from zhike.customers.models import Activity, Customer
from zhike.customers.selectors import groups
from zhike.customers.tests.conftest import Company, MakeCustomer
from zhike.customers.tests.test_list_filter import ASKING
from zhike.metadata.models import FieldDefinition, Index, Kind
from zhike.metadata.services import definitions
from zhike.metadata.services.definitions import NewOption

pytestmark = pytest.mark.django_db
people = st.lists(
    st.tuples(
        st.sampled_from(["", "web", "store"]),
        st.none()
        | st.fixed_dictionaries({"grade": st.sampled_from(["", "top", "small"]), "amount": st.integers(0, 9)}),
    ),
    max_size=8,
)


def grouped(by: str, *, text: str = "", asking: Asking = ASKING, shape: str = "") -> groups.Groups:
    state = State(tree=read(text), group=by, shape=shape)
    grouping = groups.grouping_of(state, asking=asking)
    assert grouping is not None
    return groups.list_groups(asking=asking, state=state, grouping=grouping)


def enter(username: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=username))
    return client


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=people)
def test_groups_equal_a_plain_count_and_lead_to_their_customers(
    make_customer: MakeCustomer, made: Sequence[tuple[str, dict[str, object] | None]]
) -> None:
    with transaction.atomic():
        for place, (channel, facts) in enumerate(made):
            make_customer(f"ada {place}", channel=channel, facts=facts)
        by_channel = Counter(channel for channel, _facts in made)
        by_grade = Counter(str(facts["grade"]) if facts else "" for _channel, facts in made)
        for by, counted in (("channel", by_channel), ("grade", by_grade)):
            found = grouped(by)
            assert {one.value: one.count.value for one in found.stands} == counted
            amounts = sum(int(str(facts["amount"])) for _channel, facts in made if facts)
            assert sum((one.total or Decimal(0) for one in found.stands), Decimal(0)) == amounts
            for one in found.stands:
                assert one.state is not None
                listed = selectors.count_customers(actor=SYSTEM, asking=ASKING, state=one.state)
                assert listed.value == one.count.value
        # What is counted group by group, where all at once takes too long, is the same.
        spec = registry.get(KEY)
        field = spec.fields["grade"]
        each = groups._count_each(
            ASKING, State(), spec.groupings["grade"], [value for value, _label in field.choices(SYSTEM)]
        )
        assert {value: count.value for value, count, _total in each} == by_grade
        transaction.set_rollback(True)


@pytest.fixture
def shop(make_customer: MakeCustomer, company: Company) -> dict[str, Customer]:
    facts = {"grade": "top", "amount": Decimal(100)}
    return {
        "Ada": make_customer("Ada", owner=company.seller, team=company.shop, channel="web", facts=facts),
        "Bo": make_customer("Bo", owner=company.colleague, team=company.shop, channel="web", facts=facts),
        "Cy": make_customer("Cy", team=company.west, channel="store", relationship="partner"),
    }


def test_groups_hold_what_one_sees_and_add_up_what_one_reads(shop: dict[str, Customer], company: Company) -> None:
    seller = replace(ASKING, actor=company.actor("seller"))
    (only,) = grouped("channel", asking=seller).stands
    assert (only.value, only.count.value, only.total) == ("web", 1, Decimal(100))
    put_field_access(
        actor=SYSTEM, role=Role.objects.get(code="all"), levels={"customers.customer.amount": Sight.MASKED}
    )
    boss = replace(ASKING, actor=company.actor("boss"))
    assert {one.total for one in grouped("channel", asking=boss).stands} == {None}
    page = enter("boss").get("/customers/groups/?by=channel&sum=amount").content.decode()
    assert "100" not in page
    put_field_access(actor=SYSTEM, role=Role.objects.get(code="all"), levels={"customers.customer.grade": Sight.HIDDEN})
    client = enter("boss")
    assert client.get("/customers/groups/?by=grade").status_code == 404
    assert "价值等级" not in client.get("/customers/?by=grade").content.decode()
    # A board is by something else then, never by what is hidden.
    assert "Key customer" not in client.get("/customers/groups/?as=board&by=grade").content.decode()


def test_a_list_is_shown_as_groups_a_board_and_a_chart(shop: dict[str, Customer], company: Company) -> None:
    client = enter("boss")
    page = client.get("/customers/?by=channel").content.decode()
    assert 'hx-get="/customers/groups/?by=channel"' in page
    table = client.get("/customers/groups/?by=channel").content.decode()
    assert table.count("data-group=") == 2
    rows = client.get("/customers/?f=channel:is:web&part=rows", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in rows
    assert rows.count("data-panel") == 2
    board = client.get("/customers/groups/?as=board&by=relationship").content.decode()
    assert 'data-board="relationship"' in board
    assert board.count("data-lane=") > 5  # those that nobody has are there as well
    cards = client.get("/customers/cards/?as=board&by=channel&lane=web").content.decode()
    assert cards.count("data-card=") == 2
    assert 'data-board=""' in client.get("/customers/groups/?as=board&by=grade").content.decode()
    chart = client.get("/customers/groups/?as=chart&by=channel&sum=amount").content.decode()
    assert "/customers/?f=channel:is:web" in chart
    assert "200" in chart
    for odd in ("by=nothing", "as=board&lane=x&by=city", "as=chart&sum=nothing", "by=channel&f=((", "as=board&after=x"):
        for address in ("/customers/", "/customers/groups/", "/customers/cards/"):
            assert client.get(f"{address}?{odd}").status_code in (200, 400, 404)


def test_days_stand_together_by_month_of_whoever_asks(make_customer: MakeCustomer, company: Company) -> None:
    for name, day, at in (
        ("Ada", date(2026, 9, 30), datetime(2026, 10, 31, 15, tzinfo=UTC)),
        ("Bo", date(2026, 9, 1), datetime(2026, 10, 31, 17, tzinfo=UTC)),  # November in Shanghai
        ("Cy", None, datetime(2026, 11, 1, tzinfo=UTC)),
        ("Di", date(2026, 7, 2), datetime(2026, 11, 1, tzinfo=UTC)),
    ):
        made = make_customer(name, facts={"last_order_on": day, "amount": 1})
        Customer.objects.filter(pk=made.pk).update(created_at=at)
    for by, counted in (
        ("last_order", {"2026-09": 2, "2026-07": 1, "": 1}),
        ("created", {"2026-11": 3, "2026-10": 1}),
    ):
        found = grouped(by)
        assert [(one.value, one.count.value) for one in found.stands] == list(counted.items())
        for one in found.stands:
            assert one.state is not None
            listed = selectors.count_customers(actor=SYSTEM, asking=ASKING, state=one.state)
            assert listed.value == one.count.value
    client = enter("boss")
    chart = client.get("/customers/groups/?as=chart&by=last_order").content.decode()
    # From left to right, and a month without anybody is one.
    months = [chart.index(f"2026-0{month}") for month in (7, 8, 9)]
    assert months == sorted(months)
    assert "between:2026-09-01,2026-09-30" in chart
    for odd in ("2026", "2026-13", "x", "9999-12", "0000-01", "2026-1"):
        for by in ("last_order", "created"):
            assert client.get(f"/customers/cards/?as=board&by={by}&lane={odd}").status_code in (200, 404)


def test_the_largest_groups_and_those_who_say_nothing_are_shown(make_customer: MakeCustomer, company: Company) -> None:
    for number in range(60):
        make_customer(f"c {number}", city=f"town {number:02}")
    made = Customer.objects.order_by("pk")
    Customer.objects.filter(pk__in=[one.pk for one in made[:3]]).update(city="")
    Customer.objects.filter(pk__in=[one.pk for one in made[50:52]]).update(city="town 59")
    found = grouped("city")
    assert len(found.stands) == groups.MOST_GROUPS
    assert (found.number, found.whole.value) == (56, 60)
    assert [(one.value, one.count.value) for one in (found.stands[0], found.stands[-1])] == [("town 59", 3), ("", 3)]
    client = enter("boss")
    assert found.others is not None
    assert found.others.state is not None
    assert (found.others.count.value, found.others.total) == (6, Decimal(0))
    assert selectors.count_customers(actor=SYSTEM, asking=ASKING, state=found.others.state).value == 6
    assert "6 other groups" in client.get("/customers/groups/?by=city").content.decode()
    assert "50 of 56 groups are shown" in client.get("/customers/groups/?as=board&by=city").content.decode()
    # The largest and nineteen others.
    chart = client.get("/customers/groups/?as=chart&by=city").content.decode()
    assert "22 of 60 customers, in 20 of 56 groups" in chart
    assert 'data-board=""' in client.get("/customers/groups/?as=board&by=city").content.decode()


def test_lanes_of_nobody_take_no_room_from_others(shop: dict[str, Customer], company: Company) -> None:
    made = definitions.create_field(
        actor=SYSTEM,
        at=ASKING.now,
        record="customers.customer",
        kind=Kind.CHOICE,
        label="Code",
        options=[NewOption(label=f"code {number}") for number in range(70)],
    )
    FieldDefinition.objects.filter(pk=made.pk).update(index=Index.READY)
    definitions.lock("customers.customer")
    last = made.options.order_by("position").last()
    assert last is not None
    Customer.objects.filter(pk=shop["Ada"].pk).update(custom={made.key: last.key})
    board = enter("boss").get(f"/customers/groups/?as=board&by=custom.{made.key}").content.decode()
    assert f'data-lane="{last.key}"' in board
    assert board.count("data-lane=") == groups.MOST_GROUPS


def test_what_is_added_up_is_chosen(shop: dict[str, Customer], company: Company) -> None:
    client = enter("boss")
    assert "200" in client.get("/customers/groups/?by=channel").content.decode()
    assert "zk-group-total" not in client.get("/customers/groups/?by=channel&sum=count").content.decode()
    made = definitions.create_field(
        actor=SYSTEM, at=ASKING.now, record="customers.customer", kind=Kind.NUMBER, label="Seats"
    )
    day = definitions.create_field(
        actor=SYSTEM, at=ASKING.now, record="customers.customer", kind=Kind.DATE, label="Renewal"
    )
    FieldDefinition.objects.filter(pk__in=[made.pk, day.pk]).update(index=Index.READY)
    definitions.lock("customers.customer")
    for customer, seats, on in ((shop["Ada"], 1234.5, "2026-08-01"), (shop["Bo"], 1000, "2026-08-31")):
        Customer.objects.filter(pk=customer.pk).update(custom={made.key: seats, day.key: on})
    address = f"/customers/groups/?by=custom.{day.key}&sum=custom.{made.key}"
    page = client.get(address).content.decode()
    assert "2026-08" in page
    assert "2,234.5" in page
    assert page.count("data-group=") == 2
    put_field_access(
        actor=SYSTEM,
        role=Role.objects.get(code="all"),
        levels={f"customers.customer.custom.{made.key}": Sight.HIDDEN},
    )
    assert "2,234" not in enter("boss").get(address).content.decode()


def test_a_card_is_moved_by_an_edit_that_can_be_taken_back(shop: dict[str, Customer], company: Company) -> None:
    ada = shop["Ada"]
    client = enter("seller")
    moved = client.post(f"/customers/{ada.pk}/move/channel/", {"value": "store", "from": "web"})
    assert moved.status_code == 204
    ada.refresh_from_db()
    assert ada.channel == "store"
    change = Activity.objects.get(customer=ada, kind="change")
    assert f"/customers/changes/{change.pk}/undo/" in moved.headers["HX-Trigger"]
    client.post(f"/customers/changes/{change.pk}/undo/")
    ada.refresh_from_db()
    assert ada.channel == "web"


@pytest.mark.parametrize(
    ("who", "field", "value", "stood", "status"),
    [
        ("seller", "channel", "store", "other", 409),  # moved by somebody else in between
        ("seller", "grade", "small", "top", 404),  # worked out
        ("seller", "name", "Eve", "Ada", 404),  # no lanes by it
        ("seller", "owner", "999999", "{owner}", 409),
        ("colleague", "channel", "store", "web", 404),  # not theirs to see
        ("guest", "channel", "store", "web", 403),
    ],
)
def test_a_card_that_may_not_be_moved_stays(
    shop: dict[str, Customer], company: Company, who: str, field: str, value: str, stood: str, status: int
) -> None:
    ada = shop["Ada"]
    form = {"value": value, "from": stood.format(owner=company.seller.pk)}
    assert enter(who).post(f"/customers/{ada.pk}/move/{field}/", form).status_code == status
    after = Customer.objects.get(pk=ada.pk)
    assert (after.channel, after.owner_id, after.version) == ("web", company.seller.pk, ada.version)


def test_a_field_that_is_read_and_not_written_moves_no_card(shop: dict[str, Customer], company: Company) -> None:
    put_field_access(actor=SYSTEM, role=Role.objects.get(code="own"), levels={"customers.customer.channel": Sight.READ})
    client = enter("seller")
    form = {"value": "store", "from": "web"}
    assert client.post(f"/customers/{shop['Ada'].pk}/move/channel/", form).status_code == 404
    assert 'data-board=""' in client.get("/customers/groups/?as=board&by=channel").content.decode()
    assert Customer.objects.get(pk=shop["Ada"].pk).channel == "web"


def test_a_companys_own_choices_make_a_board(shop: dict[str, Customer], company: Company) -> None:
    made = definitions.create_field(
        actor=SYSTEM,
        at=ASKING.now,
        record="customers.customer",
        kind=Kind.CHOICE,
        label="Colour",
        options=[NewOption(label="红", label_en="red"), NewOption(label="蓝", label_en="blue")],
    )
    FieldDefinition.objects.filter(pk=made.pk).update(index=Index.READY)
    definitions.lock("customers.customer")
    client = enter("boss")
    name, ada = f"custom.{made.key}", shop["Ada"]
    red, blue = (option.key for option in made.options.order_by("position"))
    assert client.post(f"/customers/{ada.pk}/move/{name}/", {"value": blue, "from": ""}).status_code == 204
    assert client.post(f"/customers/{ada.pk}/move/{name}/", {"value": red, "from": ""}).status_code == 409
    board = client.get(f"/customers/groups/?as=board&by={name}").content.decode()
    assert board.count("data-lane=") == 3
    assert f'data-lane="{blue}" data-lane-label="blue"' in board
    cards = client.get(f"/customers/cards/?as=board&by={name}&lane={blue}").content.decode()
    assert "Ada" in cards
