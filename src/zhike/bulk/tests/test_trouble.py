"""Acts whose author left, whose right or time is over, and those that stop on the way."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Value
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from zhike.accounts import services as accounts
from zhike.accounts.actors import actor_of
from zhike.accounts.models import Grant, User
from zhike.bulk import saying, selectors, tasks
from zhike.bulk.models import Act, Batch, Record, Selection, Verb
from zhike.bulk.services import carrying, choosing, undoing
from zhike.bulk.tests.test_acts import RECORD, choose, cities, do, edit, in_english, person, plant, undo
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM, Actor, Scope, Sight
from zhike.customers.models import Customer
from zhike.metadata.models import Kind
from zhike.metadata.services import definitions

__all__ = ["in_english"]
pytestmark = pytest.mark.django_db


def begin(actor: Actor, monkeypatch: Any, *, steps: int = 2) -> Act:
    """An act of which only the set, and some batches of one, were done when the worker died."""
    monkeypatch.setattr(carrying, "AT_ONCE", 0)
    monkeypatch.setattr(undoing, "AT_ONCE", 0)
    monkeypatch.setitem(carrying.BATCH, Verb.EDIT, 1)
    with acting(actor, origin="web"):
        chosen = choose(actor, Verb.EDIT, {"fields": {"city": "Xi'an"}})
        act = carrying.start_act(actor=actor, selection_id=chosen.pk, at=timezone.now())
        for _step in range(steps):
            carrying.go_on(actor=actor, act_id=act.pk, at=timezone.now())
    return act


def test_who_left_or_lost_the_right_ends_their_own_act_and_holds_up_no_other(db: None, monkeypatch: Any) -> None:
    leaver, robbed, boss = person("leaver"), person("robbed"), person("boss")
    plant(3)
    first, second, third = (begin(one, monkeypatch, steps=1) for one in (leaver, robbed, boss))
    User.objects.filter(username="leaver").update(is_active=False)
    Grant.objects.filter(role__code="robbed", permission="customers.edit_customer").delete()
    tasks.carry_out(act_id=first.pk, user_id=leaver.user_id)
    tasks.carry_out(act_id=second.pk, user_id=robbed.user_id)
    tasks.carry_out(act_id=third.pk, user_id=boss.user_id)
    told = Act.objects.in_bulk([first.pk, second.pk, third.pk])
    assert told[first.pk].failure == "Whoever asked for this does not work here any more."
    assert told[second.pk].failure == "The role of whoever asked for this lacks the right."
    assert all(one.finished_at for one in told.values())
    assert (cities(), told[third.pk].changed_count) == ({"Xi'an": 3}, 3)


def test_a_right_taken_away_counts_from_the_next_batch(db: None, monkeypatch: Any) -> None:
    boss = person("boss")
    plant(3)
    act = begin(boss, monkeypatch, steps=1)
    go_on = carrying.go_on

    def and_then_without(**more: Any) -> bool:
        left = go_on(**more)
        Grant.objects.filter(permission="customers.edit_customer").delete()
        return left

    monkeypatch.setattr(carrying, "go_on", and_then_without)
    tasks.carry_out(act_id=act.pk, user_id=boss.user_id)
    act.refresh_from_db()
    assert (cities()["Xi'an"], act.changed_count, bool(act.failure)) == (1, 1, True)


def test_an_act_that_fails_again_and_again_is_given_up(db: None, monkeypatch: Any) -> None:
    boss = person("boss")
    plant(2)
    act, other = begin(boss, monkeypatch), begin(boss, monkeypatch)
    ProcrastinateJob.objects.all()._raw_delete(using="default")
    long_ago = timezone.now() - timedelta(minutes=5)
    Act.objects.update(made_at=long_ago, heartbeat_at=long_ago)
    for _failure in range(3):
        tasks.resume(timestamp=0)
        tasks.resume(timestamp=0)
        assert ProcrastinateJob.objects.filter(task_name="bulk.carry_out", status="todo").count() == 2
        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE status = 'todo'")
            cursor.execute(
                "UPDATE procrastinate_jobs SET status = 'failed' WHERE status = 'doing' AND args ->> 'act_id' = %s",
                [str(act.pk)],
            )
        ProcrastinateJob.objects.filter(status="doing")._raw_delete(using="default")
    tasks.resume(timestamp=0)
    act.refresh_from_db()
    other.refresh_from_db()
    assert act.failure.startswith("It failed several times.")
    assert (act.is_open, other.is_open, other.failure) == (False, True, "")


def test_a_filter_that_nobody_can_match_is_an_act_on_nobody(db: None) -> None:
    boss = person("boss")
    plant(1)
    nobody = person("nobody", view=Scope.TEAM, edit=Scope.TEAM)
    User.objects.filter(username="nobody").update(team=None)
    act = edit(nobody, {"city": "Xi'an"})
    assert (act.total, act.finished_at is not None) == (0, True)
    assert carrying.hold(nobody, [1], verdict=Value("")) == []
    with acting(boss):
        chosen = choose(boss, Verb.EDIT, {"fields": {"city": "Xi'an"}})
    with acting(nobody):
        assert selectors.preview_act(actor=nobody, selection=chosen, at=timezone.now()).total == 0


def test_values_that_could_not_be_entered_today_are_taken_back_all_the_same(db: None) -> None:
    boss = person("boss")
    heir = User.objects.create(username="heir", name="heir")
    field = definitions.create_field(
        record=RECORD, actor=SYSTEM, at=timezone.now(), kind=Kind.NUMBER, label="Size", key="size", rules={"most": 100}
    )
    boss = actor_of(User.objects.get(username="boss"))
    plant(2)
    given, sized = edit(boss, {"owner": heir.pk}), edit(boss, {"custom.size": 50})
    User.objects.filter(pk=heir.pk).update(is_active=False)
    type(field).objects.filter(pk=field.pk).update(rules={"most": 10})
    assert undo(boss, given).undone_count == undo(boss, sized).undone_count == 2
    assert not Customer.objects.filter(owner=heir).exists()


def test_an_undo_that_stopped_on_the_way_goes_on(db: None, monkeypatch: Any) -> None:
    boss = person("boss")
    plant(3)
    act = begin(boss, monkeypatch, steps=4)
    with acting(boss, origin="web"):
        undoing.start_undo(actor=boss, act_id=act.pk, at=timezone.now())
        undoing.go_back(actor=boss, act_id=act.pk, at=timezone.now())
    with acting(SYSTEM):
        undoing.fail(act_id=act.pk, why="The field is gone.", at=timezone.now())
    act.refresh_from_db()
    assert (act.is_open, act.undone_at, act.failure, act.went_back) == (False, None, "The field is gone.", True)
    assert undoing.is_possible(act, at=timezone.now())
    act = undo(boss, act)
    assert (cities(), act.undone_count, act.failure, act.undone_at is None) == ({"Wuhan": 3}, 3, "", False)


def test_what_stood_there_before_is_forgotten_with_the_way_back(db: None) -> None:
    boss = person("boss")
    [one] = plant(1)
    old, late = edit(boss, {"city": "Lhasa"}), edit(boss, {"city": "Xi'an"})
    Act.objects.filter(pk=old.pk).update(finished_at=timezone.now() - timedelta(days=31))
    choosing.choose(actor=boss, verb=Verb.EDIT, at=timezone.now() - timedelta(days=2), ids=[one.pk])
    with pytest.raises(undoing.TooLateToUndo), acting(boss):
        undoing.start_undo(actor=boss, act_id=old.pk, at=timezone.now())
    tasks.forget(timestamp=0)
    assert not Selection.objects.exists()
    assert list(Batch.objects.values_list("act", flat=True)) == [late.pk]
    assert [row.before for row in Record.objects.order_by("pk")] == [{}, {"city": "Lhasa"}]
    assert undo(boss, late).undone_count == 1


def test_tags_are_told_only_to_who_reads_tags(db: None) -> None:
    boss = person("boss")
    plant(1)
    act = do(boss, Verb.TAG, {"add": ["VIP"]})
    accounts.put_field_access(
        actor=SYSTEM, role=User.objects.get(username="boss").roles.get(), levels={f"{RECORD}.tags": Sight.HIDDEN}
    )
    assert [one.after for one in saying.say_change(boss, act.change)] == ["VIP"]
    assert saying.say_change(actor_of(User.objects.get(username="boss")), act.change) == []
