"""Exports beside others: killed ones, erased people, swept folders, and what whoever takes one sees less of."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow.parquet as pq
import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from zhike.accounts import services as accounts
from zhike.accounts.actors import actor_of
from zhike.accounts.models import User
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM, Actor, Scope, Sight
from zhike.core.personal import Traces
from zhike.core.tests.elsewhere import alone_elsewhere
from zhike.customers.guarded import RECORD
from zhike.customers.models import Customer
from zhike.customers.services import people
from zhike.customers.tests.conftest import NOON, Company
from zhike.customers.tests.test_exports import begin, client_of, text_of
from zhike.exports import personal, selectors, tasks
from zhike.exports.models import Export, exports_dir
from zhike.exports.services import keeping, resuming, starting, working
from zhike.metadata.models import Kind
from zhike.metadata.services import definitions

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]
DAY = timedelta(days=1)
MINUTES = timedelta(minutes=10)
EVERY = dict.fromkeys(["customers.view_customer", "customers.export_customer"], Scope.ALL)


@pytest.fixture
def waiting(company: Company, three: list[Customer], monkeypatch: pytest.MonkeyPatch) -> Export:
    monkeypatch.setattr(starting, "AT_ONCE", 0)
    return begin(company.actor("seller"))


def work(export: Export, now: Callable[[], datetime] = lambda: NOON) -> str:
    working.work_off(export_id=export.pk, now=now)
    export.refresh_from_db()
    return export.status


def queued(export: Export) -> int:
    jobs = ProcrastinateJob.objects.filter(task_name=starting.TASK, status="todo", args={"export_id": export.pk})
    return jobs.count()


def forget_jobs() -> None:
    """As a worker that took them up and was killed."""
    ProcrastinateJob.objects.all()._raw_delete(using="default")


def officer(company: Company, grants: dict[str, Scope], **levels: Sight) -> Actor:
    role = accounts.create_role(actor=SYSTEM, name="officer", grants=grants)
    told = {f"customers.customer.{name}": level for name, level in levels.items()}
    accounts.put_field_access(actor=SYSTEM, role=role, levels=told)
    company.guest.roles.set([role])
    return actor_of(User.objects.get(pk=company.guest.pk))


def test_one_at_a_time_and_the_next_is_called_where_one_ends(company: Company, waiting: Export) -> None:
    second = begin(company.actor("seller"))
    forget_jobs()
    with alone_elsewhere(working.LOCK):
        assert work(second) == "waiting"
    assert work(waiting) == "done"
    assert queued(second) == 1
    assert work(second) == "done"


def test_one_that_nobody_took_up_is_called_again_but_not_for_ever(waiting: Export) -> None:
    with acting(SYSTEM):
        assert resuming.resume_dead(at=NOON + MINUTES) == 0  # a worker will come to it
        for number in range(1, resuming.MOST_CALLS):
            forget_jobs()
            assert resuming.resume_dead(at=NOON + number * MINUTES) == 1
            assert queued(waiting) == 1
        forget_jobs()
        assert resuming.resume_dead(at=NOON + DAY) == 1
    waiting.refresh_from_db()
    assert (waiting.status, queued(waiting)) == ("failed", 0)


def test_where_the_process_dies_both_it_and_whoever_waits_go_on_at_once(
    company: Company, waiting: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = begin(company.actor("seller"))
    forget_jobs()
    Export.objects.filter(pk=waiting.pk).update(status="running")
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(subprocess.CalledProcessError):
        tasks.make_export(export_id=waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.status, queued(waiting), queued(second)) == ("waiting", 1, 1)
    # One that dies before it begins is not called again from there: it might do so for ever.
    for again in (waiting, second):
        forget_jobs()
        with pytest.raises(subprocess.CalledProcessError):
            tasks.make_export(export_id=again.pk)
        assert (queued(waiting), queued(second)) == (0, 0)


def test_who_is_erased_while_it_is_made_is_not_in_it(waiting: Export, three: list[Customer]) -> None:
    traces = Traces(customer_ids=(three[1].pk,))
    found: list[int] = []
    times = iter(NOON + timedelta(seconds=2 * number) for number in range(1_000))

    def now() -> datetime:
        if waiting.ids_file.exists() and not found:
            with acting(SYSTEM):
                Customer.objects.filter(pk=three[1].pk).delete()
                personal.sweep_files(traces)
                found.append(personal.search_files(traces))
        return next(times)

    assert work(waiting, now) == "done"
    assert found == [1]  # their erasure stays open
    assert waiting.done == 2
    assert three[1].name not in text_of(waiting)
    with acting(SYSTEM):
        assert personal.search_files(traces) == 0


def test_a_workbook_in_the_making_keeps_its_pieces_and_strays_go_in_time(
    company: Company, waiting: Export, three: list[Customer]
) -> None:
    book = begin(company.actor("seller"), "xlsx", is_everything=True)
    pieces: set[str] = set()
    exports_dir().mkdir(parents=True, exist_ok=True)
    fresh, stray = exports_dir() / "X1.csv", exports_dir() / "X2.csv"
    for path in (fresh, stray):
        path.write_text("x")
    os.utime(stray, (NOON.timestamp() - 7_200,) * 2)
    times = iter(NOON + timedelta(seconds=2 * number) for number in range(1_000))

    def now() -> datetime:
        at = next(times)
        pieces.update(path.name for path in book.work_dir.glob("*"))
        with acting(SYSTEM):
            keeping.remove_expired(at=datetime.fromtimestamp(fresh.stat().st_mtime, tz=at.tzinfo))
        return at

    assert work(book, now) == "done"
    assert pieces
    assert (fresh.exists(), stray.exists(), book.work_dir.exists()) == (True, False, False)
    (exports_dir() / "gone").symlink_to(exports_dir() / "nowhere")
    assert keeping.kept_bytes() > 0


def test_what_orders_told_is_shared_with_those_who_see_all_of_them(company: Company, three: list[Customer]) -> None:
    seller = company.actor("seller")
    made = begin(seller, query="f=ordered:idle:30&cols=name")
    assert (made.status, made.done) == ("done", 3)
    reader = officer(company, EVERY | {"commerce.view_order": Scope.OWN})
    with acting(seller), pytest.raises(keeping.ShareRefused):
        keeping.share_export(actor=seller, export_id=made.pk, colleague=reader, at=NOON)
    reader = officer(company, EVERY | {"commerce.view_order": Scope.ALL})
    with acting(seller):
        keeping.share_export(actor=seller, export_id=made.pk, colleague=reader, at=NOON)
    # Whoever made it sees less of the orders by now.
    boss = begin(company.actor("boss"), query="f=ordered:idle:30&cols=name")
    file = f"/exports/{boss.pk}/file/"
    assert client_of(company.boss).get(file).status_code == 200
    [role] = company.boss.roles.all()
    grants = EVERY | {"commerce.view_order": Scope.OWN}
    accounts.put_role(actor=SYSTEM, code=role.code, name=role.name, grants=grants)
    assert client_of(company.boss).get(file).status_code == 403


@pytest.mark.parametrize("query", ["f=city:is:上海", "q=周一"])
def test_a_filter_is_covered_before_and_after_the_file_is_made(
    company: Company, three: list[Customer], monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.setattr(starting, "AT_ONCE", 0)
    made = begin(company.actor("seller"), query=f"{query}&cols=name")
    grants = {"exports.view_export": Scope.ALL, "customers.view_customer": Scope.ALL}
    readers = [
        officer(company, grants, city=Sight.HIDDEN, phone=Sight.MASKED),
        officer(company, grants, city=Sight.READ, phone=Sight.READ),
    ]
    for status in ("waiting", "done"):
        made.refresh_from_db()
        assert made.status == status
        said = [selectors.Outline.of(made, actor=reader).sentence for reader in readers]
        assert said[0] == "•••"
        assert said[1] == selectors.Outline.of(made, actor=company.actor("seller")).sentence != ""
        work(made)
    Export.objects.filter(pk=made.pk).update(grounds={})
    assert selectors.Outline.of(Export.objects.get(pk=made.pk), actor=readers[1]).sentence == "•••"


def test_long_numbers_and_computed_ones_keep_their_type(company: Company) -> None:
    for label in ("Long", "Longer"):
        more: dict[str, Any] = {"rules": {"formula": "{Long} * 1000000"}} if label == "Longer" else {}
        kind = Kind.FORMULA if more else Kind.NUMBER
        definitions.create_field(actor=SYSTEM, at=NOON, record=RECORD, kind=kind, label=label, **more)
    number = Decimal("123456789012345678")
    people.create_customer(actor=SYSTEM, at=NOON, name="Ada", custom={"long": f"{number}"})
    made = begin(SYSTEM, "parquet", is_everything=True, reason="to compare")
    assert made.status == "done", made.error
    [row] = pq.read_table(made.file).to_pylist()
    assert (row["custom.long"], row["custom.longer"]) == (number, number * 1_000_000)


def test_following_a_link_takes_no_older_file_away(
    company: Company, three: list[Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST_KEPT", 1)
    first = begin(company.actor("seller"))
    answer = client_of(company.seller).get("/customers/export/csv/")
    assert answer.headers["Location"].startswith("/exports/new/customers/")
    first.refresh_from_db()
    assert (first.status, Export.objects.count()) == ("done", 1)
