"""Who reads which part of the history, and how it reads."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from zhike.accounts import services
from zhike.accounts.models import Role, User
from zhike.audit.models import Entry
from zhike.audit.records import parse_records
from zhike.audit.selectors import history
from zhike.audit.services import erase_history
from zhike.commerce.models import Order
from zhike.core.acting import acting
from zhike.core.actor import EVERYWHERE, SYSTEM, Actor, Reach, Sight
from zhike.core.fields import list_fields
from zhike.core.paging import Page
from zhike.customers.models import Customer, Identifier

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.usefixtures("history")]

AT = datetime(2026, 11, 22, 4, tzinfo=UTC)
SEES = "customers.view_customer"


def customer(name: str, **more: Any) -> Customer:
    return Customer(name=name, name_normal=name, name_pinyin=name, created_at=AT, updated_at=AT, **more)


def own(user_id: int | None) -> Reach:
    return Reach(user_ids=(user_id or 0,))


def read(actor: Actor, record_id: int, **asked: Any) -> list[Any]:
    found = history.list_record_history(
        actor=actor, model=Customer, record_id=record_id, page=Page(size=10), asked=history.Asked(**asked)
    )
    return found.items


@pytest.fixture
def ann(history: None) -> Actor:
    user = User.objects.create(username="ann", name="安妮")
    sights = dict.fromkeys((field.key for field in list_fields()), Sight.WRITE)
    return Actor(user_id=user.pk, name="安妮", grants={SEES: own(user.pk)}, sights=sights, zone="Asia/Shanghai")


def test_an_edit_reads_as_who_changed_what_from_what_to_what(ann: Actor) -> None:
    made = customer("张三", city="上海", owner_id=ann.user_id)
    made.save()
    with acting(ann, origin="web", reason="电话里说的"):
        Customer.objects.filter(pk=made.pk).update(city="杭州", birthday_on="1990-05-01")
    edited, created = read(ann, made.pk)
    assert (edited.who, edited.kind, edited.reason) == ("安妮", "update", "电话里说的")
    assert {(change.before, change.after) for change in edited.changes} == {("上海", "杭州"), ("", "1990-05-01")}
    assert ("", "安妮") in {(change.before, change.after) for change in created.changes}
    assert created.who == ""
    assert [shown.kind for shown in read(ann, made.pk, person=ann.user_id)] == ["update"]
    assert [shown.kind for shown in read(ann, made.pk, person=0)] == ["insert"]
    assert read(ann, made.pk, until=AT.date()) == [] or now().date() == AT.date()


def test_rows_of_bulk_statements_are_found_one_by_one(ann: Actor) -> None:
    many = [customer(f"客户,“{number}”\n(“x”)\\", owner_id=ann.user_id) for number in range(50)]
    Customer.objects.bulk_create(many, batch_size=50)
    Identifier.objects.bulk_create(
        [
            Identifier(customer=one, kind="phone", value=f"138{one.pk}", value_normal="x", strength=2, created_at=AT)
            for one in many
        ],
        batch_size=50,
    )
    Customer.objects.update(city="北京")
    chosen = many[17]
    edited, phone, created = read(ann, chosen.pk)
    assert edited.row_count == 50
    assert [(change.before, change.after) for change in edited.changes] == [("", "北京")]
    assert f"138{chosen.pk}" in {change.after for change in phone.changes}
    assert chosen.name in {change.after for change in created.changes}


def test_only_those_who_see_a_record_see_its_history_and_orders_need_their_own_permission(ann: Actor) -> None:
    made = customer("张三", owner_id=ann.user_id)
    made.save()
    stranger = Actor(user_id=999, name="x", grants={SEES: own(999), "audit.view_history": EVERYWHERE})
    assert len(read(ann, made.pk)) == 1
    assert read(stranger, made.pk) == []
    assert read(Actor(user_id=ann.user_id, name="x"), made.pk) == []
    Order.objects.create(
        customer=made, source="s", key="1", placed_at=AT, currency="CNY", total_amount=5, created_at=AT
    )
    assert len(read(ann, made.pk)) == 1
    orders_too = {SEES: own(ann.user_id), "commerce.view_order": own(ann.user_id)}
    both = Actor(user_id=ann.user_id, name="x", grants=orders_too)
    assert len(read(both, made.pk)) == 2


def test_pages_go_on_where_the_last_one_ended(ann: Actor) -> None:
    made = customer("张三", owner_id=ann.user_id)
    made.save()
    for number in range(25):
        Customer.objects.filter(pk=made.pk).update(city=str(number))
    seen: list[int] = []
    cursor = ""
    while True:
        found = history.list_record_history(
            actor=ann, model=Customer, record_id=made.pk, page=Page(size=10, after=cursor), asked=history.Asked()
        )
        seen += [entry.number for entry in found.items]
        cursor = found.next_cursor
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 26


def test_erased_contents_say_that_they_are(ann: Actor) -> None:
    made = customer("王小明", owner_id=ann.user_id)
    made.save()
    erase_history(actor=SYSTEM, subject="customers_customer", subject_id=made.pk)
    (shown,) = read(ann, made.pk)
    assert shown.is_erased
    assert shown.changes == []


def test_the_pages_open_and_say_what_happened(client: Client, ann: Actor) -> None:
    roles = services.put_builtin_roles(actor=SYSTEM)
    boss = services.create_user(
        actor=SYSTEM, username="boss", name="老板", password="a-Long-enough-1", roles=[roles["administrator"]]
    )
    made = customer("张三", city="上海", owner_id=ann.user_id)
    made.save()
    client.post(reverse("log_in"), {"username": "boss", "password": "wrong"})
    client.post(reverse("log_in"), {"username": "boss", "password": "a-Long-enough-1"})
    client.force_login(boss)
    with acting(ann):
        Customer.objects.filter(pk=made.pk).update(city="杭州")
    for address in (f"/customers/{made.pk}/history/", f"/customers/{made.pk}/history/panel/"):
        page = client.get(address).content.decode()
        assert "<del>上海</del>" in page
        assert "<ins>杭州</ins>" in page
    assert "退出登录" not in client.get("/audit/?action=update").content.decode().partition("<tbody>")[2]
    page = client.get("/audit/").content.decode()
    assert "操作历史" in page
    assert client.get("/audit/?after=made-up").status_code == 400
    client.force_login(User.objects.get(username="ann"))
    assert client.get("/audit/").status_code == 403
    assert client.get(f"/customers/{made.pk}/history/").status_code in {403, 404}


def test_log_ins_and_exports_are_events(client: Client) -> None:
    roles = services.put_builtin_roles(actor=SYSTEM)
    boss = services.create_user(
        actor=SYSTEM, username="boss", name="老板", password="a-Long-enough-1", roles=[roles["administrator"]]
    )
    assert Role.objects.count() == 5
    client.post(reverse("log_in"), {"username": "BOSS", "password": "wrong"})
    client.post(reverse("log_in"), {"username": "boss", "password": "a-Long-enough-1"})
    list(client.get("/customers/export/csv/"))
    client.post(reverse("log_out"))
    events = Entry.objects.filter(table_name="").order_by("id")
    assert [(event.action, event.actor_id, event.ids) for event in events] == [
        ("accounts.log_in_refused", None, [boss.pk]),
        ("accounts.log_in", boss.pk, [boss.pk]),
        ("customers.export_customer", boss.pk, []),
        ("accounts.log_out", boss.pk, [boss.pk]),
    ]


@pytest.mark.parametrize("text", ["(1,2", "1,2)", "(1)x", '("a)', "(a)b(c)"])
def test_texts_that_are_no_records_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no record"):
        parse_records(text)
