"""Fields of the company's own on customers: kept, told, masked, found, and taken back like any other."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from zhike.accounts.models import Role, User
from zhike.accounts.services import put_field_access
from zhike.audit.models import Entry
from zhike.audit.selectors.history import Asked, list_record_history
from zhike.core.actor import SYSTEM, Actor, Sight
from zhike.core.fields import FieldClosed
from zhike.core.lists.operators import Asking
from zhike.core.lists.registry import get
from zhike.core.lists.state import State, read_state
from zhike.core.paging import Page
from zhike.customers import selectors
from zhike.customers.guarded import RECORD
from zhike.customers.listing import KEY
from zhike.customers.models import Activity, Customer
from zhike.customers.selectors import records
from zhike.customers.services import activities, people
from zhike.customers.services.bin import CUSTOMERS
from zhike.customers.tests.conftest import NOON, Company
from zhike.customers.tests.test_list_pages import STYLE
from zhike.metadata.models import FieldDefinition, Index, Kind
from zhike.metadata.services import definitions
from zhike.metadata.services.definitions import NewOption
from zhike.recovery import restoring

pytestmark = pytest.mark.django_db
COLOURS = [NewOption(label="红", label_en="red"), NewOption(label="蓝", label_en="blue")]


def create(kind: Kind, label: str, **given: Any) -> FieldDefinition:
    made = definitions.create_field(actor=SYSTEM, at=NOON, record=RECORD, kind=kind, label=label, **given)
    FieldDefinition.objects.filter(pk=made.pk).update(index=Index.READY if kind is not Kind.ADDRESS else Index.NONE)
    definitions.lock(RECORD)
    return made


@pytest.fixture
def designed(db: None) -> None:
    create(Kind.NUMBER, "Seats", rules={"unit": "家"})
    create(Kind.CHOICE, "Colour", options=COLOURS)
    create(Kind.PHONE, "Spare", care="personal")
    create(Kind.ADDRESS, "Store")


def add(actor: Actor = SYSTEM, **custom: Any) -> Customer:
    own = {f"custom.{key}": value for key, value in custom.items()}
    return people.create_customer(actor=actor, at=NOON, name="Ada", custom=own)


def edit(customer: Customer, actor: Actor = SYSTEM, **custom: Any) -> int | None:
    own = {f"custom.{key}": value for key, value in custom.items()}
    return people.edit_customer(actor=actor, customer_id=customer.pk, changes=own, at=NOON).change_id


def history_of(customer: Customer, actor: Actor = SYSTEM) -> list[tuple[str, str, str]]:
    page = list_record_history(actor=actor, model=Customer, record_id=customer.pk, page=Page(), asked=Asked())
    return [(one.column, one.before, one.after) for entry in page.items for one in entry.changes]


def close(company: Company, level: Sight, key: str) -> Actor:
    put_field_access(actor=SYSTEM, role=Role.objects.get(code="all"), levels={f"{RECORD}.custom.{key}": level})
    return company.actor("boss")


@pytest.mark.usefixtures("designed")
def test_a_change_is_kept_field_by_field_and_taken_back() -> None:
    ada = add(seats="3", colour="blue")
    change_id = edit(ada, seats="1200.5", store={"city": "杭州市", "street": "文三路 1 号"})
    ada.refresh_from_db()
    assert ada.custom == {
        "seats": Decimal("1200.5"),
        "colour": "lan",
        "store": {"city": "杭州市", "street": "文三路 1 号"},
    }
    told = history_of(ada)
    assert ("custom.seats", "3 家", "1,200.5 家") in told
    assert ("custom.store", "", "杭州市文三路 1 号") in told
    assert ("custom.colour", "", "蓝") in told
    assert len([one for one in told if one[0].startswith("custom.")]) == 4
    assert change_id is not None
    activities.undo_change(actor=SYSTEM, activity_id=change_id, at=NOON)
    ada.refresh_from_db()
    assert ada.custom == {"seats": Decimal(3), "colour": "lan"}


@pytest.mark.usefixtures("designed")
def test_history_puts_back_a_single_field() -> None:
    ada = add(seats="3", colour="red")
    edit(ada, seats="4", colour="blue")
    entry = Entry.objects.filter(table_name="customers_customer", action="update").latest("pk")
    plan = restoring.plan_record(actor=SYSTEM, kind=CUSTOMERS, record_id=ada.pk, entry_id=entry.pk, mode="change")
    steps = {step.label: step for step in plan.steps}
    assert (steps["Seats"].now, steps["Seats"].then) == ("4 家", "3 家")
    restoring.restore_record(
        actor=SYSTEM,
        kind=CUSTOMERS,
        record_id=ada.pk,
        entry_id=entry.pk,
        mode="change",
        chosen=[steps["Seats"].key],
        seen=plan.seen,
        reason="",
        at=NOON,
    )
    ada.refresh_from_db()
    assert ada.custom == {"seats": Decimal(3), "colour": "lan"}


@pytest.mark.usefixtures("designed")
def test_many_rows_at_once_are_told_field_by_field_too() -> None:
    made = [add(seats=str(number)) for number in range(25)]
    Customer.objects.all().update(custom={"seats": 99, "colour": "hong"})
    assert ("custom.seats", "7 家", "99 家") in history_of(made[7])
    assert ("custom.colour", "", "红") in history_of(made[7])


@pytest.mark.usefixtures("designed")
def test_what_is_hidden_or_masked_is_so_everywhere(company: Company) -> None:
    ada = add(seats="3", spare="13800138000", store={"city": "杭州市"})
    actor = close(company, Sight.HIDDEN, "seats")
    actor = close(company, Sight.MASKED, "spare")
    told = records.get_record(actor=actor, customer_id=ada.pk)
    assert told["custom"] == {"spare": "138****8000", "store": {"city": "杭州市"}}
    assert (told["withheld"]["custom.seats"], told["withheld"]["custom.spare"]) == ("hidden", "masked")
    known = get(KEY)
    assert "custom.seats" not in {**known.fields_for(actor), **known.sorts_for(actor), **known.columns_for(actor)}
    assert "custom.spare" not in known.fields_for(actor)
    assert "custom.seats" not in {column for column, _before, _after in history_of(ada, actor)}
    assert ("custom.spare", "", "138****8000") in history_of(ada, actor)
    with pytest.raises(FieldClosed):
        edit(ada, actor, spare="13900139000")
    ada.refresh_from_db()
    assert ada.custom["spare"] == "+8613800138000"


@pytest.mark.usefixtures("designed")
def test_lists_filter_order_and_show_them(company: Company, asking_as: Callable[[Actor], Asking]) -> None:
    few, many, none = add(seats="9", colour="red"), add(seats="10", store={"city": "杭州市"}), add()
    actor = company.actor("boss")

    def listed(query: dict[str, str]) -> list[tuple[int, list[str]]]:
        state: State = read_state(query, of=get(KEY))
        found = selectors.list_customers(
            actor=actor, asking=asking_as(actor), state=state, page=Page(size=1), style=STYLE
        )
        rows = list(found.rows)
        while found.next_cursor:
            page = Page(size=1, after=found.next_cursor)
            found = selectors.list_customers(actor=actor, asking=asking_as(actor), state=state, page=page, style=STYLE)
            rows += found.rows
        return [(row.pk, row.cells) for row in rows]

    assert [pk for pk, _cells in listed({"sort": "-custom.seats"})] == [many.pk, few.pk, none.pk]
    assert [pk for pk, _cells in listed({"sort": "custom.seats"})] == [few.pk, many.pk, none.pk]
    assert [pk for pk, _cells in listed({"f": "custom.seats:from:9.5"})] == [many.pk]
    assert [pk for pk, _cells in listed({"f": "custom.colour:not:hong"})] == [none.pk, many.pk]
    shown = dict(listed({"cols": "custom.seats,custom.colour,custom.store"}))
    assert [str(cell) for cell in shown[few.pk][:2]] == ["9 家", "红"]
    assert str(shown[many.pk][2]) == "杭州市"


def test_what_only_one_may_have_is_refused_and_what_is_required_only_where_it_is_shown() -> None:
    card = create(Kind.TEXT, "Card", is_required=True, shown_when={"field": "kind", "is": ["organisation"]})
    FieldDefinition.objects.filter(pk=card.pk).update(is_unique=True)
    definitions.lock(RECORD)
    add()
    add(card="A1")
    with pytest.raises(ValidationError) as taken:
        add(card="A1")
    assert set(taken.value.message_dict) == {"custom.card"}
    with pytest.raises(ValidationError) as missing:
        people.create_customer(actor=SYSTEM, at=NOON, name="Acme", kind="organisation")
    assert set(missing.value.message_dict) == {"custom.card"}
    assert Customer.objects.count() == 2


@pytest.mark.usefixtures("designed")
def test_a_field_is_edited_in_its_place(company: Company) -> None:
    ada = add(colour="red")
    client = Client()
    client.force_login(User.objects.get(username="boss"))
    address = f"/customers/{ada.pk}/edit/custom.colour/"
    assert b'value="lan"' in client.get(address).content
    assert client.post(address, {"was": "hong", "value": "lan"}).status_code == 200
    assert client.post(address, {"was": "hong", "value": "hong"}).status_code == 422
    store = f"/customers/{ada.pk}/edit/custom.store/"
    assert client.post(store, {"was": "", "value_province": "浙江省", "value_city": "杭州市"}).status_code == 200
    ada.refresh_from_db()
    assert ada.custom == {"colour": "lan", "store": {"province": "浙江省", "city": "杭州市"}}
    page = client.get(f"/customers/{ada.pk}/").content.decode()
    assert "浙江省杭州市" in page
    assert "blue" in page
    assert Activity.objects.filter(customer=ada, kind="change").count() == 2
    assert client.get(f"/customers/{ada.pk}/edit/custom.gone/").status_code == 404
    told = client.get(f"/customers/{ada.pk}/time-line/").content.decode()
    assert "red → blue" in told


def test_five_hundred_fields_cost_no_further_query_and_no_huge_page(
    company: Company, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ada, bo = add(), add()
    client = Client()
    client.force_login(User.objects.get(username="boss"))
    FieldDefinition.objects.bulk_create(
        FieldDefinition(record=RECORD, key=f"f{number}", kind="number", label=f"F{number}", created_at=NOON)
        for number in range(500)
    )
    definitions.lock(RECORD)
    bo.custom = {f"f{number}": number for number in range(500)}
    bo.save()
    sizes = {}
    for name, address, count in (
        ("empty", f"/customers/{ada.pk}/", 12),
        ("all", f"/customers/{ada.pk}/?every", 12),
        ("full", f"/customers/{bo.pk}/", 12),
        ("list", "/customers/?cols=name,custom.f1,custom.f2", 6),
    ):
        client.get(address)
        with django_assert_num_queries(count):
            sizes[name] = len(client.get(address).content)
    assert sizes["empty"] < 60_000
    assert max(sizes.values()) < 400_000
    found = client.get(f"/customers/{ada.pk}/?find=f49").content.decode()
    assert re.findall(r"<dt>(F\d+)</dt>", found) == ["F49", *(f"F49{digit}" for digit in range(10))]
    assert "No field is called that." in client.get(f"/customers/{ada.pk}/?find=nothing").content.decode()


@pytest.mark.usefixtures("company")
def test_a_text_of_nothing_but_brackets_breaks_no_page() -> None:
    create(Kind.LONG_TEXT, "Story")
    create(Kind.FILE, "Paper")
    create(Kind.ADDRESS, "Store")
    ada = add()
    client = Client()
    client.force_login(User.objects.get(username="boss"))
    deep = "[" * 99_000
    edit(ada, story=deep)
    edit(ada, story="short")
    for place in ("", "time-line/", "edit/custom.story/"):
        assert client.get(f"/customers/{ada.pk}/{place}").status_code == 200
    assert len(records.list_activities(actor=SYSTEM, customer_id=ada.pk, page=Page()).items) == 2
    with pytest.raises(ValidationError):
        edit(ada, paper=deep)
    edit(ada, store='{"a":' * 40)
    ada.refresh_from_db()
    assert ada.custom["story"] == "short"


def test_programs_are_not_told_where_files_of_an_archived_field_lie() -> None:
    field = create(Kind.FILE, "Paper")
    ada = add()
    held = '[{"id": "1", "name": "a.pdf", "size": 3, "path": "attached/9/paper-1.pdf"}]'
    text = json.dumps([{"field": "custom.paper", "before": "", "after": held, "kind": ""}])
    Activity.objects.create(customer=ada, kind="change", text=text, happened_at=NOON, created_at=NOON)
    definitions.archive_field(actor=SYSTEM, pk=field.pk, at=NOON)
    (told,) = records.list_activities(actor=SYSTEM, customer_id=ada.pk, page=Page()).items
    assert told["changes"][0]["after"] == "a.pdf"


def test_what_was_edited_looks_as_before(company: Company) -> None:
    """A badge stays a badge, lines stay lines; and the header that comes anew keeps its buttons."""
    colour = create(Kind.CHOICE, "Colour", options=[NewOption(label="green", tone="good")])
    create(Kind.LONG_TEXT, "Story")
    mine, client = add(company.actor("seller")), Client()
    client.force_login(company.seller)
    chosen = {"value": colour.options.get().key, "was": ""}
    saved = client.post(f"/customers/{mine.pk}/edit/custom.colour/", chosen).content.decode()
    assert '<span class="zk-badge" data-tone="good">green</span>' in saved
    saved = client.post(f"/customers/{mine.pk}/edit/custom.story/", {"value": "a\nb", "was": ""}).content.decode()
    assert 'class="zk-editable zk-long"' in saved
    assert f"/customers/{mine.pk}/print/" in client.get(f"/customers/{mine.pk}/header/").content.decode()


def test_a_field_that_links_offers_records_while_one_types(company: Company) -> None:
    create(Kind.RECORD, "Referrer", rules={"target": RECORD})
    mine, client = add(company.actor("seller")), Client()
    client.force_login(company.seller)
    form = client.get(f"/customers/{mine.pk}/edit/custom.referrer/").content.decode()
    assert 'data-suggest="/find/words/" data-suggest-kind="customers.customer"' in form


@pytest.mark.usefixtures("designed")
@pytest.mark.parametrize("asked", ["is:138 0013 8000", "starts:138", "has:0013 8", "has:99"])
def test_a_phone_is_found_as_it_is_shown(company: Company, asked: str) -> None:
    add(company.actor("seller"), spare="+86 138 0013 8000")
    client = Client()
    client.force_login(company.seller)
    assert (">Ada<" in client.get("/customers/", {"f": f"custom.spare:{asked}"}).text) is (asked != "has:99")
