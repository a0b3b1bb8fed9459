"""Panels are arranged by each person for themselves, and what to do next is said with its reason."""

import json
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import translation

from zhike.core.acting import acting
from zhike.core.lists import advice, panels
from zhike.customers import timeline
from zhike.customers.advising import next_birthday
from zhike.customers.cells import Style
from zhike.customers.models import PanelArrangement
from zhike.customers.selectors import record
from zhike.customers.services import activities
from zhike.customers.tests.conftest import NOON, Company, MakeCustomer
from zhike.customers.views.record import _day, _end_of


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ([], ["a", "b", "c", "d"]),
        (["d", "a"], ["d", "a", "b", "c"]),
        (["c", "x", "c", "b"], ["a", "c", "d", "b"]),
    ],
)
def test_panels_of_new_apps_stand_behind_their_neighbours(order: list[str], found: list[str]) -> None:
    assert panels.arranged(["a", "b", "c", "d"], order) == found


def test_each_person_arranges_their_own(company: Company, make_customer: MakeCustomer) -> None:
    mine = make_customer("张伟", owner=company.seller, team=company.shop)
    address = f"/customers/{mine.pk}/"
    seller, boss = Client(), Client()
    seller.force_login(company.seller)
    boss.force_login(company.boss)
    done = seller.post(f"{address}panels/", {"key": ["history", "next", "nonsense"], "shown": ["next"]})
    assert done.content.decode().index('value="history"') < done.content.decode().index('value="next"')
    page = seller.get(address).content.decode()
    assert f'hx-get="{address}next/"' in page
    assert f'hx-get="{address}history/panel/"' not in page
    assert f'hx-get="{address}history/panel/"' in boss.get(address).content.decode()
    assert PanelArrangement.objects.get().hidden == ["history"]
    seller.post(f"{address}panels/")
    assert f'hx-get="{address}history/panel/"' in seller.get(address).content.decode()


def test_what_is_due_and_what_was_done_follow_the_time_line(company: Company, make_customer: MakeCustomer) -> None:
    one = make_customer("张伟", owner=company.seller)
    client = Client()
    client.force_login(company.seller)
    for panel in ("next", "history/panel"):
        text = client.get(f"/customers/{one.pk}/{panel}/").content.decode()
        assert f'hx-get="/customers/{one.pk}/{panel}/"' in text
        assert "timeLineWritten from:body" in text
    said = client.post(f"/customers/{one.pk}/activities/", {"kind": "call", "text": "谈过价格"})
    told = json.loads(said.headers["HX-Trigger"])
    assert told.keys() == {"toast", "timeLineWritten"}
    # Taking it back tells nothing, so that the whole page shows itself anew.
    assert "HX-Trigger" not in client.post(told["toast"]["undoUrl"]).headers


def test_advice_says_its_reasons_and_the_weightiest_first(company: Company, make_customer: MakeCustomer) -> None:
    day = date(2026, 10, 1)
    facts = {"grade": "top", "last_order_on": day, "interval_days": 20.0, "overdue_rate": 2.0, "order_count": 2}
    one = make_customer("张伟", owner=company.seller, birthday_on=date(1990, 11, 25), facts=facts)
    seller = company.actor("seller")

    def said() -> dict[str, str]:
        with acting(seller), translation.override("en"):
            found = advice.list_advice(page="customer", record_id=one.pk, actor=seller, today=NOON.date())
        return {item.key: item.why for item in found}

    assert said() == {
        "birthday": "The birthday is on November 25, in 3 days.",
        "purchase": "Orders about every 20 days, so the next one was expected on 2026-10-21: 32 days ago.",
        "follow_up": "Nobody has written down a follow-up yet.",
    }
    activities.add_activity(
        actor=seller,
        customer_id=one.pk,
        kind="call",
        text="谈过",
        at=NOON,
        happened_at=NOON - timedelta(days=15),
    )
    assert "every 14 days" in said()["follow_up"]
    activities.add_activity(actor=seller, customer_id=one.pk, kind="call", text="谈过", at=NOON)
    assert list(said()) == ["birthday", "purchase"]


def test_birthdays_on_a_leap_day() -> None:
    born = date(2000, 2, 29)
    assert next_birthday(born, date(2027, 2, 1)) == date(2027, 2, 28)
    assert next_birthday(born, date(2028, 2, 28)) == date(2028, 2, 29)
    assert next_birthday(born, date(2027, 3, 1)) == date(2028, 2, 29)


def test_the_time_line_begins_at_the_end_of_a_day(company: Company, make_customer: MakeCustomer) -> None:
    one = make_customer("张伟", owner=company.seller)
    seller = company.actor("seller")
    with acting(seller):
        for days in range(5):
            activities.add_activity(
                actor=seller, customer_id=one.pk, kind="note", text=str(days), at=NOON - timedelta(days=days)
            )
        page = timeline.list_time_line(
            actor=seller, customer_id=one.pk, until=_end_of(date(2026, 11, 20), seller), size=2
        )
        assert [entry.lines[0] for entry in page.entries] == ["2", "3"]
        rest = timeline.list_time_line(actor=seller, customer_id=one.pk, after=page.next_cursor)
        assert [entry.lines[0] for entry in rest.entries] == ["4"]
    client = Client()
    client.force_login(company.seller)
    assert client.get(f"/customers/{one.pk}/?until=nonsense").status_code == 200
    assert "Back to the latest" in client.get(f"/customers/{one.pk}/time-line/?until=2026-11-20").content.decode()
    assert (_day("2026-13-01"), _end_of(date(9999, 12, 31), seller)) == (None, None)


def test_the_header_tells_the_rhythm_by_the_days_it_shows(company: Company, make_customer: MakeCustomer) -> None:
    """A merge moves the last order at once, and the kept rate with the next refresh."""
    facts = {"last_order_on": date(2026, 10, 13), "interval_days": 20.0, "overdue_rate": 9.0, "order_count": 3}
    ada = make_customer("Ada", owner=company.seller, facts=facts)
    with translation.override("en"):
        assert "; 2.0 times" in record.explain_rhythm(ada.facts)
        # Of one order nobody has a rhythm; what is known is how others come back.
        ada.facts.order_count = 1
        assert record.explain_rhythm(ada.facts).startswith("Bought once.")


@pytest.mark.parametrize(
    ("days_after", "said"),
    [(0, "Last order 40 days ago"), (3, "Last order 40 days before 2026-11-22"), (-1, "Last order 39 days ago")],
)
def test_days_since_the_last_order_are_counted_to_a_day_that_is_told(
    company: Company, make_customer: MakeCustomer, days_after: int, said: str
) -> None:
    """days_after: of today, after the day of the figures."""
    ada = make_customer("Ada", owner=company.seller, facts={"last_order_on": date(2026, 10, 13), "r": 3})
    now = NOON + timedelta(days=days_after)
    style = Style(language="en", zone=ZoneInfo("Asia/Shanghai"), now=now, currency="CNY")
    with translation.override("en"):
        assert record.explain(ada.facts, style=style)[0].sentence == said
