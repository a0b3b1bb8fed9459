"""What an auditor asks: who did what to which record in which request, what it was, and its proof."""

import csv
import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from zhike.accounts import services as accounts
from zhike.accounts.models import User
from zhike.audit import check_proof, keys, paths, proving, sealing
from zhike.audit.models import Entry, Head, Leaf
from zhike.audit.sealing import reading_connection
from zhike.audit.tree import path_of
from zhike.core.acting import acting
from zhike.core.actor import EVERYWHERE, SYSTEM, Actor, Scope, Sight
from zhike.core.fields import list_fields
from zhike.customers.models import Customer, Identifier

pytestmark = [pytest.mark.django_db(databases=["default", "owner"]), pytest.mark.usefixtures("history")]

AT = datetime(2026, 11, 22, 4, tzinfo=UTC)
PHONE = "13800138000"
SEES = "customers.view_customer"


@dataclass(frozen=True, kw_only=True)
class Auditor:
    """Somebody who sees the whole history, and customers as far as `sees` says; browser and program at once."""

    user: User
    key: str

    def open(self, path: str) -> str:
        client = Client()
        client.force_login(self.user)
        response: Any = client.get(path)
        assert response.status_code == 200, path
        content = b"".join(response.streaming_content) if response.streaming else response.content
        return str(content.decode())

    def ask(self, path: str, status: int = 200) -> Any:
        response: Any = Client(headers={"Authorization": f"Bearer {self.key}"}).get(f"/api/v1{path}")
        assert response.status_code == status, response.content
        return json.loads(response.content)


def hire(name: str, **scopes: Scope) -> Auditor:
    grants = {"audit.view_history": Scope.ALL, "accounts.use_api": Scope.ALL, **scopes}
    grants = {code.replace("__", "."): scope for code, scope in grants.items()}
    role = accounts.create_role(actor=SYSTEM, name=name, grants=grants)
    user = accounts.create_user(actor=SYSTEM, username=name, name=name, password="a-Long-enough-1", roles=[role])
    _token, key = accounts.create_token(actor=SYSTEM, user=user, name="k", at=now())
    return Auditor(user=user, key=key)


@pytest.fixture
def world(history: None) -> Customer:
    """A customer with a phone, edited by a user in a request, and thirty others made at once."""
    made = Customer.objects.create(name="张三", name_normal="张三", name_pinyin="", created_at=AT, updated_at=AT)
    Identifier.objects.create(customer=made, kind="phone", value=PHONE, value_normal=PHONE, strength=2, created_at=AT)
    seller = User.objects.create(username="seller", name="小王")
    actor = Actor(user_id=seller.pk, name="小王", request_id="r-1", grants={SEES: EVERYWHERE})
    with acting(actor, origin="web", reason="电话里说的"):
        Customer.objects.filter(pk=made.pk).update(city="杭州")
        Customer.objects.filter(pk=made.pk).update(city="苏州")
    many = [
        Customer(name=f"客{number}", name_normal="x", name_pinyin="", created_at=AT, updated_at=AT)
        for number in range(30)
    ]
    Customer.objects.bulk_create(many)
    return made


def test_the_history_is_narrowed_to_a_person_a_record_and_a_request_in_pages(world: Customer) -> None:
    auditor = hire("auditor")
    seller = User.objects.get(username="seller")
    acts = auditor.ask(f"/history?person_id={seller.pk}")["items"]
    assert [(one["action"], one["actor_name"], one["record_ids"]) for one in acts] == [
        ("update", "小王", [world.pk])
    ] * 2
    assert auditor.ask("/history?request_id=r-1")["items"] == acts
    of_record = auditor.ask(f"/history?table=customers_customer&record_id={world.pk}")["items"]
    assert [one["action"] for one in of_record] == ["update", "update", "insert"]
    first = auditor.ask("/history?table=customers_customer&limit=2")
    rest = auditor.ask(f"/history?table=customers_customer&limit=2&after={first['next_cursor']}")
    assert [one["row_count"] for one in first["items"] + rest["items"]] == [30, 1, 1, 1]
    tomorrow = (now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert auditor.ask(f"/history?since={tomorrow}")["items"] == []
    other = hire("other")
    other.ask(f"/history?table=customers_customer&limit=2&after={first['next_cursor']}", status=400)
    page = auditor.open("/audit/?request=r-1")
    assert "小王" in page
    assert f"#{world.pk}" in page or "张三" in page
    assert "同时在" in auditor.open(f"/audit/?record={world.pk}")


def test_contents_are_shown_as_far_as_record_and_fields_are_the_readers_to_see(world: Customer) -> None:
    phone = Entry.objects.get(table_name="customers_identifier")
    blind = hire("blind")
    masked = hire("masked", customers__view_customer=Scope.ALL)
    clear = hire("clear", customers__view_customer=Scope.ALL)
    accounts.put_field_access(
        actor=SYSTEM, role=clear.user.roles.get(), levels={field.key: Sight.READ for field in list_fields()}
    )
    accounts.put_field_access(
        actor=SYSTEM, role=masked.user.roles.get(), levels={"customers.customer.phone": Sight.MASKED}
    )
    sealing.seal_all(at=AT)
    assert blind.ask(f"/history/{phone.pk}")["hidden_records"] == 1
    assert "row" not in blind.ask(f"/history/{phone.pk}/proof")
    for page in (masked.open(f"/audit/entries/{phone.pk}/"), json.dumps(masked.ask(f"/history/{phone.pk}"))):
        assert PHONE not in page
        assert "138****8000" in page
    assert "row" not in masked.ask(f"/history/{phone.pk}/proof")
    assert PHONE not in masked.open(f"/audit/entries/{phone.pk}/proof.json")
    assert PHONE in clear.open(f"/audit/entries/{phone.pk}/")
    proof = clear.ask(f"/history/{phone.pk}/proof")
    assert PHONE in proof["row"]["text"]
    assert check_proof.check(proof, keys.public_key())["entry"] == str(phone.pk)
    for reader in (blind, masked):
        assert check_proof.check(reader.ask(f"/history/{phone.pk}/proof"), keys.public_key())["text"] is None
    entries = masked.ask(f"/customers/{world.pk}/history")["items"]
    assert [one["changes"][0]["after"] for one in entries[:2]] == ["苏州", "杭州"]
    assert entries[0]["reason"] == "电话里说的"
    assert PHONE not in json.dumps(entries)
    blind.ask(f"/customers/{world.pk}/history", status=404)
    outsider = hire("outsider", customers__view_customer=Scope.OWN, audit__view_history=Scope.NONE)
    for path in ("/history", f"/history/{phone.pk}", f"/history/{phone.pk}/proof", "/history-heads"):
        outsider.ask(path, status=403)


def test_an_outside_checker_polls_heads_and_proves_against_the_one_it_kept(world: Customer) -> None:
    auditor = hire("auditor")
    entry = Entry.objects.filter(action="update").latest("id")
    auditor.ask(f"/history/{entry.pk}/proof", status=404)
    sealing.seal_all(at=AT)
    (kept,) = auditor.ask("/history-heads?limit=1")["items"]
    Customer.objects.filter(pk=world.pk).update(city="南京")
    sealing.seal_all(at=AT)
    (newest,) = auditor.ask("/history-heads?limit=1")["items"]
    assert newest["number"] == kept["number"] + 1
    for head, proof in (
        (kept, auditor.ask(f"/history/{entry.pk}/proof?head={kept['number']}")),
        (newest, auditor.ask(f"/history/{entry.pk}/proof")),
    ):
        assert proof["head"] == {"statement": head["statement"], "signature": head["signature"]}
        assert check_proof.check(proof, keys.public_key())["entry"] == str(entry.pk)
    late = Entry.objects.filter(action="update").latest("id")
    auditor.ask(f"/history/{late.pk}/proof?head={kept['number']}", status=404)
    grown = auditor.ask(f"/history-heads/{kept['number']}/consistency")
    statements = tuple(head["statement"] for head in (kept, newest))
    assert check_proof.check(grown, keys.public_key(), statements)["newer number"] == newest["number"]
    auditor.ask(f"/history-heads/{newest['number']}/consistency?head={kept['number']}", status=404)
    outsider = hire("outsider", audit__view_history=Scope.NONE)
    outsider.ask(f"/history-heads/{kept['number']}/consistency", status=403)


def test_an_export_holds_what_is_listed_runs_nothing_and_is_an_event(world: Customer) -> None:
    auditor = hire("auditor")
    User.objects.filter(username="seller").update(name="=HYPERLINK(1)")
    text = auditor.open("/audit/export.csv?request=r-1")
    header, *rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    assert len(header) == 10
    assert [row[3] for row in rows] == ["'=HYPERLINK(1)"] * 2
    assert all(str(world.pk) in row[6] and row[9] == "r-1" for row in rows)
    event = Entry.objects.get(action="audit.export_history")
    assert event.actor_id == auditor.user.pk
    assert "r-1" in auditor.open(f"/audit/entries/{event.pk}/")


def test_changes_of_permissions_can_be_read_by_who_sees_the_history(world: Customer) -> None:
    auditor = hire("auditor")
    role = auditor.user.roles.get()
    accounts.put_role(actor=SYSTEM, code=role.code, name="审计员", grants={"audit.view_history": Scope.ALL})
    entry = Entry.objects.filter(table_name="accounts_role", action="update").latest("id")
    page = auditor.open(f"/audit/entries/{entry.pk}/")
    assert "<ins>审计员</ins>" in page
    assert "<del>auditor</del>" in page


def test_ways_through_the_tree_are_the_same_from_a_few_leaves(history: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "WINDOW", 4)
    for batch, count in enumerate((1, 7, 8, 1, 16, 30, 2, 5)):
        for number in range(count):
            accounts.create_team(actor=SYSTEM, name=f"{batch} {number}", parent=None)
        sealing.seal_all(at=AT)
    leaves = [bytes(leaf) for leaf in Leaf.objects.order_by("position").values_list("leaf", flat=True)]
    connection = reading_connection()
    for size in Head.objects.order_by("number").values_list("size", flat=True):
        for position in range(size):
            expected = path_of(leaves[:size], position)
            assert paths.path_in(connection, position=position, size=size) == expected, (position, size)
    with pytest.raises(proving.EntryNotSealed):
        proving.prove(entry_id=0)
