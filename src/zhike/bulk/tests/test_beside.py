"""Batches that two connections work off beside each other."""

import os
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from zhike.audit.models import Entry
from zhike.bulk import tasks
from zhike.bulk.models import Act, Verb
from zhike.bulk.services import carrying, resuming, undoing, working
from zhike.bulk.tests.test_acts import choose, cities, counts, in_english, person, plant
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM, Actor

__all__ = ["in_english"]
pytestmark = pytest.mark.django_db(transaction=True)
COUNT = 24


def begin(actor: Actor, city: str) -> Act:
    with acting(actor, origin="web"):
        chosen = choose(actor, Verb.EDIT, {"fields": {"city": city}})
        return carrying.start_act(actor=actor, selection_id=chosen.pk, at=timezone.now())


def test_two_do_every_batch_once_and_ending_an_act_waits_for_both(transactional_db: None, monkeypatch: Any) -> None:
    monkeypatch.setattr(os, "process_cpu_count", lambda: 4)
    monkeypatch.setattr(carrying, "AT_ONCE", 0)
    monkeypatch.setattr(undoing, "AT_ONCE", 0)
    monkeypatch.setitem(carrying.BATCH, Verb.EDIT, 2)
    backends: Counter[int] = Counter()
    join = working.join

    def noted(act_id: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            backends[cursor.fetchone()[0]] += 1
        join(act_id)

    monkeypatch.setattr(working, "join", noted)
    boss = person("boss")
    plant(COUNT)
    act = begin(boss, "Xi'an")
    tasks.carry_out(act_id=act.pk, user_id=boss.user_id)
    act.refresh_from_db()
    assert len(backends) == working.WORKERS
    assert (cities(), counts(act), act.done_count) == ({"Xi'an": COUNT}, (COUNT, 0, 0), COUNT)
    assert act.finished_at is not None
    assert act.records.count() == len(set(act.records.values_list("record_id", flat=True))) == COUNT
    assert Entry.objects.filter(request=f"bulk-{act.pk}", table_name="customers_customer").count() == COUNT

    with acting(boss, origin="web"):
        undoing.start_undo(actor=boss, act_id=act.pk, at=timezone.now())
    tasks.take_back(act_id=act.pk, user_id=boss.user_id)
    act.refresh_from_db()
    assert (cities(), act.undone_count, act.kept_count) == ({"Wuhan": COUNT}, COUNT, 0)
    assert act.undone_at is not None

    # Whoever cancels waits for the batch that is being worked off, which counts, and nobody takes the act for dead.
    act = begin(boss, "Lhasa")
    with acting(boss, origin="task"):
        carrying.go_on(actor=boss, act_id=act.pk, at=timezone.now())
    ProcrastinateJob.objects.all()._raw_delete(using="default")

    def cancel() -> Act:
        try:
            with acting(boss, origin="web"):
                return carrying.cancel_act(actor=boss, act_id=act.pk, at=timezone.now())
        finally:
            connection.close()

    def resume() -> None:
        try:
            with acting(SYSTEM, origin="task"):
                resuming.take_up(at=timezone.now() + timedelta(hours=1))
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic(), acting(boss, origin="task"):
            carrying.go_on(actor=boss, act_id=act.pk, at=timezone.now())
            pool.submit(resume).result()
            cancelled: Future[Act] = pool.submit(cancel)
            with pytest.raises(TimeoutError):
                cancelled.result(0.2)
        assert cancelled.result().is_cancelled
    tasks.carry_out(act_id=act.pk, user_id=boss.user_id)
    act.refresh_from_db()
    assert (cities(), counts(act)) == ({"Wuhan": COUNT - 2, "Lhasa": 2}, (2, 0, 0))
    assert not ProcrastinateJob.objects.filter(task_name="bulk.carry_out").exists()
