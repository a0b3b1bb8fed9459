"""A home of its own for files, and a person about whom every place knows something."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections

from zhike.accounts import notices
from zhike.accounts.models import IdempotentRequest, SavedView, User
from zhike.audit.services import record
from zhike.commerce import services as commerce
from zhike.commerce.models import Order
from zhike.commerce.services.orders import LineDraft
from zhike.core.actor import SYSTEM
from zhike.customers.models import Activity, Customer, Identifier, Mention
from zhike.customers.services import activities, attaching, people, tags
from zhike.customers.services.identifiers import NewIdentifier
from zhike.exchange import services as exchange
from zhike.exports.models import Export, Schedule

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
NAME, PHONE, MAIL = "欧阳清欢", "13912345678", "qinghuan.ouyang@example.com"
OTHER_NAME, OTHER_PHONE = "诸葛安然", "13787654321"
HEADER = ["会员号", "姓名", "手机", "邮箱", "城市", "备注"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> Iterator[Path]:
    """An instance's folder; tables of imports that wait are dropped afterwards."""
    from zhike.accounts import vault

    made = type(settings.HOME)(path=tmp_path / "home")
    made.create()
    monkeypatch.setattr(settings, "HOME", made)
    vault._fernet.cache_clear()
    yield made.path
    vault._fernet.cache_clear()
    with connections["owner"].cursor() as owner:
        owner.execute("TRUNCATE audit_entry, audit_payload, audit_unsealed, audit_leaf, audit_head")
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relnamespace = 'staging'::regnamespace AND relkind = 'r'")
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP TABLE staging."{name}"')


@dataclass(frozen=True, kw_only=True)
class Known:
    person: Customer
    other: Customer
    order: Order


def rows(number: int, name: str, phone: str, mail: str) -> list[str]:
    return [f"M{number:07}", name, phone, mail, "杭州", "喜欢红茶"]


@pytest.fixture
def known(home: Path, tmp_path: Path) -> Known:
    """The person stands in records, undo data, files of two kinds, a waiting import, notes of others, logs and more."""
    table = [HEADER, rows(1, NAME, PHONE, MAIL), rows(2, OTHER_NAME, OTHER_PHONE, "other@example.com")]
    table += [["M0000003", "", "", "not a mail", "", ""]]
    bring(write(tmp_path / "members.csv", table), source="shop")
    bring(
        write(tmp_path / "again.csv", [HEADER, [*rows(1, NAME, "139-1234-5678", MAIL)[:4], "上海", ""]]), source="shop"
    )
    lines = tmp_path / "lines.jsonl"
    with lines.open("w", encoding="utf-8") as file:
        for name, phone in ((NAME, PHONE), (OTHER_NAME, OTHER_PHONE)):
            file.write(json.dumps({"姓名": name, "手机": phone}, ensure_ascii=False) + "\n")
    bring(lines, source="web", apply=False)
    person, other = Customer.objects.get(name=NAME), Customer.objects.get(name=OTHER_NAME)
    activities.add_activity(
        actor=SYSTEM, customer_id=other.pk, kind="note", text=f"介绍人 {NAME}，电话 139 1234 5678", at=NOON
    )
    kept = attach(person, name=f"{NAME}.txt")
    taken_back = attach(person, name="call.txt")
    Activity.objects.filter(pk=taken_back.pk).delete()
    people.edit_customer(actor=SYSTEM, customer_id=person.pk, changes={"note": f"{NAME} 的生日快到了"}, at=NOON)
    tags.set_tags(actor=SYSTEM, customer_id=person.pk, names=["老客"], at=NOON)
    order, _is_new = commerce.create_order(
        actor=SYSTEM, customer_id=person.pk, source="shop", number="A1", placed_at=NOON, currency="CNY",
        lines=[LineDraft(quantity=Decimal(1), unit_price=Decimal("12.5"))], at=NOON,
    )  # fmt: skip
    user = User.objects.create(username="u", name="u")
    Mention.objects.create(activity=kept, user=user, created_at=NOON)
    SavedView.objects.create(user=user, page="customers", name=f"找 {NAME}", query=f"q={PHONE}")
    named = f"{NAME} 的订单"
    schedule = Schedule.objects.create(
        name=named, kind="customers", format="csv", query=f"q={PHONE}", every="daily", at=time(8), owner=user,
        next_at=NOON, created_at=NOON,
    )  # fmt: skip
    Export.objects.create(
        code="X7K2Q9MPT4", kind="customers", format="csv", query=f"q={PHONE}", sentence=f"Found by “{NAME}”",
        error=f"“{PHONE}” is not a date", schedule=schedule, owner=user, status="failed", created_at=NOON,
    )  # fmt: skip
    notices.tell_of(user.pk, "export_ready", {"name": named, "code": "X7K2Q9MPT4", "count": 1}, at=NOON)
    body = json.dumps({"name": NAME, "phone": PHONE}, ensure_ascii=False).encode()
    IdempotentRequest.objects.create(user=user, key="k", digest="d", created_at=NOON, status=200, body=body)
    record(action="customers.export_customer", filter=f"phone is {PHONE}")
    (home / "logs" / "web.log").write_text(f"GET /customers/?q={PHONE} 200\nGET /customers/ 200\n", encoding="utf-8")
    return Known(person=person, other=other, order=order)


def attach(customer: Customer, *, name: str) -> Activity:
    said = attaching.Given(content=BytesIO(f"{NAME} {PHONE}".encode()), name=name)
    return attaching.add_with_file(actor=SYSTEM, customer_id=customer.pk, kind="note", text="…", file=said, at=NOON)


def write(path: Path, table: list[list[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(table)
    return path


def bring(path: Path, *, source: str, apply: bool = True) -> Any:
    job = exchange.start_import(actor=SYSTEM, file=path, name=path.name, source=source, at=NOON)
    work = exchange.apply_import if apply else exchange.preview_import
    return work(actor=SYSTEM, import_id=job.pk, at=NOON)


def add_phone(customer: Customer, phone: str) -> None:
    from zhike.customers.services import identifiers

    identifiers.add_identifier(
        actor=SYSTEM,
        customer_id=customer.pk,
        new=NewIdentifier(kind=Identifier.Kind.PHONE, value=phone),
        at=NOON,
    )
