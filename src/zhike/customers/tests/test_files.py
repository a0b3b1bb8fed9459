"""A file beside an entry of the time line: who takes it away, and how long it stays."""

from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from zhike.accounts.models import FieldAccess, User
from zhike.audit.selectors.changes import list_changes_of
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.customers import attached
from zhike.customers.guarded import IDENTIFIER_KEYS
from zhike.customers.models import Activity, Customer
from zhike.customers.services import activities, attaching, sweeping
from zhike.customers.services.bin import CUSTOMERS
from zhike.customers.tests.conftest import NOON, Company, MakeCustomer, files_in
from zhike.exchange.files.contents import FileNotTaken
from zhike.recovery.restoring import chosen_by_default, plan_back, put_back
from zhike.recovery.services import bin_records, restore_records

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


@pytest.fixture
def mine(company: Company, make_customer: MakeCustomer) -> Customer:
    return make_customer("张伟", owner=company.seller, team=company.shop)


def attach(company: Company, customer: Customer, content: bytes = PNG, name: str = "合同.png") -> Activity:
    seller = company.actor("seller")
    with acting(seller, origin="web"):
        file = attaching.Given(content=BytesIO(content), name=name)
        return attaching.add_with_file(
            actor=seller, customer_id=customer.pk, kind="note", text="签了", file=file, at=NOON
        )


def client_of(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def test_it_comes_in_with_the_entry_and_is_shown_as_what_it_is(company: Company, mine: Customer, home: Path) -> None:
    seller = client_of("seller")
    upload = SimpleUploadedFile("invoice.exe", PNG, content_type="text/html")
    said = {"kind": "note", "text": "发票", "file": upload}
    page = seller.post(f"/customers/{mine.pk}/activities/", said, headers={"HX-Request": "true"})
    entry = Activity.objects.get()
    address = f"/customers/activities/{entry.pk}/file/"
    assert entry.file_name == "invoice.exe.png"
    shown = page.content.decode()
    assert f'href="{address}"' in shown
    assert f'src="{reverse("show_small_file", args=[entry.pk])}"' in shown
    answer: Any = seller.get(address)
    assert (answer.headers["Content-Type"], b"".join(answer.streaming_content)) == ("image/png", PNG)
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert "default-src 'none'" in str(answer.headers)
    assert seller.get(f"{address}?save").headers["Content-Disposition"].startswith("attachment")
    only = seller.get(f"/customers/{mine.pk}/time-line/?kind=file").content.decode()
    assert "发票" in only
    for name, status in (("manager", 200), ("colleague", 404), ("guest", 403)):
        assert client_of(name).get(address).status_code == status, name


def test_what_is_not_taken_leaves_nothing_behind(company: Company, mine: Customer, home: Path) -> None:
    page = client_of("seller").post(
        f"/customers/{mine.pk}/activities/",
        {"kind": "note", "text": "看看", "file": SimpleUploadedFile("报价.png", b"<html><script>")},
        headers={"HX-Request": "true"},
    )
    assert (page.status_code, "报价.png" in page.content.decode()) == (422, True)
    with pytest.raises(FileNotTaken):
        attach(company, mine, b"MZ\x90\0" * 30)
    with pytest.raises(attaching.AttachmentTooLarge):
        attach(company, mine, bytes(attaching.MOST_BYTES + 1))
    assert (Activity.objects.count(), files_in(home)) == (0, [])


def test_who_sees_numbers_masked_opens_only_their_own(company: Company, mine: Customer) -> None:
    entry = attach(company, mine, "电话 13912345678".encode(), "说明 13912345678.txt")
    for role in company.manager.roles.all():
        FieldAccess.objects.create(role=role, field=IDENTIFIER_KEYS["phone"], level=1)
    manager = client_of("manager")
    assert manager.get(f"/customers/activities/{entry.pk}/file/").status_code == 404
    page = manager.get(f"/customers/{mine.pk}/").content.decode()
    assert "13912345678" not in page
    assert "说明" in page


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        ("姓名,城市\n甲,杭州\n".encode("gb18030"), "名单.csv", "<td>杭州</td>"),
        ("下周三见\n<b>粗</b>".encode(), "纪要.txt", "&lt;b&gt;粗"),
        (b"%PDF-1.7\n", "合同.pdf", "<iframe"),
    ],
)
def test_it_is_looked_into_on_the_page(company: Company, mine: Customer, content: bytes, name: str, told: str) -> None:
    entry = attach(company, mine, content, name)
    page = client_of("seller").get(f"/customers/activities/{entry.pk}/file/beginning/")
    assert told in page.content.decode()


def test_an_entry_that_is_taken_back_comes_back_with_its_file(company: Company, mine: Customer, home: Path) -> None:
    seller, entry = company.actor("seller"), attach(company, mine)
    with acting(seller, origin="web"):
        activities.remove_activity(actor=seller, activity_id=entry.pk, at=NOON)
    sweeping.sweep_files(at=NOON + timedelta(days=29))
    with acting(SYSTEM):
        changes = [
            one
            for one in list_changes_of(actor=SYSTEM, model=Customer, record_id=mine.pk, since=0)
            if one.action == "delete"
        ]
        plan = plan_back(SYSTEM, CUSTOMERS, mine.pk, changes)
        put_back(actor=SYSTEM, kind=CUSTOMERS, plan=plan, chosen=chosen_by_default(plan.steps), at=NOON)
    again = Activity.objects.get()
    assert (again.file_name, attached.file_of(again).read_bytes()) == ("合同.png", PNG)


def test_it_goes_when_nothing_leads_to_it_any_more(
    company: Company, mine: Customer, make_customer: MakeCustomer, home: Path
) -> None:
    kept, binned, gone = attach(company, mine), attach(company, make_customer("李娜", owner=company.seller)), None
    gone = attach(company, mine)
    bin_records(actor=SYSTEM, kind="customers.customer", record_ids=[binned.customer_id], at=NOON)
    with acting(SYSTEM):
        activities.remove_activity(actor=company.actor("seller"), activity_id=gone.pk, at=NOON)
    much_later: Any = NOON + timedelta(days=3650)
    assert sweeping.sweep_files(at=much_later) == 1
    assert {path.stem for path in files_in(home)} == {Path(one.file_path).stem for one in (kept, binned)}
    restore_records(actor=SYSTEM, binned_ids=[one.pk for one in _binned()])
    assert attached.file_of(Activity.objects.get(pk=binned.pk)).exists()


def _binned() -> Any:
    from zhike.recovery.models import Binned

    return Binned.objects.all()
