"""Exports of customers: what they hold, who takes them, how long they stay."""

from datetime import date, timedelta
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.conf import settings
from django.test import Client

from zhike.accounts import services as accounts
from zhike.accounts.actors import actor_of
from zhike.accounts.models import User
from zhike.audit.models import Entry, Payload
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM, Actor, Scope, Sight
from zhike.core.personal import Traces
from zhike.customers.models import Customer
from zhike.customers.tests.conftest import NOON, Company, MakeCustomer
from zhike.exports import formats, grounds, personal, selectors
from zhike.exports.handing_out import hand_out
from zhike.exports.models import Export
from zhike.exports.services import keeping, resuming, starting, working

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]
DAY = timedelta(days=1)
BIRTHDAY, DAY_OF_FIRST_ORDER = date(1990, 5, 17), date(2025, 1, 2)


def client_of(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def begin(actor: Actor, format_: str = "csv", query: str = "", **more: Any) -> Export:
    with acting(actor, origin="web"):
        wanted = starting.Wanted(kind="customers", format=format_, query=query, **more)
        return starting.start_export(actor=actor, wanted=wanted, at=NOON)


def text_of(export: Export) -> str:
    return export.file.read_text(encoding="utf-8-sig")


def test_a_file_holds_the_list_in_its_order_with_its_columns(company: Company, three: list[Customer]) -> None:
    made = begin(company.actor("seller"), query="f=city:is:上海&sort=name&cols=name,city")
    assert (made.status, made.done, made.total) == ("done", 3, 3)
    assert made.sentence == "City is 上海"
    lines = text_of(made).splitlines()
    assert lines == [
        "Name,City,Export number",
        *(f"{name},上海,{made.code}" for name in ("阿三", "李二", "周一")),
    ]
    back = begin(company.actor("seller"), query="sort=-name&cols=name")
    assert [line.split(",")[0] for line in text_of(back).splitlines()[1:]] == ["周一", "李二", "阿三"]


def test_a_file_calls_things_as_the_list_does(company: Company, make_customer: MakeCustomer) -> None:
    facts = {"grade": "small", "stage": "lost", "amount": "302.4", "first_order_on": DAY_OF_FIRST_ORDER}
    more = {"province": "江苏省", "country": "中国", "birthday_on": BIRTHDAY}
    make_customer("阿三", owner=company.seller, team=company.shop, facts=facts, **more)
    make_customer("李二", owner=company.seller, team=company.shop)
    columns = "name,grade,stage,amount,country,province,birthday,first_order"
    made = begin(company.actor("seller"), query=f"cols={columns}")
    lines = [line.removesuffix(f",{made.code}") for line in text_of(made).splitlines()[1:]]
    assert sorted(lines, reverse=True) == [
        "阿三,Small customer,Lost,302.4,中国,江苏省,1990-05-17,2025-01-02",
        "李二,,,,,,,",
    ]
    page = client_of(company.seller).get(f"/customers/?cols={columns}").content.decode()
    for said in ("江苏省", "1990-05-17", "2025-01-02"):
        assert said in page
    # The answer says that it is a file: a link that said so too would save a page that asks for a reason as one.
    assert " download>" not in page


def test_everything_is_every_field_that_one_reads_in_its_type(company: Company, three: list[Customer]) -> None:
    made = begin(company.actor("seller"), "parquet", is_everything=True)
    table = pq.read_table(made.file)
    row = table.to_pylist()[0]
    assert row["number"] == three[2].pk
    assert row["emails"] == "box2@example.com"
    assert row["created"] == NOON
    assert {"birthday", "note", "province", "custom", "tags"} - {*row} <= {"custom"}


def test_masks_and_hidden_fields_hold_in_every_format(company: Company, three: list[Customer]) -> None:
    [role] = company.seller.roles.all()
    levels = {"customers.customer.phone": Sight.MASKED, "customers.customer.email": Sight.HIDDEN}
    accounts.put_field_access(actor=SYSTEM, role=role, levels=levels)
    actor = company.actor("seller")
    for format_ in Export.Format.values:
        made = begin(actor, format_, is_everything=True)
        assert made.status == "done", made.error
        content = made.file.read_bytes() if format_ != "parquet" else str(pq.read_table(made.file).to_pylist()).encode()
        assert b"13800138" not in content
        assert b"example.com" not in content
    assert "138****" in text_of(begin(actor, query="cols=name,phone"))


def test_making_and_taking_are_in_the_history_with_whom_it_concerns(company: Company, three: list[Customer]) -> None:
    seller = company.actor("seller")
    made = begin(seller, query="cols=name,city", reason=" the fair ")
    with acting(seller):
        keeping.take_file(actor=seller, export_id=made.pk)
    entries = Entry.objects.filter(
        table_name__in=("", "exports_export", "customers_customer"), action__contains="xport"
    )
    told = [(entry.action, entry.actor_id) for entry in entries.order_by("pk")]
    assert told == [
        ("customers.contained_in_export", seller.user_id),
        ("customers.export_customer", seller.user_id),
        ("exports.download", seller.user_id),
    ]
    event = entries.get(action="customers.export_customer")
    texts = str(Payload.objects.filter(entry_id=event.pk).values_list("texts", flat=True))
    for word in (made.code, "the fair", "city", '"count": 3'):
        assert word in texts.replace("\\", "")


def test_only_who_made_it_takes_it_or_a_colleague_who_could_make_it(company: Company, three: list[Customer]) -> None:
    seller = company.actor("seller")
    made = begin(seller)
    boss, colleague = company.actor("boss"), company.actor("colleague")
    page = f"/exports/{made.pk}/"
    for user in (company.boss, company.colleague):
        assert client_of(user).get(page).status_code == 404
        assert client_of(user).get(f"{page}file/").status_code == 404
    with acting(seller):
        with pytest.raises(keeping.ShareRefused):
            keeping.share_export(actor=seller, export_id=made.pk, colleague=colleague, at=NOON)
        keeping.share_export(actor=seller, export_id=made.pk, colleague=boss, at=NOON)
    answer = client_of(company.boss).get(f"{page}file/")
    assert answer.status_code == 200
    assert "周一" in answer.getvalue().decode("utf-8-sig")
    # The colleague has the persons' data now too.
    contained = Entry.objects.filter(action="customers.contained_in_export", actor_id=company.boss.pk)
    assert contained.count() == 1
    with acting(seller):
        keeping.unshare_export(actor=seller, export_id=made.pk, user_id=company.boss.pk)
    assert client_of(company.boss).get(f"{page}file/").status_code == 404
    # Who may see what others export sees that there is one, and not the file.
    role = accounts.create_role(actor=SYSTEM, name="officer", grants={"exports.view_export": Scope.ALL})
    company.guest.roles.set([role])
    assert made.code in client_of(company.guest).get(f"/exports/?q={made.code}").text
    assert client_of(company.guest).get(f"{page}file/").status_code == 403


def test_what_one_may_no_longer_see_one_cannot_take_any_more(company: Company, three: list[Customer]) -> None:
    made = begin(company.actor("seller"))
    client, file = client_of(company.seller), f"/exports/{made.pk}/file/"
    assert client.get(file).status_code == 200
    Customer.objects.filter(pk=three[0].pk).update(owner=company.colleague)
    answer = client.get(file)
    assert answer.status_code == 403
    assert "1 of the records" in answer.text
    Customer.objects.filter(pk=three[0].pk).update(owner=company.seller)
    [role] = company.seller.roles.all()
    accounts.put_field_access(actor=SYSTEM, role=role, levels={"customers.customer.city": Sight.HIDDEN})
    assert "City" in client.get(file).text
    accounts.put_role(actor=SYSTEM, code=role.code, name="x", grants={"customers.view_customer": Scope.OWN})
    assert client.get(file).status_code == 403


def test_sensitive_fields_leave_for_a_reason_only(company: Company, three: list[Customer]) -> None:
    [role] = company.seller.roles.all()
    accounts.put_field_access(actor=SYSTEM, role=role, levels={"customers.customer.id_number": Sight.READ})
    actor = company.actor("seller")
    with pytest.raises(starting.ReasonMissing):
        begin(actor, query="cols=name,id_number")
    assert begin(actor, query="cols=name,id_number", reason="for the bank").reason == "for the bank"
    client = client_of(company.seller)
    asked = client.get("/customers/export/csv/?cols=name,id_number")
    assert asked.headers["Location"].startswith("/exports/new/customers/?format=csv")
    page = asked.headers["Location"]
    assert "in full: ID number" in client.get(page).text
    assert client.post(page, {"format": "csv", "scope": "shown"}).status_code == 422
    assert client.post(page, {"format": "csv", "scope": "shown", "reason": "bank"}).status_code == 302


def test_a_long_list_is_made_in_the_background_and_can_be_stopped(
    company: Company, three: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "AT_ONCE", 2)
    client = client_of(company.seller)
    assert client.get("/customers/export/csv/").headers["Location"].startswith("/exports/new/customers/?format=csv")
    made = begin(company.actor("seller"))
    assert made.status == "waiting"
    assert "Waiting for its turn" in client.get(f"/exports/{made.pk}/").text
    working.work_off(export_id=made.pk, now=lambda: NOON)
    made.refresh_from_db()
    assert (made.status, made.done) == ("done", 3)
    other = begin(company.actor("seller"))
    assert client.post(f"/exports/{other.pk}/cancel/").status_code == 302
    working.work_off(export_id=other.pk, now=lambda: NOON)
    other.refresh_from_db()
    assert (other.status, other.file.exists()) == ("cancelled", False)
    # One that is being written is stopped at its next beat.
    third = begin(company.actor("seller"))
    times = iter(NOON + timedelta(seconds=2 * number) for number in range(1_000))

    def now() -> Any:
        Export.objects.filter(pk=third.pk).update(is_cancel_requested=True)
        return next(times)

    working.work_off(export_id=third.pk, now=now)
    third.refresh_from_db()
    assert (third.status, third.file.exists(), third.ids_file.exists()) == ("cancelled", False, False)


def test_it_is_made_with_what_its_owner_may_at_that_moment(
    company: Company, three: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "AT_ONCE", 0)
    for change in ("role", "account"):
        made = begin(company.actor("seller"))
        if change == "role":
            roles = [*company.seller.roles.all()]
            company.seller.roles.set([])
        else:
            User.objects.filter(pk=company.seller.pk).update(is_active=False)
        working.work_off(export_id=made.pk, now=lambda: NOON)
        made.refresh_from_db()
        assert (made.status, made.file.exists()) == ("refused", False)
        assert made.error
        company.seller.roles.set(roles)


def test_three_at_a_time_and_no_more_than_there_is_room_for(
    company: Company, three: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = company.actor("seller")
    begin(actor)
    with monkeypatch.context() as full:
        full.setattr(settings, "EXPORTS_BYTES", 1)
        with pytest.raises(starting.ExportsFull):
            begin(actor)
    monkeypatch.setattr(starting, "AT_ONCE", 0)
    for _number in range(starting.MOST_OPEN):
        begin(actor)
    with pytest.raises(starting.TooManyOpen):
        begin(actor)


def test_a_dead_one_is_begun_again_once(company: Company, three: list[Customer], monkeypatch: Any) -> None:
    monkeypatch.setattr(starting, "AT_ONCE", 0)
    made = begin(company.actor("seller"))
    for status in ("waiting", "failed"):
        Export.objects.filter(pk=made.pk).update(status="running", heartbeat_at=NOON)
        with acting(SYSTEM):
            assert resuming.resume_dead(at=NOON + DAY) == 1
        made.refresh_from_db()
        assert made.status == status


def test_files_go_when_their_days_are_over_and_with_whom_is_erased(company: Company, three: list[Customer]) -> None:
    actor = company.actor("seller")
    old, holding = begin(actor), begin(actor, query="q=周一")
    with acting(SYSTEM):
        assert keeping.remove_expired(at=NOON + DAY) == 0
        traces = Traces(customer_ids=(three[1].pk,))
        assert (personal.search_files(traces), personal.sweep_files(traces), personal.search_files(traces)) == (1, 1, 0)
    old.refresh_from_db()
    assert (old.status, old.file.exists(), old.ids_file.exists()) == ("removed", False, False)
    assert holding.file.exists()
    with acting(SYSTEM):
        assert keeping.remove_expired(at=NOON + 8 * DAY) == 1
    assert not holding.file.exists()
    assert client_of(company.seller).get(f"/exports/{holding.pk}/file/").status_code == 410
    with pytest.raises(keeping.ExportNotThere):
        hand_out(holding)  # as if it had gone since it was looked at


def test_the_page_lists_what_left_and_finds_it_by_a_line_of_its_file(
    company: Company, make_customer: MakeCustomer, three: list[Customer]
) -> None:
    client = client_of(company.seller)
    assert "Nothing was exported yet" in client.get("/exports/").text
    client.get("/customers/export/csv/?f=city:is:上海")
    made = Export.objects.get()
    text = client.get("/exports/").text
    for told in (made.code, "City is 上海", "Ready", "Download"):
        assert told in text
    line = text_of(made).splitlines()[1]
    assert made.code in client.get("/exports/", {"q": line}).text
    assert "No export has this number" in client.get("/exports/", {"q": "X22222222Y"}).text
    assert client_of(company.guest).get("/exports/").status_code == 403


def test_a_filter_is_told_to_those_who_read_its_fields(company: Company, three: list[Customer]) -> None:
    made = begin(company.actor("seller"), query="f=city:is:上海&cols=name")
    role = accounts.create_role(
        actor=SYSTEM,
        name="officer",
        grants={"exports.view_export": Scope.ALL, "customers.view_customer": Scope.ALL},
    )
    accounts.put_field_access(actor=SYSTEM, role=role, levels={"customers.customer.city": Sight.HIDDEN})
    company.guest.roles.set([role])
    reader = actor_of(User.objects.get(pk=company.guest.pk))
    assert not grounds.reads_filter(reader, made)
    assert selectors.Outline.of(made, actor=reader).sentence == "•••"
    assert selectors.Outline.of(made, actor=company.actor("seller")).sentence == "City is 上海"


def test_a_list_that_is_too_long_for_a_workbook_is_refused(
    company: Company, three: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    form = formats.FORMATS["xlsx"]
    monkeypatch.setitem(formats.FORMATS, "xlsx", type(form)(**{**vars(form), "most_rows": 2}))
    made = begin(company.actor("seller"), "xlsx")
    assert made.status == "refused"
    assert "at most 2 records" in made.error
