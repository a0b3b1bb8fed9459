"""Scanning: what is found, what is remembered, who sees it, and what the queue does with it."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from tests.duplicates.conftest import LATER, NOON, Make

from zhike.accounts.models import User
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM, Actor
from zhike.customers.models import Customer
from zhike.duplicates.models import Merge, Pair, Scan, Settings
from zhike.duplicates.selectors import pairs
from zhike.duplicates.selectors.comparing import compare
from zhike.duplicates.services import deciding, merging, rhythm, scanning, undoing
from zhike.exchange.models import Import


def later() -> datetime:
    return LATER


def put_pair(first: Customer, second: Customer, probability: float = 0.97, **weights: float) -> Pair:
    low, high = sorted((first.pk, second.pk))
    return Pair.objects.create(first_id=low, second_id=high, probability=probability, weights=weights, scan_id=1)


def put_import(**more: Any) -> Import:
    return Import.objects.create(
        kind="customers",
        name="a.csv",
        size=1,
        status=Import.Status.APPLIED,
        currency="CNY",
        source="erp",
        zone="UTC",
        created_at=NOON,
        **more,
    )


@pytest.fixture
def browser(boss: Actor) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=boss.user_id))
    return client


def test_a_scan_finds_what_sounds_or_is_written_alike(boss: Actor, make: Make, tmp_path: Path) -> None:
    for number in range(40):
        make(f"路人{chr(0x4E00 + number * 37)}{chr(0x5200 + number * 11)}", phone=f"139{number:08d}", city="北京市")
    first = make("张伟明", phone="13800138000", city="上海市", birthday_on="1990-05-17")
    other = make("張偉明", phone="13800138000", city="上海", birthday_on="1990-05-17")
    scan = scanning.start_scan(actor=boss, at=NOON)
    with pytest.raises(scanning.ScanRunning):
        scanning.start_scan(actor=boss, at=NOON)
    done = scanning.run_scan(actor=SYSTEM, scan_id=scan.pk, now=later)
    assert (done.step, done.record_count) == (Scan.Step.DONE, 42)
    [found] = pairs.list_pairs(actor=boss, page=pairs.Page()).items
    assert {found.first_id, found.second_id} == {first.pk, other.pk}
    assert any(one.label == "Phone" and one.weight > 0 for one in found.evidence)

    deciding.tell_apart(actor=boss, pair_id=found.pk, at=LATER)
    again = Scan.objects.create(started_at=LATER, heartbeat_at=LATER)
    left = tmp_path / "scan" / "left-by-a-killed-scan"
    left.parent.mkdir()
    left.write_text("张伟明")
    scanning.run_scan(actor=SYSTEM, scan_id=again.pk, now=later, spill=left.parent)
    assert list(left.parent.iterdir()) == []
    assert pairs.count_pairs(actor=boss).value == 0
    deciding.open_again(actor=boss, pair_id=found.pk, at=LATER)

    Settings.objects.create(pk=1, auto_from=0.9)
    Pair.objects.update(probability=0.95)
    assert scanning.merge_certain(actor=SYSTEM, now=later) == 1
    assert Merge.objects.get().origin == Merge.Origin.AUTOMATIC


def test_it_scans_by_itself_after_imports_and_at_night(make: Make) -> None:
    zone = ZoneInfo("Asia/Shanghai")  # NOON is noon there, too
    night = NOON + timedelta(hours=14)
    assert not rhythm.is_due(at=night, zone=zone)  # nobody to compare
    make("甲")
    assert rhythm.is_due(at=night, zone=zone)
    assert not rhythm.is_due(at=NOON, zone=zone)
    Scan.objects.create(started_at=NOON, heartbeat_at=NOON, finished_at=NOON, step=Scan.Step.DONE)
    assert not rhythm.is_due(at=night, zone=zone)  # unchanged since
    Customer.objects.update(updated_at=LATER)
    assert rhythm.is_due(at=night, zone=zone)

    job = put_import(new_count=3, applied_at=LATER)
    assert not rhythm.is_due(at=LATER + timedelta(minutes=1), zone=zone)  # another file may follow
    assert rhythm.is_due(at=LATER + timedelta(minutes=2), zone=zone)
    waiting = Scan.objects.create(started_at=LATER - timedelta(minutes=1), heartbeat_at=LATER)
    assert not rhythm.is_due(at=LATER + timedelta(minutes=2), zone=zone)
    assert rhythm.is_due(at=LATER + timedelta(minutes=30), zone=zone)  # it died
    Settings.objects.create(pk=1, scans_itself=False)
    assert not rhythm.is_due(at=night, zone=zone)
    waiting.delete()
    job.delete()


def test_an_import_names_whom_it_brought_twice(browser: Client, make: Make) -> None:
    known, new, other = make("甲"), make("乙"), make("丙")
    pair, elsewhere = put_pair(known, new), put_pair(known, other, 0.98)
    job = put_import(new_count=1, applied_at=NOON, reserved={"customers_customer": [new.pk, 1]})
    panel = browser.get(f"/duplicates/imports/{job.pk}/panel/").content.decode()
    assert f"/duplicates/pairs/{pair.pk}/" in panel
    assert f"/duplicates/pairs/{elsewhere.pk}/" not in panel
    queue = browser.get(f"/duplicates/?import={job.pk}").content.decode()
    assert f"/duplicates/pairs/{pair.pk}/" in queue
    assert f"/duplicates/pairs/{elsewhere.pk}/" not in queue
    Pair.objects.all().delete()
    assert "十分钟内" in browser.get(f"/duplicates/imports/{job.pk}/panel/").content.decode()
    Scan.objects.create(started_at=LATER, heartbeat_at=LATER, finished_at=LATER, step=Scan.Step.DONE)
    assert "没有待核对的重复" in browser.get(f"/duplicates/imports/{job.pk}/panel/").content.decode()


def test_who_was_told_apart_stays_so_after_a_merge_and_not_after_its_undo(boss: Actor, make: Make) -> None:
    stays, given, other, third = make("甲"), make("乙"), make("丙"), make("丁")
    deciding.tell_apart(actor=boss, pair_id=put_pair(given, other).pk, at=LATER)
    deciding.tell_apart(actor=boss, pair_id=put_pair(given, stays).pk, at=LATER)
    put_pair(stays, other, 0.95)  # asked by a scan, and answered by the merge
    wanted = [
        merging.Wanted(survivor_id=stays.pk, record_ids=[given.pk]),
        merging.Wanted(survivor_id=third.pk, record_ids=[other.pk]),
    ]
    merge, _other = merging.merge_many(actor=boss, wanted=wanted, at=LATER)
    apart = Pair.objects.filter(state=Pair.State.DISTINCT, merge_id=merge.pk)
    assert set(apart.values_list("first_id", "second_id")) == {(stays.pk, third.pk)}
    undoing.undo_merge(actor=boss, merge_id=merge.pk, at=LATER)
    assert not apart.exists()
    assert Pair.objects.filter(first_id=given.pk, second_id=other.pk, state=Pair.State.DISTINCT).exists()


def test_nothing_is_merged_by_itself_unless_the_company_wants_it(boss: Actor, make: Make) -> None:
    put_pair(make("甲"), make("乙"), probability=1.0)
    assert scanning.merge_certain(actor=SYSTEM, now=later) == 0
    with pytest.raises(PermissionDenied):
        deciding.put_settings(actor=Actor(user_id=None, name=""), rules={}, sources=[], auto_from=0.99)


def test_who_was_told_apart_is_not_merged_by_way_of_a_third(make: Make) -> None:
    a, b, c = make("甲"), make("乙"), make("丙")
    put_pair(a, b, 0.999)
    put_pair(b, c, 0.999)
    between = put_pair(a, c, 0.999)
    Settings.objects.create(pk=1, auto_from=0.99)
    Pair.objects.filter(pk=between.pk).update(state=Pair.State.DISTINCT)
    assert scanning.merge_certain(actor=SYSTEM, now=later) == 0
    Pair.objects.filter(pk=between.pk).update(state=Pair.State.OPEN)
    assert scanning.merge_certain(actor=SYSTEM, now=later) == 2


def test_pairs_by_way_of_others_become_one_group() -> None:
    assert sorted(scanning.groups_of([(1, 2), (5, 6), (2, 3), (9, 3)])) == [[1, 2, 3, 9], [5, 6]]


def test_one_sees_pairs_of_which_one_sees_both(seller: Actor, boss: Actor, make: Make) -> None:
    mine, also, theirs = make("A", owner=seller.user_id), make("B", owner=seller.user_id), make("C")
    seen, hidden = put_pair(mine, also), put_pair(mine, theirs)
    assert pairs.count_pairs(actor=boss).value == 2
    with acting(seller):
        assert [row.pk for row in pairs.list_pairs(actor=seller, page=pairs.Page()).items] == [seen.pk]
        assert list(Pair.objects.values_list("pk", flat=True)) == [seen.pk]
        with pytest.raises(Pair.DoesNotExist):
            deciding.tell_apart(actor=seller, pair_id=hidden.pk, at=LATER)
        assert len(compare(actor=seller, customer_ids=[mine.pk, theirs.pk]).sides) == 1


def test_the_queue_goes_on_with_the_next_and_takes_back(browser: Client, make: Make) -> None:
    a, b, c = make("甲", orders=2), make("乙"), make("丙")
    likely, unlikely = put_pair(a, b, 0.99, name=8.5, phone=-3.0), put_pair(a, c, 0.6)
    page = browser.get("/duplicates/").content.decode()
    assert f"/duplicates/pairs/{likely.pk}/" in page
    shown = browser.get(f"/duplicates/pairs/{likely.pk}/").content.decode()
    assert all(f'data-key="{key}"' in shown for key in "mnj")
    assert f'name="survivor" value="{a.pk}"' in shown

    told: Any = browser.post(f"/duplicates/pairs/{likely.pk}/", {"decision": "distinct"})
    assert told["Location"] == f"/duplicates/pairs/{unlikely.pk}/"
    assert browser.post(f"/duplicates/pairs/{likely.pk}/open/")["Location"] == f"/duplicates/pairs/{likely.pk}/"
    merged: Any = browser.post(f"/duplicates/pairs/{likely.pk}/", {"decision": "merge", "survivor": a.pk})
    assert merged["Location"] == f"/duplicates/pairs/{unlikely.pk}/"
    assert not Customer.objects.filter(pk=b.pk).exists()
    # The next one is shown in place of a pair that is done with.
    assert browser.get(f"/duplicates/pairs/{likely.pk}/")["Location"] == f"/duplicates/pairs/{unlikely.pk}/"
    assert browser.post(f"/duplicates/merges/{Merge.objects.get().pk}/undo/").status_code == 302
    assert browser.get(f"/duplicates/pairs/{likely.pk}/").status_code == 200


def test_rules_are_set_on_a_page(browser: Client) -> None:
    worth = {"from": 0.99, "pairs": 31, "precision": 0.9973}
    Scan.objects.create(step=Scan.Step.DONE, started_at=NOON, finished_at=NOON, heartbeat_at=NOON, worths=[worth])
    shown = browser.get("/duplicates/rules/").content.decode()
    assert all(said in shown for said in ('name="rule-place"', ">31<", ">99.73%<"))
    units = ("name", "kind", "owner", "channel", "relationship", "place", "birthday_on", "note")
    data = {f"rule-{unit}": "newest" for unit in units} | {"sources": "erp\nhand", "auto_from": "99.5"}
    assert browser.post("/duplicates/rules/", data).status_code == 302
    found = Settings.objects.get()
    assert (found.rules["place"], found.sources, found.auto_from) == ("newest", ["erp", "hand"], 0.995)
    assert not found.scans_itself
    assert browser.post("/duplicates/rules/", {**data, "auto_from": "50"}).status_code == 422
