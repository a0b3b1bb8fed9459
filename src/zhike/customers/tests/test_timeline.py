"""The time line: sources merged by time, in pages that miss and repeat nothing."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhike.core.actor import SYSTEM
from zhike.core.paging import CursorInvalid
from zhike.customers import timeline
from zhike.customers.models import Activity
from zhike.customers.selectors.activities import list_pinned
from zhike.customers.services import activities, people, tags
from zhike.customers.services.identifiers import NewIdentifier, add_identifier
from zhike.customers.tests.conftest import NOON, Company, MakeCustomer
from zhike.customers.timeline import Entry, Request, Source, behind


def walk(customer_id: int, size: int, kind: str = "") -> list[Entry]:
    found: list[Entry] = []
    after = ""
    while True:
        page = timeline.list_time_line(actor=SYSTEM, customer_id=customer_id, after=after, kind=kind, size=size)
        found += page.entries
        after = page.next_cursor
        if not after:
            return found


def other_source(key: str) -> Source:
    """Calls of a second source that sorts before or after the activities' own key."""

    def entries(asked: Request) -> list[Entry]:
        rows = Activity.objects.filter(behind(asked.before, source=key, at="happened_at"), kind="call")
        return [
            Entry(at=row.happened_at, source=key, key=row.pk, kind="other", title="", icon="")
            for row in rows.filter(customer=asked.customer_id).order_by("-happened_at", "-pk")[: asked.limit]
        ]

    return Source(key=key, kinds=[("other", "other")], permission="customers.view_customer", entries=entries)


@pytest.fixture(params=["aaa", "zzz"])
def two_sources(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    known = dict(timeline._sources)
    monkeypatch.setattr(timeline, "_sources", known)
    known.pop("order", None)
    timeline.register(other_source(request.param))


@pytest.mark.usefixtures("two_sources")
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    events=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["call", "note"])), max_size=12),
    size=st.integers(1, 4),
)
def test_pages_of_two_sources_equal_the_sorted_whole(
    make_customer: MakeCustomer, events: list[tuple[int, str]], size: int
) -> None:
    customer = make_customer("Ada")
    Activity.objects.bulk_create(
        Activity(customer=customer, kind=kind, happened_at=NOON - timedelta(hours=hours), text="x", created_at=NOON)
        for hours, kind in events
    )
    shown = [(entry.at, entry.source, entry.key) for entry in walk(customer.pk, size)]
    assert all(earlier > later for earlier, later in pairwise(shown))
    calls = sum(kind == "call" for _hours, kind in events)
    assert len(shown) == len(events) + calls
    assert len(walk(customer.pk, size, kind="other")) == calls


def test_a_made_up_place_is_refused(db: None) -> None:
    with pytest.raises(CursorInvalid):
        timeline.list_time_line(actor=SYSTEM, customer_id=1, after="x")


def test_changes_read_as_sentences(company: Company) -> None:
    seller = company.actor("seller")
    customer = people.create_customer(actor=seller, at=NOON, name="Ada", city="上海")
    changes = {"city": "北京", "owner": company.colleague.pk, "channel": "web"}
    people.edit_customer(actor=company.actor("boss"), customer_id=customer.pk, changes=changes, at=NOON)
    boss = company.actor("boss")
    add_identifier(actor=boss, customer_id=customer.pk, new=NewIdentifier(kind="phone", value="13800138000"), at=NOON)
    tags.set_tags(actor=boss, customer_id=customer.pk, names=["VIP"], at=NOON)
    lines = [line for entry in walk(customer.pk, 10) for line in entry.lines]
    joined = "\n".join(lines)
    for piece in ("上海 → 北京", "seller → colleague", "web", "13800138000", "VIP"):
        assert piece in joined


def test_what_is_pinned_stays_on_top(company: Company) -> None:
    seller = company.actor("seller")
    customer = people.create_customer(actor=seller, at=NOON, name="Ada")
    note = activities.add_activity(actor=seller, customer_id=customer.pk, kind="note", text="x", at=NOON)
    activities.pin_activity(actor=seller, activity_id=note.pk, is_pinned=True)
    (pinned,) = list_pinned(actor=seller, customer_id=customer.pk)
    assert (pinned.key, pinned.is_own) == (note.pk, True)
    activities.pin_activity(actor=seller, activity_id=note.pk, is_pinned=False)
    assert not list_pinned(actor=seller, customer_id=customer.pk)
