"""Requests with their deadlines, copies, consent and its withdrawal, suppression, children, retention."""

import io
import json
import re
import zipfile
from datetime import date, timedelta
from typing import Any

import jsonschema_rs
import pytest
from django.test import Client
from tests.privacy.conftest import NAME, NOON, OTHER_NAME, PHONE, Known, add_phone

from zhike.accounts import services as accounts
from zhike.accounts.models import Role, User
from zhike.audit.models import Entry, Payload
from zhike.calendars.selectors import WorkingDays
from zhike.commerce.guarded import AMOUNT
from zhike.core.actor import SYSTEM, Scope, Sight
from zhike.customers import guarded
from zhike.customers.models import Activity, Customer, Identifier
from zhike.customers.services import sealing
from zhike.exchange.models import Import
from zhike.metadata.models import Kind
from zhike.metadata.services.definitions import create_field
from zhike.privacy.models import Consent, Erasure, Proposal, Purpose, Request, Suppression
from zhike.privacy.selectors import consents as selectors
from zhike.privacy.selectors import recipients
from zhike.privacy.services import consents, correcting, erasing, requests, retention

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
TODAY = NOON.date()
ID_NUMBER = "110101199003074258"


@pytest.mark.parametrize(
    ("rule", "due"), [("15w", date(2026, 12, 11)), ("30d", date(2026, 12, 20)), ("1m", date(2026, 12, 20))]
)
def test_a_request_is_due_by_the_rule(rule: str, due: date) -> None:
    assert requests.due_on(date(2026, 11, 20), rule=rule, days=WorkingDays()) == due
    assert requests.due_on(date(2026, 1, 31), rule="1m", days=WorkingDays()) == date(2026, 2, 28)


@pytest.fixture
def officer(known: Known) -> Client:
    role = accounts.put_builtin_roles(actor=SYSTEM)["privacy_officer"]
    user = User.objects.create(username="officer", name="officer", locale="en")
    user.roles.set([role])
    client = Client()
    client.force_login(user)
    return client


def ask(client: Client, known: Known, kind: str, *, identity: str = "") -> Request:
    told = {"customer_id": known.person.pk, "kind": kind, "received_on": "2026-11-20", "wish": f"{NAME} asks"}
    assert client.post("/privacy/", told).status_code == 302
    one = Request.objects.get(kind=kind)
    if identity:
        client.post(f"/privacy/requests/{one.pk}/identity/", {"identity": identity})
    return one


def test_an_erasure_is_carried_out_from_the_desk(officer: Client, known: Known) -> None:
    one = ask(officer, known, "erase")
    address = f"/privacy/requests/{one.pk}/"
    assert officer.post(f"{address}erase/", {"confirmed": NAME}).status_code == 422
    assert Customer.objects.filter(name=NAME).exists()
    officer.post(f"{address}identity/", {"identity": "called back"})
    assert officer.post(f"{address}erase/", {"confirmed": "somebody"}).status_code == 422
    assert officer.post(f"{address}erase/", {"confirmed": NAME}).status_code == 302
    erasure = Erasure.objects.get()
    assert erasing.sweep_erasure(actor=SYSTEM, erasure_id=erasure.pk, at=NOON).state == Erasure.State.DONE
    one.refresh_from_db()
    assert (one.state, one.customer_id, one.wish, one.identity, one.erasure_id) == ("done", None, "", "", erasure.pk)
    assert officer.get(address).status_code == 200
    for page in ("", f"{erasure.pk}/", f"{erasure.pk}/progress/"):
        assert officer.get(f"/privacy/erasures/{page}").status_code == 200


def test_a_copy_holds_what_is_kept_and_nothing_of_our_people(officer: Client, known: Known) -> None:
    sealing.put_id_number(actor=SYSTEM, customer_id=known.person.pk, value=ID_NUMBER, at=NOON)
    create_field(
        actor=SYSTEM, at=NOON, record=guarded.RECORD, kind=Kind.NUMBER, label="Shoe size", rules={"unit": "EU"}
    )
    Customer.objects.filter(pk=known.person.pk).update(custom={"shoe_size": 43})
    one = ask(officer, known, "copy")
    assert officer.post(f"/privacy/requests/{one.pk}/copy/").status_code == 422
    officer.post(f"/privacy/requests/{one.pk}/identity/", {"identity": "called back"})
    answer = officer.post(f"/privacy/requests/{one.pk}/copy/")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        told: dict[str, Any] = json.loads(archive.read("data.json"))
        page = next(archive.read(name).decode() for name in archive.namelist() if name.endswith(".html"))
    assert told["name"] == NAME
    assert PHONE in json.dumps(told)
    assert PHONE in page
    assert OTHER_NAME not in page
    assert {"Orders", "Identifiers", "Encrypted fields"} <= {part["title"] for part in told["parts"]}
    assert ID_NUMBER in page
    assert "Shoe size" in page
    assert "43 EU" in page


@pytest.mark.parametrize(("closed", "label"), [(guarded.key("id_number"), "ID number"), (AMOUNT, "Amounts and prices")])
def test_a_copy_that_would_hold_what_its_maker_may_not_see_is_refused(
    officer: Client, known: Known, closed: str, label: str
) -> None:
    sealing.put_id_number(actor=SYSTEM, customer_id=known.person.pk, value=ID_NUMBER, at=NOON)
    role = Role.objects.get(code="privacy_officer")
    accounts.put_field_access(actor=SYSTEM, role=role, levels={closed: Sight.MASKED})
    refused = officer.post(f"/privacy/requests/{ask(officer, known, 'copy', identity='called').pk}/copy/")
    assert refused.status_code == 403
    text = refused.content.decode()
    assert label in text
    assert ID_NUMBER not in text


def test_what_is_wrong_is_corrected_whoever_owns_it_and_before_and_after_are_kept(
    officer: Client, known: Known
) -> None:
    one = ask(officer, known, "correct")
    address = f"/privacy/requests/{one.pk}/"
    phone = Identifier.objects.get(customer=known.person, kind="phone")
    told = {"name": "欧阳清", "city": "苏州", f"identifier_{phone.pk}": "13912345679"}
    assert officer.post(f"{address}correct/", told).status_code == 422
    officer.post(f"{address}identity/", {"identity": "called back"})
    assert "13912345678" in officer.get(address).content.decode()
    assert officer.post(f"{address}correct/", {**told, "birthday_on": "tomorrow"}).status_code == 422
    assert Customer.objects.get(pk=known.person.pk).name == NAME
    mail = Identifier.objects.get(customer=known.person, kind="email")
    assert officer.post(f"{address}correct/", {**told, f"identifier_{mail.pk}": mail.value}).status_code == 302
    phone.refresh_from_db()
    assert (Customer.objects.get(pk=known.person.pk).name, phone.value) == ("欧阳清", "13912345679")
    one.refresh_from_db()
    assert {change["field"]: change["after"] for change in one.changes}.items() >= told.items()
    page = officer.get(address).content.decode()
    assert f"{NAME} → 欧阳清" in page
    erasing.erase_person(actor=SYSTEM, customer_id=known.person.pk, at=NOON)
    one.refresh_from_db()
    assert one.changes == []


def propose(officer: Client, known: Known, **told: str) -> tuple[Request, dict[str, Proposal]]:
    one = ask(officer, known, "correct")
    assert officer.post(f"/privacy/requests/{one.pk}/propose/", told).status_code == 302
    return one, {row.field: row for row in Proposal.objects.filter(request=one)}


def test_a_proposal_waits_until_somebody_decides(officer: Client, known: Known) -> None:
    one, proposed = propose(officer, known, name="欧阳清", city="苏州")
    address, user = f"/privacy/requests/{one.pk}/", User.objects.get(username="officer")
    assert {row.field: (row.seen, row.value, row.state, row.proposed_by_id) for row in proposed.values()} == {
        "name": (NAME, "欧阳清", "open", user.pk),
        "city": ("上海", "苏州", "open", user.pk),
    }
    # Once more: the newer wish stands in place of the older one.
    officer.post(f"{address}propose/", {"city": "无锡"})
    assert Proposal.objects.get(field="city").value == "无锡"
    decide = {name: f"{address}proposals/{row.pk}/" for name, row in proposed.items()}
    assert officer.post(decide["city"], {"seen": "上海"}).status_code == 422  # nobody's identity was checked
    officer.post(f"{address}identity/", {"identity": "called back"})
    assert officer.post(decide["name"], {"is_refused": "1"}).status_code == 422
    assert officer.post(f"{address}close/", {"outcome": "done"}).status_code == 422  # something is undecided
    Customer.objects.filter(pk=known.person.pk).update(city="绍兴")
    assert "绍兴" in officer.get(address).content.decode()
    assert officer.post(decide["city"], {"seen": "上海"}).status_code == 422
    assert Customer.objects.get(pk=known.person.pk).city == "绍兴"
    assert officer.post(decide["city"], {"seen": "绍兴"}).status_code == 302
    assert officer.post(decide["city"], {"seen": "无锡"}).status_code == 422  # decided already
    assert officer.post(decide["name"], {"is_refused": "1", "reason": "the passport says otherwise"}).status_code == 302
    person = Customer.objects.get(pk=known.person.pk)
    assert (person.name, person.city) == (NAME, "无锡")
    states = {row.field: (row.state, row.seen, row.reason, row.decided_by_id) for row in Proposal.objects.all()}
    assert states == {
        "city": ("accepted", "绍兴", "", user.pk),
        "name": ("refused", NAME, "the passport says otherwise", user.pk),
    }
    one.refresh_from_db()
    assert [(change["before"], change["after"]) for change in one.changes] == [("绍兴", "无锡")]
    assert officer.post(f"{address}proposals/0/", {}).status_code == 404
    assert officer.post(f"{address}close/", {"outcome": "done"}).status_code == 302
    erasing.erase_person(actor=SYSTEM, customer_id=known.person.pk, at=NOON)
    assert not Proposal.objects.exists()


def test_a_refused_request_refuses_what_was_proposed_and_retention_takes_it(officer: Client, known: Known) -> None:
    one, _proposed = propose(officer, known, city="苏州")
    requests.note_identity(actor=SYSTEM, request_id=one.pk, identity="called back")
    requests.close_request(actor=SYSTEM, request_id=one.pk, is_refused=True, outcome="not theirs", at=NOON)
    row = Proposal.objects.get()
    assert (row.state, row.reason, row.decided_at) == ("refused", "not theirs", NOON)
    retention.put_rule(actor=SYSTEM, subject="requests", months=12, basis="no need", is_active=True)
    retention.run_rules(actor=SYSTEM, at=NOON + timedelta(days=400))
    assert not Proposal.objects.exists()


def test_who_does_not_read_a_field_neither_sees_nor_accepts_what_is_proposed_for_it(
    officer: Client, known: Known
) -> None:
    phone = Identifier.objects.get(customer=known.person, kind="phone")
    one, proposed = propose(officer, known, **{f"identifier_{phone.pk}": "13912345679"})
    officer.post(f"/privacy/requests/{one.pk}/identity/", {"identity": "called back"})
    accounts.put_field_access(
        actor=SYSTEM, role=Role.objects.get(code="privacy_officer"), levels={guarded.key("phone"): Sight.MASKED}
    )
    address = f"/privacy/requests/{one.pk}/"
    assert not {PHONE, "13912345679"} & set(re.findall("[0-9]{11}", officer.get(address).content.decode()))
    [row] = proposed.values()
    assert officer.post(f"{address}proposals/{row.pk}/", {}).status_code == 422
    correcting.decide(
        actor=SYSTEM, request_id=one.pk, proposal_id=row.pk, is_refused=False, reason="", at=NOON, seen=PHONE
    )
    page = officer.get(address).content.decode()
    assert "139****5679" in page
    assert not {PHONE, "13912345679"} & set(re.findall("[0-9]{11}", page))
    # Nor does the history of the desk hold it, which anybody reads who sees the customer.
    entries = Entry.objects.filter(table_name__in=("privacy_request", "privacy_proposal")).values("pk")
    assert "13912345679" not in json.dumps(list(Payload.objects.filter(pk__in=entries).values_list("texts", flat=True)))


def test_exports_that_held_the_person_are_named_as_recipients(officer: Client, known: Known) -> None:
    boss = User.objects.create(username="boss", name="boss", locale="en")
    boss.roles.set([accounts.put_builtin_roles(actor=SYSTEM)["administrator"]])
    browser = Client()
    browser.force_login(boss)
    only_other = browser.get("/customers/export/csv/", {"q": OTHER_NAME, "cols": "name"})
    everybody = browser.get("/customers/export/xlsx/", {"cols": "name,city"})
    for answer in (only_other, everybody):
        list(answer.streaming_content)
    Purpose.objects.create(name="delivery", basis="contract", recipients="SF Express")
    found = recipients.list_recipients(actor=SYSTEM, customer_id=known.person.pk)
    assert [(one.who, one.format, one.columns) for one in found.exports] == [("boss", "XLSX", ["名称", "城市"])]
    other = recipients.list_recipients(actor=SYSTEM, customer_id=known.other.pk)
    assert sorted(one.format for one in other.exports) == ["CSV", "XLSX"]
    one, proposed = propose(officer, known, city="苏州")
    address = f"/privacy/requests/{one.pk}/"
    officer.post(f"{address}identity/", {"identity": "called back"})
    officer.post(f"{address}proposals/{proposed['city'].pk}/", {"seen": "上海"})
    page = officer.get(address).content.decode()
    assert "Exported by boss as XLSX" in page
    assert "SF Express" in page
    # Their own history tells it as well.
    assert "Contained in an export" in browser.get(f"/customers/{known.person.pk}/history/").content.decode()


def test_what_a_person_takes_along_is_theirs_and_follows_its_schema(officer: Client, known: Known) -> None:
    for kind, label in ((Kind.NUMBER, "Seats"), (Kind.LONG_TEXT, "Our view")):
        create_field(actor=SYSTEM, at=NOON, record=guarded.RECORD, kind=kind, label=label)
    Customer.objects.filter(pk=known.person.pk).update(custom={"seats": 3, "our_view": "x"})
    one = ask(officer, known, "transfer", identity="called back")
    answer = officer.post(f"/privacy/requests/{one.pk}/copy/")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    told = json.loads(files["data.json"])
    jsonschema_rs.validate(json.loads(files["schema.json"]), told)
    names = {table["name"] for table in told["tables"]}
    assert {"customers_customer", "customers_identifier", "commerce_order"} <= names
    assert not {"customers_activity", "customers_customertag", "customers_customerfacts"} & names
    assert PHONE in files["customers_identifier.csv"]
    (person,) = (table for table in told["tables"] if table["name"] == "customers_customer")
    assert person["rows"][0]["custom.seats"] == 3
    assert {"name": "custom.seats", "title": "Seats", "type": "number"} in person["columns"]
    assert "custom.our_view" not in person["rows"][0]
    assert f"FN:{NAME}\r\n" in files["contact.vcf"]
    assert all(len(line.encode()) <= 75 for line in files["contact.vcf"].split("\r\n"))


def test_a_program_takes_data_out_for_a_reason_that_stays_in_the_history(officer: Client, known: Known) -> None:
    one = ask(officer, known, "transfer")
    may_call = accounts.create_role(actor=SYSTEM, name="programs", grants={"accounts.use_api": Scope.ALL})
    User.objects.get(username="officer").roles.add(may_call)

    def take(**told: str) -> Any:
        return officer.post(f"/api/v1/privacy/requests/{one.pk}/copy", told, content_type="application/json")

    assert take(reason="sent by courier").status_code == 422  # nobody's identity was checked
    requests.note_identity(actor=SYSTEM, request_id=one.pk, identity="called back")
    assert take().status_code == 422
    answer = take(reason="sent by courier")
    assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (200, "application/zip", "no-store")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert json.loads(archive.read("data.json"))["person"]["name"] == NAME
    event = Entry.objects.get(action="privacy.copy_person")
    told = Payload.objects.get(entry_id=event.pk).texts[0]
    assert json.loads(told) == {"kind": "transfer", "reason": "sent by courier"}
    closed = requests.take_request(actor=SYSTEM, customer_id=known.person.pk, kind="explain", received_on=TODAY)
    address = f"/api/v1/privacy/requests/{closed.pk}/copy"
    assert officer.post(address, {"reason": "sent"}, content_type="application/json").status_code == 422


def test_a_request_is_closed_only_with_an_identity_and_a_refusal_only_with_a_reason(known: Known) -> None:
    one = requests.take_request(actor=SYSTEM, customer_id=known.person.pk, kind="correct", received_on=TODAY)
    close = {"actor": SYSTEM, "request_id": one.pk, "at": NOON}
    with pytest.raises(requests.RequestUnfit):
        requests.close_request(**close, is_refused=False, outcome="done")
    requests.note_identity(actor=SYSTEM, request_id=one.pk, identity="called back")
    with pytest.raises(requests.RequestUnfit):
        requests.close_request(**close, is_refused=True, outcome="")
    assert requests.close_request(**close, is_refused=True, outcome="not theirs").state == "refused"
    with pytest.raises(requests.RequestClosed):
        requests.close_request(**close, is_refused=False, outcome="again")


def agree(known: Known, *, is_given: bool = True, **more: str) -> Consent:
    purpose, _is_new = Purpose.objects.get_or_create(name="news", defaults={"basis": "consent"})
    told = {"wording": "v1", "evidence": "form 7"} | more
    return consents.record_consent(
        actor=SYSTEM, customer_id=known.person.pk, purpose=purpose, channel="sms", is_given=is_given, source="form",
        at=NOON, **told,
    )  # fmt: skip


def may_write(customer: Customer) -> bool:
    phone = Identifier.objects.get(customer=customer, value_normal=f"+86{PHONE}")
    purpose = Purpose.objects.get(name="news")
    return selectors.may_contact(customer_id=customer.pk, purpose=purpose, identifier=phone, channel="sms", today=TODAY)


def test_consent_needs_proof_and_holds_until_it_is_withdrawn(known: Known) -> None:
    with pytest.raises(consents.ConsentUnfit):
        agree(known, evidence="")
    agree(known)
    assert may_write(known.person)
    agree(known, is_given=False)
    assert not may_write(known.person)


def test_the_person_withdraws_without_logging_in_and_the_number_is_shut_wherever_it_stands(known: Known) -> None:
    link = selectors.withdrawal_path(customer_id=known.person.pk, purpose_id=agree(known).purpose_id, channel="sms")
    guest = Client(enforce_csrf_checks=True)
    assert guest.get(link).status_code == 200
    assert may_write(known.person)
    assert guest.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert guest.post(link).status_code == 200
    assert not may_write(known.person)
    assert Consent.objects.filter(is_given=False, source="link").count() == 1
    assert guest.get(link.replace("/withdraw/", "/withdraw/x")).status_code == 404
    erasing.erase_person(actor=SYSTEM, customer_id=known.person.pk, at=NOON)
    assert Suppression.objects.exists()
    add_phone(known.other, PHONE)
    assert not may_write(known.other)
    assert guest.post(link).status_code == 200


def test_a_child_is_written_to_only_with_a_guardian(known: Known) -> None:
    Customer.objects.filter(pk=known.person.pk).update(birthday_on=TODAY - timedelta(days=3650))
    with pytest.raises(consents.ConsentUnfit):
        agree(known)
    consents.mark_minor(actor=SYSTEM, customer_id=known.person.pk, is_under=True, guardian="mother, form 8", at=NOON)
    agree(known)
    assert may_write(known.person)


def test_retention_counts_first_and_then_does_what_the_rule_says(known: Known) -> None:
    later = NOON + timedelta(days=400)
    done_on = {"actor": SYSTEM, "at": later}
    assert retention.count_due(**done_on, subject="import_files", months=12) == 2
    assert retention.run_rules(**done_on) == {}
    for subject in ("import_files", "activities", "prospects"):
        retention.put_rule(actor=SYSTEM, subject=subject, months=12, basis="no need", is_active=True)
    files = [job.file for job in Import.objects.exclude(merged_at=None)]
    done = retention.run_rules(**done_on)
    assert (done["import_files"], done["prospects"]) == (2, 1)
    assert not any(file.exists() for file in files)
    assert Customer.objects.get() == known.person  # who has an order
    assert not Activity.objects.exists()


def test_the_form_offers_today_as_browsers_read_dates(officer: Client) -> None:
    assert re.search(r'value="[0-9]{4}-[0-9]{2}-[0-9]{2}"', officer.get("/privacy/").content.decode())


def test_the_pages_open(officer: Client, known: Known) -> None:
    for address in ("", "processing/", "processing/csv/", "inventory/", "inventory/csv/", "processing/retention/",
                    "processing/purposes/new/", f"customers/{known.person.pk}/consents/"):  # fmt: skip
        assert officer.get(f"/privacy/{address}").status_code == 200, address
