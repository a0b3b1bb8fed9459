"""A sheet for paper shows what its reader sees but for sensitive fields, and is recorded as an export of one."""

from django.test import Client

from zhike.accounts.models import FieldAccess
from zhike.audit.models import Entry, Payload
from zhike.core import fields
from zhike.core.actor import SYSTEM
from zhike.customers.guarded import RECORD
from zhike.customers.models import EXPORT, Customer
from zhike.customers.permissions import CONTAINED
from zhike.customers.services import activities, sealing
from zhike.customers.services.identifiers import NewIdentifier, add_identifier
from zhike.customers.tests.conftest import NOON, Company, MakeCustomer
from zhike.metadata.models import Kind
from zhike.metadata.services import definitions, sections

NUMBER = "110101199003074258"


def prints() -> list[str]:
    return list(Entry.objects.filter(action__in=(EXPORT, CONTAINED)).order_by("pk").values_list("action", flat=True))


def test_a_print_is_an_export_of_one(company: Company, make_customer: MakeCustomer) -> None:
    one = make_customer("张伟", owner=company.seller, note="要发票")
    add_identifier(actor=SYSTEM, customer_id=one.pk, new=NewIdentifier(kind="phone", value="13800138000"), at=NOON)
    activities.add_activity(actor=SYSTEM, customer_id=one.pk, kind="call", text="谈过价格", at=NOON)
    client = Client()
    client.force_login(company.seller)
    sheet = client.get(f"/customers/{one.pk}/print/")
    page = sheet.content.decode()
    assert all(text in page for text in ("张伟", "13800138000", "要发票", "谈过价格"))
    assert sheet.headers["Cache-Control"] == "no-store"
    assert prints() == [EXPORT, CONTAINED]
    contained = Entry.objects.get(action=CONTAINED)
    assert contained.ids == [one.pk]

    other = Client()
    other.force_login(company.colleague)
    assert other.get(f"/customers/{one.pk}/print/").status_code == 404
    assert len(prints()) == 2


def test_a_section_in_which_nothing_is_filled_in_is_not_printed(company: Company, make_customer: MakeCustomer) -> None:
    one = make_customer("张伟", owner=company.seller)
    for name in ("仓储", "展厅"):
        section = sections.create_section(actor=SYSTEM, record=RECORD, name=name)
        made = definitions.create_field(
            actor=SYSTEM, at=NOON, record=RECORD, kind=Kind.TEXT, label=f"{name}说明", section_id=section.pk
        )
        if name == "仓储":
            Customer.objects.filter(pk=one.pk).update(custom={made.key: "三号库"})
    client = Client()
    client.force_login(company.seller)
    page = client.get(f"/customers/{one.pk}/print/").content.decode()
    assert "<h2>仓储</h2>" in page
    assert "三号库" in page
    assert "展厅" not in page


def test_who_sees_everything_masked_prints_it_masked_and_it_is_recorded_as_such(
    company: Company, make_customer: MakeCustomer
) -> None:
    one = make_customer("张伟", owner=company.seller, note="要发票")
    add_identifier(actor=SYSTEM, customer_id=one.pk, new=NewIdentifier(kind="phone", value="13800138000"), at=NOON)
    role = company.seller.roles.get()
    for field in fields.list_fields(RECORD):
        if (level := min(field.levels)) < fields.get(field.key).default:
            FieldAccess.objects.create(role=role, field=field.key, level=level)
    client = Client()
    client.force_login(company.seller)
    page = client.get(f"/customers/{one.pk}/print/").content.decode()
    assert "张*" in page
    assert not any(text in page for text in ("张伟", "13800138000", "要发票"))
    assert prints() == [EXPORT, CONTAINED]
    export = Entry.objects.get(action=EXPORT)
    told = str(Payload.objects.filter(entry_id=export.pk).values_list("texts", flat=True)).replace("\\", "")
    assert '"columns": []' in told
    assert '"panels": ["why"' in told


def test_printing_takes_the_permission_to_export(company: Company, make_customer: MakeCustomer) -> None:
    one = make_customer("张伟", owner=company.seller)
    role = company.seller.roles.get()
    role.grants.filter(permission=EXPORT).delete()
    client = Client()
    client.force_login(company.seller)
    assert "/print/" not in client.get(f"/customers/{one.pk}/").content.decode()
    assert client.get(f"/customers/{one.pk}/print/").status_code == 403
    assert prints() == []


def test_sensitive_fields_stay_masked_on_paper(company: Company, make_customer: MakeCustomer) -> None:
    one = make_customer("张伟", owner=company.seller)
    sealing.put_id_number(actor=SYSTEM, customer_id=one.pk, value=NUMBER, at=NOON)
    activities.add_activity(actor=SYSTEM, customer_id=one.pk, kind="note", text=f"证件 {NUMBER}", at=NOON)
    role = company.seller.roles.get()
    FieldAccess.objects.create(role=role, field=f"{RECORD}.id_number", level=2)
    client = Client()
    client.force_login(company.seller)
    assert NUMBER in client.get(f"/customers/{one.pk}/").content.decode()
    sheet = client.get(f"/customers/{one.pk}/print/").content.decode()
    assert NUMBER not in sheet
    assert "张伟" in sheet
