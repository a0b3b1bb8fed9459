"""Decisions about customers: what they do, whom they refuse, and that a refusal changes nothing."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from zhike.core.actor import SYSTEM
from zhike.core.lists.operators import Asking
from zhike.core.lists.state import State
from zhike.core.paging import Page
from zhike.customers import selectors
from zhike.customers.cells import Style
from zhike.customers.models import Activity, Customer, CustomerTag, Identifier
from zhike.customers.services import activities, identifiers, people, search, tags
from zhike.customers.services.changes import read_changes
from zhike.customers.services.identifiers import NewIdentifier
from zhike.customers.tests.conftest import NOON, SHANGHAI, Company

USCC = "91110000600037341L"
PHONE = NewIdentifier(kind="phone", value="138 0013 8000")


def create(company: Company, by: str = "seller", name: str = "张伟", **more: object) -> Customer:
    return people.create_customer(actor=company.actor(by), at=NOON, name=name, **more)  # type: ignore[arg-type]


def found_by(typed: str) -> list[int]:
    page = selectors.list_customers(
        actor=SYSTEM,
        asking=Asking(actor=SYSTEM, now=NOON, zone=SHANGHAI),
        state=State(search=typed),
        page=Page(),
        style=Style(language="en", zone=SHANGHAI, now=NOON, currency="CNY"),
    )
    return [row.pk for row in page.rows]


def test_a_new_customer_belongs_to_its_maker(company: Company) -> None:
    customer = create(company, identifiers=[PHONE], tags=["VIP", " VIP ", "老客户"], city="上海")
    customer.refresh_from_db()
    assert (customer.owner_id, customer.team_id) == (company.seller.pk, company.shop.pk)
    assert (customer.name_normal, customer.name_pinyin, customer.city) == ("张伟", "zhang wei", "上海")
    phone = customer.identifiers.get()
    assert (phone.value_normal, phone.is_primary, phone.strength) == ("+8613800138000", True, 2)
    assert CustomerTag.objects.filter(customer=customer).count() == 2


@pytest.mark.parametrize(
    "typed",
    ["张", "张伟", "伟", "zhang", "zhangwei", "zw", "z", "1380", "13800138000", "138-0013-8000", "zw@exa", "a-1745"],
)
def test_a_customer_is_found_by_all_it_is_known_by(company: Company, typed: str) -> None:
    mail = NewIdentifier(kind="email", value="ZW@example.com")
    code = NewIdentifier(kind="external", value="A-1745", system="shop")
    customer = create(company, identifiers=[PHONE, mail, code])
    create(company, name="李娜")
    assert found_by(typed) == [customer.pk]


def test_an_organisation_is_known_without_its_legal_form(company: Company) -> None:
    code = NewIdentifier(kind="uscc", value=USCC.lower())
    customer = create(company, name="知客科技（北京）有限公司", kind="organisation", identifiers=[code])
    assert customer.name_normal == "知客科技北京"
    assert customer.identifiers.get().value_normal == USCC


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "x", "kind": "robot"}, "kind"),
        ({"name": "x", "owner": 10**9}, "owner"),
        ({"name": "x", "birthday_on": "2026-02-30"}, "birthday_on"),
        ({"name": "x", "birthday_on": date(2030, 1, 1)}, "birthday_on"),
        ({"name": "x", "colour": "red"}, "colour"),
        ({"name": "x", "city": "a\0b"}, "city"),
        ({"name": "x", "identifiers": [NewIdentifier(kind="phone", value="12")]}, "value"),
        ({"name": "x", "identifiers": [NewIdentifier(kind="uscc", value="91110000600037341X")]}, "value"),
        ({"name": "x", "identifiers": [NewIdentifier(kind="external", value="7")]}, "system"),
        ({"name": "x", "tags": ["y" * 51]}, "tags"),
    ],
)
def test_a_wrong_field_is_refused_by_name_and_nothing_is_made(
    company: Company, fields: dict[str, object], problem: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        create(company, **fields)  # type: ignore[arg-type]
    assert problem in refusal.value.message_dict
    assert not Customer.objects.exists()


def test_nobody_creates_for_another_beyond_their_scope(company: Company) -> None:
    with pytest.raises(PermissionDenied):
        create(company, owner=company.boss.pk, team=company.west.pk)
    with pytest.raises(PermissionDenied):
        create(company, by="guest")
    assert not Customer.objects.exists()
    assert create(company, by="manager", owner=company.seller.pk, team=company.shop.pk).owner == company.seller


def test_an_edit_is_recorded_and_can_be_taken_back(company: Company) -> None:
    customer = create(company, city="上海")
    seller = company.actor("seller")
    edit = people.edit_customer(
        actor=seller, customer_id=customer.pk, changes={"city": "北京", "name": "王芳"}, at=NOON
    )
    assert (edit.customer.version, edit.customer.name_pinyin) == (2, "wang fang")
    assert found_by("wangfang") == [customer.pk]
    assert not found_by("zhangwei")
    activity = Activity.objects.get()
    assert activity.author_id == company.seller.pk
    assert [(change.field, change.before, change.after) for change in read_changes(activity.text)] == [
        ("city", "上海", "北京"),
        ("name", "张伟", "王芳"),
    ]
    assert edit.change_id == activity.pk
    activities.undo_change(actor=seller, activity_id=activity.pk, at=NOON)
    customer.refresh_from_db()
    assert (customer.city, customer.name, customer.version) == ("上海", "张伟", 3)
    assert found_by("zhangwei") == [customer.pk]


def test_an_edit_without_a_difference_leaves_no_trace(company: Company) -> None:
    customer = create(company, city="上海")
    edit = people.edit_customer(
        actor=company.actor("seller"), customer_id=customer.pk, changes={"city": " 上海 "}, at=NOON
    )
    assert edit.change_id is None
    assert edit.customer.version == 1
    assert not Activity.objects.exists()


def test_the_slower_of_two_editors_is_told(company: Company) -> None:
    customer = create(company, city="上海")
    seller = company.actor("seller")
    people.edit_customer(actor=seller, customer_id=customer.pk, changes={"city": "北京"}, at=NOON)
    with pytest.raises(people.CustomerEditedMeanwhile, match="北京"):
        people.edit_customer(
            actor=seller, customer_id=customer.pk, changes={"city": "广州"}, was={"city": "上海"}, at=NOON
        )
    with pytest.raises(people.CustomerEditedMeanwhile):
        people.edit_customer(actor=seller, customer_id=customer.pk, changes={"city": "广州"}, version=1, at=NOON)
    with pytest.raises(people.CustomerEditedMeanwhile):
        activities.undo_change(actor=seller, activity_id=_second_edit(company, customer), at=NOON)
    customer.refresh_from_db()
    assert customer.city == "成都"


def _second_edit(company: Company, customer: Customer) -> int:
    first = Activity.objects.get()
    people.edit_customer(actor=company.actor("seller"), customer_id=customer.pk, changes={"city": "成都"}, at=NOON)
    return first.pk


@pytest.mark.parametrize("by", ["colleague", "guest"])
def test_a_stranger_changes_nothing(company: Company, by: str) -> None:
    customer = create(company, identifiers=[PHONE])
    note = activities.add_activity(
        actor=company.actor("seller"), customer_id=customer.pk, kind="note", text="hello", at=NOON
    )
    stranger, phone = company.actor(by), customer.identifiers.get()
    before = (Customer.objects.values().get(), Identifier.objects.values().get(), Activity.objects.values().get())
    for refused in (
        lambda: people.edit_customer(actor=stranger, customer_id=customer.pk, changes={"city": "x"}, at=NOON),
        lambda: identifiers.add_identifier(actor=stranger, customer_id=customer.pk, new=PHONE, at=NOON),
        lambda: identifiers.change_identifier(actor=stranger, identifier_id=phone.pk, value="13900139000", at=NOON),
        lambda: identifiers.remove_identifier(actor=stranger, identifier_id=phone.pk, at=NOON),
        lambda: identifiers.make_primary(actor=stranger, identifier_id=phone.pk),
        lambda: tags.set_tags(actor=stranger, customer_id=customer.pk, names=["x"], at=NOON),
        lambda: activities.add_activity(actor=stranger, customer_id=customer.pk, kind="note", text="x", at=NOON),
        lambda: activities.pin_activity(actor=stranger, activity_id=note.pk, is_pinned=True),
        lambda: activities.remove_activity(actor=stranger, activity_id=note.pk, at=NOON),
        lambda: activities.undo_change(actor=stranger, activity_id=note.pk, at=NOON),
    ):
        with pytest.raises((Customer.DoesNotExist, Identifier.DoesNotExist, Activity.DoesNotExist)):
            refused()
    after = (Customer.objects.values().get(), Identifier.objects.values().get(), Activity.objects.values().get())
    assert after == before
    assert not CustomerTag.objects.exists()


def test_a_unique_identifier_names_one_customer(company: Company) -> None:
    code = NewIdentifier(kind="uscc", value=USCC)
    mine = create(company, name="甲", kind="organisation", identifiers=[code])
    with pytest.raises(identifiers.IdentifierTaken, match="甲") as refusal:
        create(company, name="乙", kind="organisation", identifiers=[code])
    assert refusal.value.customer_id == mine.pk
    with pytest.raises(identifiers.IdentifierTaken) as blind:
        create(company, by="colleague", name="丙", kind="organisation", identifiers=[code])
    assert blind.value.customer_id is None
    assert "甲" not in str(blind.value)
    assert Customer.objects.count() == 1


def test_identifiers_come_change_and_go_with_undo(company: Company) -> None:
    seller = company.actor("seller")
    customer = create(company)
    first, _change = identifiers.add_identifier(actor=seller, customer_id=customer.pk, new=PHONE, at=NOON)
    second, added = identifiers.add_identifier(
        actor=seller, customer_id=customer.pk, new=NewIdentifier(kind="phone", value="13900139000"), at=NOON
    )
    assert (first.is_primary, second.is_primary) == (True, False)
    with pytest.raises(identifiers.IdentifierRepeated):
        identifiers.add_identifier(actor=seller, customer_id=customer.pk, new=PHONE, at=NOON)
    with pytest.raises(identifiers.IdentifierRepeated):
        identifiers.change_identifier(actor=seller, identifier_id=second.pk, value="+86 13800138000", at=NOON)
    assert found_by("1390013") == [customer.pk]
    changed, change_id = identifiers.change_identifier(
        actor=seller, identifier_id=second.pk, value="13700137000", at=NOON
    )
    assert changed.value_normal == "+8613700137000"
    assert not found_by("1390013")
    with pytest.raises(activities.ChangeOverwritten):
        activities.undo_change(actor=seller, activity_id=added, at=NOON)
    assert change_id is not None
    activities.undo_change(actor=seller, activity_id=change_id, at=NOON)
    assert found_by("1390013") == [customer.pk]
    identifiers.make_primary(actor=seller, identifier_id=second.pk)
    removed = identifiers.remove_identifier(actor=seller, identifier_id=second.pk, at=NOON)
    assert Identifier.objects.get().is_primary
    activities.undo_change(actor=seller, activity_id=removed, at=NOON)
    assert set(customer.identifiers.values_list("value", flat=True)) == {"138 0013 8000", "13900139000"}


def test_tags_are_set_as_a_whole_with_undo(company: Company) -> None:
    seller = company.actor("seller")
    customer = create(company, tags=["VIP"])
    change = tags.set_tags(actor=seller, customer_id=customer.pk, names=["老客户", "团购"], at=NOON)
    assert change is not None
    assert tags.set_tags(actor=seller, customer_id=customer.pk, names=["团购", "老客户"], at=NOON) is None
    activities.undo_change(actor=seller, activity_id=change, at=NOON)
    assert list(customer.customer_tags.values_list("tag__name", flat=True)) == ["VIP"]


def test_only_its_author_takes_a_note_back_and_only_within_a_day(company: Company) -> None:
    customer = create(company)
    seller = company.actor("seller")

    def note() -> Activity:
        return activities.add_activity(actor=seller, customer_id=customer.pk, kind="note", text=" hi ", at=NOON)

    kept = note()
    assert kept.text == "hi"
    with pytest.raises(activities.ActivityKept):
        activities.remove_activity(actor=company.actor("boss"), activity_id=kept.pk, at=NOON)
    with pytest.raises(activities.ActivityKept):
        activities.remove_activity(actor=seller, activity_id=kept.pk, at=NOON + timedelta(days=2))
    activities.remove_activity(actor=seller, activity_id=note().pk, at=NOON)
    assert Activity.objects.get() == kept


@pytest.mark.parametrize(
    ("kind", "text", "later"), [("note", "  ", 0), ("change", "x", 0), ("note", "x" * 10_001, 0), ("call", "x", 1)]
)
def test_what_cannot_have_happened_is_refused(company: Company, kind: str, text: str, later: int) -> None:
    customer = create(company)
    with pytest.raises(ValidationError):
        activities.add_activity(
            actor=company.actor("seller"),
            customer_id=customer.pk,
            kind=kind,
            text=text,
            at=NOON,
            happened_at=NOON + timedelta(hours=later) if later else None,
        )
    assert not Activity.objects.exists()


def test_the_search_text_can_be_written_anew(company: Company) -> None:
    customer = create(company, identifiers=[PHONE])
    Customer.objects.filter(pk=customer.pk).update(name="赵六", name_pinyin="zhao liu")
    assert not found_by("赵六")
    search.refresh_search(customer_ids=[customer.pk])
    assert found_by("赵六") == found_by("zhaoliu") == found_by("13800138000") == [customer.pk]
