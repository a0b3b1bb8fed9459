"""Exports that come again: with what their owner may at that moment, or not at all."""

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from zhike.accounts import services as accounts
from zhike.accounts.models import Notice, SavedView, User
from zhike.accounts.notice_words import mail_of, told
from zhike.core.acting import acting
from zhike.core.actor import EVERYWHERE, SYSTEM, Scope, Sight
from zhike.customers.guarded import RECORD
from zhike.customers.tests.conftest import NOON, Company, MakeCustomer
from zhike.exports import grounds, selectors
from zhike.exports.models import Export, Schedule
from zhike.exports.rhythm import Rhythm
from zhike.exports.services import keeping, making, scheduling, starting, working
from zhike.exports.services.scheduling import Draft
from zhike.exports.services.starting import Wanted
from zhike.metadata.models import Kind
from zhike.metadata.services import definitions

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]
DAY = timedelta(days=1)


def schedule(company: Company, **more: Any) -> Schedule:
    actor = company.actor("seller")
    wanted = Wanted(kind="customers", format="csv", query=more.pop("query", "cols=name,city"))
    with acting(actor):
        draft = Draft(name="weekly", wanted=wanted, rhythm=Rhythm(every="daily", at=time(8)), **more)
        return scheduling.create_schedule(actor=actor, draft=draft, at=NOON)


def run(days: int = 1) -> list[Export]:
    with acting(SYSTEM, origin="task"):
        began = scheduling.run_due(at=NOON + days * DAY)
        made = list(Export.objects.filter(status="waiting"))
    assert began == len(made)
    for one in made:
        working.work_off(export_id=one.pk, now=lambda: NOON + days * DAY)
        one.refresh_from_db()
    return made


def heard(user: User) -> list[str]:
    with translation.override("en"):
        return [told(notice).title for notice in Notice.objects.filter(user=user).order_by("pk")]


def test_it_comes_at_its_time_and_is_told_and_shared(company: Company, make_customer: MakeCustomer) -> None:
    make_customer("Ada", owner=company.seller)
    made = schedule(company, share_with=(company.boss.pk, company.colleague.pk))
    assert run(0) == []
    [export] = run()
    assert (export.status, export.done, export.owner_id) == ("done", 1, company.seller.pk)
    assert export.shared_with == [company.boss.pk]  # the colleague could not make it
    made.refresh_from_db()
    assert made.next_at == NOON.replace(hour=0) + 2 * DAY
    assert heard(company.seller) == ["The export “weekly” is ready: 1 record"]
    assert heard(company.boss) == [f"seller shared the export {export.code} with you"]
    assert heard(company.colleague) == []
    # What was missed while nothing ran is made up for once.
    assert len(run(9)) == 1
    with acting(SYSTEM):
        assert scheduling.run_due(at=NOON + 9 * DAY) == 0


@pytest.mark.parametrize("change", ["rights", "view_gone", "list_changed", "account"])
def test_it_stops_and_says_why(company: Company, make_customer: MakeCustomer, change: str) -> None:
    make_customer("Ada", owner=company.seller)
    view = SavedView.objects.create(user=company.seller, page="customers", name="mine", query="f=city:is:上海")
    made = schedule(company, view_id=view.pk) if change == "view_gone" else schedule(company, query="f=city:is:上海")
    match change:
        case "rights":
            company.seller.roles.set([])
        case "view_gone":
            view.delete()
        case "list_changed":
            [role] = company.seller.roles.all()
            accounts.put_field_access(actor=SYSTEM, role=role, levels={"customers.customer.city": Sight.HIDDEN})
        case "account":
            User.objects.filter(pk=company.seller.pk).update(is_active=False)
    assert run() == []
    made.refresh_from_db()
    assert (made.stopped, made.next_at) == (change, None)
    told_of = [] if change == "account" else ["The scheduled export “weekly” was stopped"]  # who left gets no mail
    assert heard(company.seller) == told_of
    with acting(SYSTEM):
        assert scheduling.run_due(at=NOON + 3 * DAY) == 0


def test_it_follows_its_view(company: Company, make_customer: MakeCustomer) -> None:
    make_customer("Ada", owner=company.seller, city="上海")
    make_customer("Bob", owner=company.seller, city="北京")
    view = SavedView.objects.create(user=company.seller, page="customers", name="mine", query="f=city:is:上海")
    schedule(company, view_id=view.pk)
    SavedView.objects.filter(pk=view.pk).update(query="f=city:is:北京&cols=name")
    [export] = run()
    assert "Bob" in export.file.read_text(encoding="utf-8")
    assert "Ada" not in export.file.read_text(encoding="utf-8")
    other = SavedView.objects.create(user=company.boss, page="customers", name="theirs", query="")
    with pytest.raises(scheduling.ViewGone):
        schedule(company, view_id=other.pk)


def test_it_is_made_paused_and_removed_on_its_page(company: Company, make_customer: MakeCustomer) -> None:
    client = Client()
    client.force_login(company.seller)
    new = "/exports/schedules/new/customers/?list=f=city:is:%E4%B8%8A%E6%B5%B7"
    assert "City is 上海" in client.get(new).text
    told_ = {"name": "monthly", "every": "monthly", "day": "31", "weekday": "1", "at": "07:30"}
    told_ |= {"format": "xlsx", "scope": "shown"}
    assert client.post(new, {**told_, "at": "25:00"}).status_code == 422
    assert client.post(new, told_).status_code == 302
    made = Schedule.objects.get()
    assert (made.day, made.at, made.query) == (31, time(7, 30), "f=city:is:上海")
    page = client.get("/exports/schedules/").text
    assert "Every month on day 31 at 07:30" in page
    stranger = Client()
    stranger.force_login(company.colleague)
    assert stranger.post(f"/exports/schedules/{made.pk}/delete/").status_code == 404
    assert "monthly" not in stranger.get("/exports/schedules/").text
    client.post(f"/exports/schedules/{made.pk}/pause/")
    assert "Paused" in client.get("/exports/schedules/").text
    client.post(f"/exports/schedules/{made.pk}/resume/")
    made.refresh_from_db()
    assert made.stopped == ""
    client.post(f"/exports/schedules/{made.pk}/delete/")
    assert not Schedule.objects.exists()


def test_ten_of_one_person(company: Company) -> None:
    for _number in range(scheduling.MOST):
        schedule(company)
    with pytest.raises(scheduling.ScheduleRefused):
        schedule(company)
    company.seller.roles.set([accounts.create_role(actor=SYSTEM, name="x", grants={"accounts.use_api": Scope.OWN})])
    client = Client(raise_request_exception=False)
    client.force_login(company.seller)
    assert client.get("/exports/schedules/new/customers/").status_code == 403


def test_more_than_three_at_a_time_wait_for_each_other(company: Company, make_customer: MakeCustomer) -> None:
    make_customer("Ada", owner=company.seller)
    for _number in range(starting.MOST_OPEN + 1):
        schedule(company)
    assert len(run()) == starting.MOST_OPEN
    assert len(run()) == 1
    assert heard(company.seller) == ["The export “weekly” is ready: 1 record"] * 4


def test_one_that_cannot_be_made_keeps_no_other_waiting(
    company: Company, make_customer: MakeCustomer, caplog: pytest.LogCaptureFixture
) -> None:
    make_customer("Ada", owner=company.seller)
    broken, sound = schedule(company, query="f=city:is:上海"), schedule(company)
    with pytest.MonkeyPatch.context() as patched:
        take = grounds.take

        def fail(**given: Any) -> Any:
            if given["state"].tree.items:
                raise ValueError("x")
            return take(**given)

        patched.setattr(grounds, "take", fail)
        [export] = run()
    assert export.schedule_id == sound.pk
    broken.refresh_from_db()
    assert broken.stopped == "list_changed"
    assert "cannot be made" in caplog.text


def test_a_file_never_holds_columns_that_were_not_asked_for(company: Company, make_customer: MakeCustomer) -> None:
    make_customer("Ada", owner=company.seller, city="上海")
    field = definitions.create_field(actor=SYSTEM, at=NOON, record=RECORD, kind=Kind.TEXT, label="Size")
    view = SavedView.objects.create(user=company.seller, page="customers", name="mine", query="cols=custom.size,city")
    made = schedule(company, view_id=view.pk)
    definitions.archive_field(actor=SYSTEM, pk=field.pk, at=NOON)
    [export] = run()
    assert export.columns == ["city"]
    SavedView.objects.filter(pk=view.pk).update(query="cols=custom.size")
    assert run(2) == []
    made.refresh_from_db()
    assert made.stopped == "list_changed"
    # Closed between asking and making.
    schedule(company, query="cols=city")
    with acting(SYSTEM, origin="task"):
        scheduling.run_due(at=NOON + 3 * DAY)
    [role] = company.seller.roles.all()
    accounts.put_field_access(actor=SYSTEM, role=role, levels={"customers.customer.city": Sight.HIDDEN})
    waiting = Export.objects.get(status="waiting")
    working.work_off(export_id=waiting.pk, now=lambda: NOON + 3 * DAY)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.file.exists()) == ("refused", False)


def test_what_a_key_may_not_see_is_in_no_file_that_it_asks_for(company: Company, make_customer: MakeCustomer) -> None:
    """Also where the file is made in the background, and for service accounts."""
    make_customer("Ada", owner=company.seller)
    rules = {"of": "orders", "function": "count"}
    definitions.create_field(actor=SYSTEM, at=NOON, record=RECORD, kind=Kind.ROLLUP, label="Orders", rules=rules)
    User.objects.filter(pk=company.seller.pk).update(kind=User.Kind.SERVICE)
    owner = company.actor("seller")
    key = replace(owner, grants={code: reach for code, reach in owner.grants.items() if code != "commerce.view_order"})
    for actor, expected in ((owner, True), (key, False)):
        with acting(actor):
            wanted = Wanted(kind="customers", format="csv", is_everything=True)
            made = starting.prepare_export(actor=actor, wanted=wanted, at=NOON)
        working.work_off(export_id=made.pk, now=lambda: NOON)
        made.refresh_from_db()
        assert (made.status, "custom.orders" in made.columns) == ("done", expected), made.error
        with acting(key):
            if expected:
                with pytest.raises(grounds.ExportClosed):
                    keeping.take_file(actor=key, export_id=made.pk)
            else:
                assert keeping.take_file(actor=key, export_id=made.pk)


def test_what_died_before_it_was_told_is_told_and_shared_later(company: Company, make_customer: MakeCustomer) -> None:
    make_customer("Ada", owner=company.seller)
    schedule(company, share_with=(company.boss.pk,))
    with acting(SYSTEM, origin="task"):
        scheduling.run_due(at=NOON + DAY)
    made = Export.objects.get()
    with acting(company.actor("seller"), origin="task"):
        making.make_export(actor=company.actor("seller"), export_id=made.pk, now=lambda: NOON + DAY, is_awaited=False)
    with acting(SYSTEM):
        assert working.tell_untold(at=NOON + DAY) == 0  # its process may still come to it
        assert working.tell_untold(at=NOON + DAY + timedelta(minutes=6)) == 1
        assert working.tell_untold(at=NOON + 2 * DAY) == 0
    made.refresh_from_db()
    assert made.shared_with == [company.boss.pk]
    assert len(heard(company.seller)) == len(heard(company.boss)) == 1


def test_a_notice_of_a_failure_holds_nothing_of_the_filter(company: Company, make_customer: MakeCustomer) -> None:
    make_customer("Ada", owner=company.seller)
    schedule(company)
    with acting(SYSTEM, origin="task"):
        scheduling.run_due(at=NOON + DAY)
    made = Export.objects.get()
    Export.objects.filter(pk=made.pk).update(query="f=amount:from:13800138000x")
    working.work_off(export_id=made.pk, now=lambda: NOON + DAY)
    made.refresh_from_db()
    assert "13800138000x" in made.error
    notice = Notice.objects.get(user=company.seller)
    assert "13800138000" not in f"{notice.details} {mail_of(notice, company.seller)}"
    reader = replace(company.actor("guest"), grants={"exports.view_export": EVERYWHERE})
    Export.objects.filter(pk=made.pk).update(grounds={})
    assert selectors.Outline.of(Export.objects.get(pk=made.pk), actor=reader).error == "•••"
