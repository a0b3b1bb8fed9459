"""How much a person uploads in a day: in whatever field, beside whatever entry, by page or program, all together."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.utils import translation

from zhike.accounts.models import User
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM, Actor
from zhike.customers.guarded import RECORD
from zhike.customers.models import Activity, Customer
from zhike.customers.services import attaching, entry_files, filling
from zhike.customers.tests.conftest import NOON, Company, MakeCustomer
from zhike.exchange import allowance
from zhike.exchange.allowance import UploadAllowanceUsed
from zhike.exchange.files.contents import FileNotTaken
from zhike.exchange.models import UploadVolume
from zhike.metadata.models import Kind
from zhike.metadata.services import definitions

pytestmark = pytest.mark.django_db
MEGABYTE = 1 << 20
PDF = b"%PDF-1.7\n".ljust(MEGABYTE, b"\0")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = type(settings.HOME)(path=tmp_path)
    monkeypatch.setattr(settings, "HOME", made)
    monkeypatch.setattr(settings, "UPLOAD_DAY_BYTES", 5 * MEGABYTE // 2)
    return made.files_dir


def prepared(company: Company, make_customer: MakeCustomer) -> Customer:
    rules = {"files": 5}
    definitions.create_field(actor=SYSTEM, at=NOON, record=RECORD, kind=Kind.FILE, label="Contract", rules=rules)
    definitions.create_field(actor=SYSTEM, at=NOON, record=RECORD, kind=Kind.IMAGE, label="Photo")
    return make_customer("张伟", owner=company.seller, team=company.shop)


@pytest.fixture
def mine(company: Company, make_customer: MakeCustomer) -> Customer:
    return prepared(company, make_customer)


def given(content: bytes = PDF) -> attaching.Given:
    return attaching.Given(content=BytesIO(content), name="合同.pdf")


def put(actor: Actor, customer: Customer, field: str = "contract", at: datetime = NOON) -> None:
    with acting(actor, origin="web"):
        filling.add_file(actor=actor, customer_id=customer.pk, field=f"custom.{field}", file=given(), at=at)


def note(actor: Actor, customer: Customer) -> Activity:
    with acting(actor, origin="web"):
        return attaching.add_with_file(
            actor=actor, customer_id=customer.pk, kind="note", text="x", file=given(), at=NOON
        )


def kept(home: Path) -> int:
    return len([path for path in home.rglob("*") if path.is_file()])


def said_in(language: str) -> str:
    with translation.override(language):
        return str(UploadAllowanceUsed("合同.pdf", left=MEGABYTE))


def test_what_is_over_the_day_is_refused_and_leaves_nothing(company: Company, mine: Customer, home: Path) -> None:
    seller, manager = company.actor("seller"), company.actor("manager")
    put(seller, mine)
    entry = note(seller, mine)
    for again in (put, note):
        with pytest.raises(UploadAllowanceUsed) as refused:
            again(seller, mine)
    assert refused.value.code == "upload_allowance_used"
    said = {language: said_in(language) for language in ("en", "zh-hans")}
    assert "of the 2.5 MB that you may upload in a day, 1 MB are left" in said["en"]
    assert said["zh-hans"].startswith("合同.pdf 未能添加：每人每天最多上传 2.5 MB，你今天还剩 1 MB")
    told: Any = {"author_id": seller.user_id, "created_at": NOON, "happened_at": NOON}
    with acting(seller):
        bare = Activity.objects.create(customer=mine, kind="note", **told)
        with pytest.raises(UploadAllowanceUsed):
            entry_files.put_file(actor=seller, customer_id=mine.pk, activity_id=bare.pk, file=given(), at=NOON)
    assert (kept(home), Activity.objects.exclude(file_path="").get()) == (2, entry)
    put(manager, mine)
    put(SYSTEM, mine)
    put(seller, mine, at=NOON + timedelta(days=1))
    assert kept(home) == 5
    assert {one.user_id: one.bytes for one in UploadVolume.objects.filter(uploaded_on=NOON.date())} == {
        seller.user_id: 2 * MEGABYTE,
        manager.user_id: MEGABYTE,
    }


def test_a_day_begins_at_midnight_of_the_company_and_is_forgotten(company: Company, mine: Customer) -> None:
    seller = company.actor("seller")
    late, early = datetime(2026, 11, 22, 15, 59, tzinfo=UTC), datetime(2026, 11, 22, 16, 1, tzinfo=UTC)
    put(seller, mine, at=late)
    put(seller, mine, at=early)
    days = UploadVolume.objects.order_by("uploaded_on").values_list("uploaded_on__day", "bytes")
    assert list(days) == [(22, MEGABYTE), (23, MEGABYTE)]
    assert (allowance.forget(at=early + timedelta(days=1)), UploadVolume.objects.count()) == (1, 1)


def test_what_is_not_taken_is_not_counted_and_no_limit_counts_nothing(
    company: Company, mine: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seller = company.actor("seller")
    with pytest.raises(FileNotTaken):
        put(seller, mine, "photo")
    assert not UploadVolume.objects.exists()
    monkeypatch.setattr(settings, "UPLOAD_DAY_BYTES", 0)
    for _one in range(4):
        put(seller, mine)
    assert not UploadVolume.objects.exists()


def test_the_page_says_so_and_keeps_what_was_there(company: Company, mine: Customer, home: Path) -> None:
    seller = Client(headers={"HX-Request": "true"})
    seller.force_login(User.objects.get(username="seller"))
    address = f"/customers/{mine.pk}/files/custom.contract/"
    answers = [seller.post(address, {"file": SimpleUploadedFile("a.pdf", PDF)}) for _one in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 422]
    assert "of the 2.5 MB that you may upload in a day, 0.5 MB are left" in answers[2].content.decode()
    said = {"kind": "note", "text": "看看", "file": SimpleUploadedFile("a.pdf", PDF)}
    page = seller.post(f"/customers/{mine.pk}/activities/", said)
    assert (page.status_code, "0.5 MB" in page.content.decode(), kept(home)) == (422, True, 2)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_do_not_pass_together(company: Company, make_customer: MakeCustomer, home: Path) -> None:
    mine, seller = prepared(company, make_customer), company.actor("seller")
    others = [make_customer(name, owner=company.seller, team=company.shop) for name in "甲乙丙"]
    begun = Barrier(4)

    def upload(customer: Customer) -> bool:
        try:
            begun.wait(10)
            put(seller, customer)
        except UploadAllowanceUsed:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(upload, [mine, *others]))
    assert (sorted(done), kept(home)) == ([False, False, True, True], 2)
    assert UploadVolume.objects.get().bytes == 2 * MEGABYTE


@pytest.mark.django_db(transaction=True)
def test_who_comes_second_waits_for_the_first_and_gets_what_it_gives_up(
    company: Company, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "UPLOAD_DAY_BYTES", MEGABYTE)
    seller = company.actor("seller")

    def taken() -> None:
        allowance.take(actor=seller, size=MEGABYTE, name="x", at=NOON)

    def beside() -> bool:
        try:
            taken()
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(1) as threads:
        try:
            with transaction.atomic():
                taken()
                other = threads.submit(beside)
                raise FileNotTaken("what comes after it fails")
        except FileNotTaken:
            assert other.result(10)
    assert UploadVolume.objects.get().bytes == MEGABYTE
