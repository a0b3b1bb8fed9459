"""Fields that hold files: whose they are, who opens them, and how they come and go with the customer."""

import os
import zipfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from zhike.accounts.models import FieldAccess, User
from zhike.core import personal
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.core.personal import Traces
from zhike.customers.guarded import RECORD
from zhike.customers.models import Activity, Customer
from zhike.customers.selectors import records
from zhike.customers.services import activities, attaching, filling, people, sweeping
from zhike.customers.tests.conftest import NOON, PDF, Company, MakeCustomer, files_in, put_file
from zhike.duplicates.services import merging, undoing
from zhike.exchange.files.contents import FileNotTaken
from zhike.exchange.own_fields import warn_of_files
from zhike.metadata.filed_parts import file_column, file_field
from zhike.metadata.models import FieldDefinition, Kind
from zhike.metadata.selectors import design_of
from zhike.metadata.services import definitions
from zhike.privacy.selectors.transfer import transfer_archive
from zhike.privacy.traces import find_traces
from zhike.recovery.services import bin_records, empty_bin, restore_records

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


@pytest.fixture
def mine(company: Company, make_customer: MakeCustomer) -> Customer:
    create("Contract", files=3)
    create("Photo", Kind.IMAGE)
    return make_customer("张伟", owner=company.seller, team=company.shop)


def create(label: str, kind: Kind = Kind.FILE, files: int = 1, **given: Any) -> FieldDefinition:
    rules = {"files": files}
    return definitions.create_field(actor=SYSTEM, at=NOON, record=RECORD, kind=kind, label=label, rules=rules, **given)


def edit(customer: Customer, **custom: Any) -> int | None:
    own = {f"custom.{key}": value for key, value in custom.items()}
    return people.edit_customer(actor=SYSTEM, customer_id=customer.pk, changes=own, at=NOON).change_id


def client_of(name: str) -> Client:
    client = Client(headers={"HX-Request": "true"})
    client.force_login(User.objects.get(username=name))
    return client


def held(customer: Customer, field: str = "contract") -> list[str]:
    return [one["name"] for one in Customer.objects.get(pk=customer.pk).custom.get(field, [])]


def test_it_is_uploaded_on_the_page_opened_and_taken_out_with_a_way_back(company: Company, mine: Customer) -> None:
    seller, address = client_of("seller"), f"/customers/{mine.pk}/files/custom.contract/"
    page = seller.post(address, {"file": SimpleUploadedFile("invoice.exe", PDF)})
    assert (page.status_code, "invoice.exe.pdf" in page.content.decode()) == (200, True)
    file_id = Customer.objects.get(pk=mine.pk).custom["contract"][0]["id"]
    answer: Any = seller.get(f"{address}{file_id}/")
    assert (answer.headers["Content-Type"], b"".join(answer.streaming_content)) == ("application/pdf", PDF)
    assert "default-src 'none'" in str(answer.headers)
    again = seller.get(f"{address}{file_id}/", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    for name, status in (("manager", 200), ("colleague", 404), ("guest", 403)):
        assert client_of(name).get(f"{address}{file_id}/").status_code == status, name
    assert client_of("colleague").post(address, {"file": SimpleUploadedFile("x.pdf", PDF)}).status_code == 404
    whole = seller.get(f"/customers/{mine.pk}/").content.decode()
    assert (f'href="{address}{file_id}/"' in whole, "Contract: invoice.exe.pdf" in whole) == (True, True)
    gone = seller.post(f"{address}{file_id}/remove/")
    assert (gone.status_code, held(mine), seller.get(f"{address}{file_id}/").status_code) == (200, [], 404)
    with acting(SYSTEM):
        activities.undo_change(actor=SYSTEM, activity_id=Activity.objects.latest("pk").pk, at=NOON)
    assert (held(mine), seller.get(f"{address}{file_id}/").status_code) == (["invoice.exe.pdf"], 200)


def test_what_is_not_taken_is_said_and_leaves_nothing_behind(mine: Customer, home: Path, company: Company) -> None:
    seller, address = client_of("seller"), f"/customers/{mine.pk}/files/custom."
    page = seller.post(f"{address}contract/", {"file": SimpleUploadedFile("报价.png", b"<html><script>")})
    assert (page.status_code, "报价.png" in page.content.decode()) == (422, True)
    with pytest.raises(FileNotTaken):
        put_file(mine, PDF, "合同.pdf", "photo")
    assert (seller.post(f"{address}contract/").status_code, files_in(home)) == (422, [])
    for number in range(3):
        put_file(mine, name=f"{number}.pdf")
    with pytest.raises(ValidationError):
        put_file(mine)
    assert (held(mine), len(files_in(home))) == (["0.pdf", "1.pdf", "2.pdf"], 3)
    put_file(mine, PNG, "a.png", "photo")
    put_file(mine, PNG, "b.png", "photo")
    assert held(mine, "photo") == ["b.png"]


def test_nobody_takes_the_file_of_another_customer_or_field(mine: Customer, make_customer: MakeCustomer) -> None:
    other = make_customer("李娜")
    theirs, photo, own = put_file(other), put_file(mine, PNG, "a.png", "photo"), put_file(mine)
    path = Customer.objects.get(pk=other.pk).custom["contract"][0]
    for taken in (
        theirs,
        [own, theirs],
        [photo],
        [dict(path)],
        [{"id": f"../{other.pk}/contract-{theirs}"}],
        {"id": 1},
    ):
        with pytest.raises(ValidationError):
            edit(mine, contract=taken)
    with pytest.raises(ValidationError):
        people.create_customer(actor=SYSTEM, at=NOON, name="Ada", custom={"custom.contract": [theirs]})
    assert held(mine) == ["合同.pdf"]
    edit(mine, contract=[{"id": own, "path": path["path"], "name": "x", "size": 1}])
    assert Customer.objects.get(pk=mine.pk).custom["contract"][0]["path"] != path["path"]


def test_who_does_not_read_the_field_opens_nothing_of_it(company: Company, mine: Customer) -> None:
    file_id, manager = put_file(mine), client_of("manager")
    address = f"/customers/{mine.pk}/files/custom.contract/{file_id}/"
    for role in company.manager.roles.all():
        FieldAccess.objects.create(role=role, field=f"{RECORD}.custom.contract", level=1)
    assert (manager.get(address).status_code, manager.post(f"{address}remove/").status_code) == (404, 403)
    assert "合同" not in manager.get(f"/customers/{mine.pk}/").content.decode()
    listed = manager.get("/customers/?cols=name,custom.contract").content.decode()
    assert ("合同" in listed, "•••" in listed) == (False, True)
    row = records.get_record(actor=company.actor("manager"), customer_id=mine.pk)
    assert row["custom"]["contract"] == "•••"


def test_what_has_to_be_there_is_not_asked_of_a_new_customer_and_not_removed(mine: Customer) -> None:
    create("Licence", is_required=True)
    ada = people.create_customer(actor=SYSTEM, at=NOON, name="Ada")
    file_id = put_file(ada, field="licence")
    with pytest.raises(ValidationError):
        filling.remove_file(actor=SYSTEM, customer_id=ada.pk, field="custom.licence", file_id=file_id, at=NOON)


def test_lists_files_and_programs_get_the_names(mine: Customer) -> None:
    file_id = put_file(mine)
    put_file(mine, PNG, "<b>.png", "photo")
    known = design_of(RECORD).known
    row: dict[str, Any] = {"pk": mine.pk, "custom_photo": Customer.objects.get(pk=mine.pk).custom["photo"]}
    column = file_column(known["photo"])
    assert column.opening is not None
    column.opening(row)
    style: Any = None
    assert ("<img" in column.cell(row, style), "<b>" in column.cell(row, style)) == (True, False)
    asked: Any = None
    compiled = file_field(known["contract"]).compile
    assert compiled is not None
    assert list(Customer.objects.filter(compiled("filled", [], asked))) == [mine]
    assert ["Contract" in one for one in warn_of_files(["姓名", "Contract"])] == [True]
    theirs = zipfile.ZipFile(BytesIO(transfer_archive(actor=SYSTEM, customer_id=mine.pk))).read("data.json").decode()
    assert ("合同.pdf" in theirs, "attached/" in theirs) == (True, False)
    told = records.get_record(actor=SYSTEM, customer_id=mine.pk)
    assert told["custom"]["contract"] == [{"id": file_id, "name": "合同.pdf", "size": len(PDF)}]


def test_it_goes_through_the_recycle_bin_and_is_swept_once_nothing_leads_to_it(mine: Customer, home: Path) -> None:
    kept, gone = put_file(mine), put_file(mine)
    filling.remove_file(actor=SYSTEM, customer_id=mine.pk, field="custom.contract", file_id=gone, at=NOON)
    assert sweeping.sweep_files(at=NOON + timedelta(days=29)) == 0
    bin_records(actor=SYSTEM, kind=RECORD, record_ids=[mine.pk], at=NOON)
    later: Any = NOON + timedelta(days=3650)
    assert sweeping.sweep_files(at=later) == 1
    assert [path.stem for path in files_in(home)] == [f"contract-{kept}"]
    from zhike.recovery.models import Binned

    restore_records(actor=SYSTEM, binned_ids=[one.pk for one in Binned.objects.all()])
    assert (held(mine), sweeping.sweep_files(at=later)) == (["合同.pdf"], 0)


def test_a_merge_takes_it_along_and_gives_it_back(mine: Customer, make_customer: MakeCustomer, home: Path) -> None:
    other = make_customer("李娜")
    file_id, lost = put_file(other), put_file(other, PNG, "b.png", "photo")
    put_file(mine, PNG, "a.png", "photo")
    made = merging.merge_customers(actor=SYSTEM, survivor_id=mine.pk, record_ids=[other.pk], at=NOON)
    later: Any = NOON + timedelta(days=3650)
    assert (held(mine), held(mine, "photo"), sweeping.sweep_files(at=later)) == (["合同.pdf"], ["a.png"], 0)
    change = edit(mine, contract=[])
    edit(mine, contract=[{"id": file_id, "name": "合同.pdf"}])
    assert (change is not None, held(mine)) == (True, ["合同.pdf"])
    undoing.undo_merge(actor=SYSTEM, merge_id=made.pk, at=NOON)
    assert (held(other), held(other, "photo")) == (["合同.pdf"], ["b.png"])
    assert Customer.objects.get(pk=other.pk).custom["photo"][0]["id"] == lost


def test_what_was_edited_since_a_merge_goes_back_to_whose_it_is(
    mine: Customer, make_customer: MakeCustomer, home: Path, django_capture_on_commit_callbacks: Any
) -> None:
    other = make_customer("李娜")
    put_file(other, name="theirs.pdf")
    made = merging.merge_customers(actor=SYSTEM, survivor_id=mine.pk, record_ids=[other.pk], at=NOON)
    put_file(mine, name="mine.pdf")
    undoing.undo_merge(actor=SYSTEM, merge_id=made.pk, at=NOON)
    assert (held(mine), held(other)) == (["mine.pdf"], ["theirs.pdf"])
    entry = Customer.objects.get(pk=other.pk).custom["contract"]
    Customer.objects.filter(pk=mine.pk).update(custom={"contract": entry})  # two that lead to one
    with django_capture_on_commit_callbacks(execute=True):
        attaching.erase_customer(mine.pk)
    assert (home / entry[0]["path"]).exists()
    Customer.objects.filter(pk=other.pk).update(custom={})


def test_what_is_put_back_while_merged_is_handed_over_with_the_undo(
    mine: Customer, make_customer: MakeCustomer
) -> None:
    other = make_customer("李娜")
    file_id = put_file(other, name="theirs.pdf")
    filling.remove_file(actor=SYSTEM, customer_id=other.pk, field="custom.contract", file_id=file_id, at=NOON)
    made = merging.merge_customers(actor=SYSTEM, survivor_id=mine.pk, record_ids=[other.pk], at=NOON)
    edit(mine, contract=[{"id": file_id, "name": "theirs.pdf"}])
    undoing.undo_merge(actor=SYSTEM, merge_id=made.pk, at=NOON)
    assert (held(mine), held(other)) == ([], ["theirs.pdf"])


def test_what_a_merge_leaves_out_stays_for_as_long_as_it_can_be_taken_back(
    mine: Customer, make_customer: MakeCustomer, home: Path
) -> None:
    other = make_customer("李娜")
    put_file(other, PNG, "b.png", "photo")
    put_file(mine, PNG, "a.png", "photo")
    for path in files_in(home):
        os.utime(path, (0, 0))
    merging.merge_customers(actor=SYSTEM, survivor_id=mine.pk, record_ids=[other.pk], at=NOON)
    assert sweeping.sweep_files(at=NOON + timedelta(days=29)) == 0
    empty_bin(actor=SYSTEM, at=NOON + timedelta(days=31))
    assert (sweeping.sweep_files(at=NOON + timedelta(days=3650)), held(mine, "photo")) == (1, ["a.png"])
    assert len(files_in(home)) == 1


def test_erasure_looks_into_the_folders_of_those_merged_long_ago(
    mine: Customer, make_customer: MakeCustomer, home: Path
) -> None:
    other = make_customer("李娜")
    file_id = put_file(other)
    filling.remove_file(actor=SYSTEM, customer_id=other.pk, field="custom.contract", file_id=file_id, at=NOON)
    merging.merge_customers(actor=SYSTEM, survivor_id=mine.pk, record_ids=[other.pk], at=NOON)
    empty_bin(actor=SYSTEM, at=NOON + timedelta(days=31))
    place = next(one for one in personal.list_places() if one.name == "customers.files")
    assert (place.sweep(find_traces(mine).traces), files_in(home)) == (1, [])


def test_erasure_takes_row_and_files(mine: Customer, home: Path, django_capture_on_commit_callbacks: Any) -> None:
    put_file(mine)
    removed = put_file(mine)
    filling.remove_file(actor=SYSTEM, customer_id=mine.pk, field="custom.contract", file_id=removed, at=NOON)
    with django_capture_on_commit_callbacks(execute=True):
        attaching.erase_customer(mine.pk)
    place = next(one for one in personal.list_places() if one.name == "customers.files")
    assert (place.sweep(Traces(customer_ids=(mine.pk,))), files_in(home)) == (1, [])
