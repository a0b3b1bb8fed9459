"""Taking an act back: every record that still is as the act left it; what was edited since stays, and is listed."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app
from psycopg import sql

from zhike.accounts.models import Team, User
from zhike.audit import services as audit
from zhike.bulk.models import Act, Batch, Outcome, Record, Verb
from zhike.bulk.plans import Plan, plan_of_undo
from zhike.bulk.services import working
from zhike.bulk.services.carrying import AT_ONCE, Held, hold
from zhike.core.access import IsAnyOf, Keys, array_of
from zhike.core.acting import acting, seeing_everything
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.customers.models import Customer, CustomerTag, Tag
from zhike.customers.own_fields import PREFIX
from zhike.customers.services.bin import CODE
from zhike.customers.services.renaming import refresh_edited
from zhike.recovery import services as recovery
from zhike.recovery.models import Binned

KEPT = timedelta(days=30)  # after the end: what the customers were before, and with it the way back
_BACK = sql.SQL(
    """
    UPDATE customers_customer AS row SET {assignments}, version = row.version + 1, updated_at = %(at)s
    FROM bulk_record AS noted
    WHERE noted.act_id = %(act)s AND noted.record_id = row.id AND noted.record_id = ANY (%(ids)s::bigint[])
    """
)
_COLUMN = sql.SQL("{column} = (jsonb_populate_record(row, noted.before)).{column}")
_OWN = sql.SQL(
    "CASE WHEN coalesce(noted.before -> {name}, 'null') = 'null' THEN {custom} - {key}"
    " ELSE {custom} || jsonb_build_object({key}, noted.before -> {name}) END"
)
_NOTE = """
    UPDATE bulk_record SET undone = told.outcome FROM unnest(%s::bigint[], %s::text[]) AS told (id, outcome)
    WHERE act_id = %s AND record_id = told.id
"""


class NothingToUndo(DomainError):
    code = "nothing_to_undo"

    def __init__(self) -> None:
        super().__init__(_("This runs still, or has been taken back already."))


class TooLateToUndo(DomainError):
    code = "too_late_to_undo"

    def __init__(self) -> None:
        super().__init__(
            _("This ended more than %(days)s days ago: what the customers were before is not kept any more.")
            % {"days": KEPT.days}
        )


def is_possible(act: Act, *, at: datetime) -> bool:
    """Whether there is something to take back, and still a way."""
    return _is_left(act) and not _is_late(act, at)


def _is_left(act: Act) -> bool:
    return act.finished_at is not None and act.undo_began_at is None and act.changed_count > act.put_back_count


def _is_late(act: Act, at: datetime) -> bool:
    return act.finished_at is not None and act.finished_at < at - KEPT


@transaction.atomic
def start_undo(*, actor: Actor, act_id: int, at: datetime) -> Act:
    """Take it back, as far as the actor may do the opposite by hand: a few at once, many in the background. One that
    stopped on the way goes on.

    :raises Act.DoesNotExist: there is none, or not for this actor
    :raises NothingToUndo: it runs, or was taken back
    :raises TooLateToUndo: what was there before is gone
    :raises PermissionDenied, ValidationError: as for `plan_of_undo`; the field is gone, for example
    """
    act = Act.objects.visible_to(actor).select_for_update().get(pk=act_id)
    if not _is_left(act):
        raise NothingToUndo
    if _is_late(act, at):
        raise TooLateToUndo
    plan_of_undo(actor=actor, verb=Verb(act.verb), change=act.change)
    act.undo_by_id, act.undo_began_at, act.heartbeat_at, act.failure = actor.user_id, at, at, ""
    act.save()
    audit.record(action="bulk.undo", act=act.pk)
    if act.done_count <= AT_ONCE:
        while go_back(actor=actor, act_id=act.pk, at=at):
            pass
        act.refresh_from_db()
    else:
        app.configure_task("bulk.take_back", allow_unknown=False).defer(act_id=act.pk, user_id=actor.user_id)
    return act


@transaction.atomic
def go_back(*, actor: Actor, act_id: int, at: datetime) -> bool:
    """Take the latest batch back that nobody else does, in a transaction of its own; whether more is left to begin. May
    be repeated."""
    working.join(act_id)
    act = Act.objects.get(pk=act_id)
    if not act.is_undoing:
        return False
    with acting(replace(actor, request_id=f"bulk-{act.pk}-undo")):
        plan = plan_of_undo(actor=actor, verb=Verb(act.verb), change=act.change)
        waiting = act.batches.filter(is_done=True, is_undone=False).order_by("-number")
        batch = waiting.select_for_update(skip_locked=True).first()
        if batch is not None:
            _work_back(actor, act, plan, batch, at)
        # Whoever does another batch waits here, so that one of them sees that nothing is left.
        act.refresh_from_db(from_queryset=Act.objects.select_for_update(no_key=True))
        if not waiting.exists():
            act.undone_at = at
            act.save(update_fields=["undone_at"])
    return batch is not None and act.undone_at is None


@transaction.atomic
def fail(*, act_id: int, why: str, at: datetime) -> None:
    """It cannot go on: the field is gone, or the right. What is back stays back; the rest may be begun anew."""
    working.keep_out(act_id)
    act = Act.objects.get(pk=act_id)
    act.failure, act.undo_began_at, act.heartbeat_at = why[:500], None, at
    act.save(update_fields=["failure", "undo_began_at", "heartbeat_at"])


def _work_back(actor: Actor, act: Act, plan: Plan, batch: Batch, at: datetime) -> None:
    noted = Record.objects.filter(act=act, outcome=Outcome.CHANGED).filter(IsAnyOf(F("record_id"), Keys(batch.ids)))
    before = dict(noted.order_by("record_id").values_list("record_id", "before"))
    told = _UNDOING[plan.verb](actor, act, plan, before, at)
    told |= dict.fromkeys(before.keys() - told.keys(), Outcome.GONE.value)
    if told:
        with connection.cursor() as cursor:
            cursor.execute(_NOTE, [array_of(told), list(told.values()), act.pk])
    undone = Counter(told.values())[Outcome.UNDONE]
    batch.is_undone = True
    batch.save(update_fields=["is_undone"])
    Act.objects.filter(pk=act.pk).update(
        undone_count=F("undone_count") + undone, kept_count=F("kept_count") + len(told) - undone, heartbeat_at=at
    )


type _Before = Mapping[int, Mapping[str, Any]]


def _undo_edit(actor: Actor, act: Act, plan: Plan, before: _Before, at: datetime) -> dict[int, str]:
    held = _with_holders(plan, hold(actor, list(before), verdict=plan.verdict_of_undo(actor)), before)
    todo = [one.pk for one in held if not one.outcome]
    assignments = [_COLUMN.format(column=sql.Identifier(column)) for column in plan.columns]
    custom: sql.Composable = sql.SQL("row.custom")
    for name in plan.own:
        custom = _OWN.format(custom=custom, key=sql.Literal(name), name=sql.Literal(f"{PREFIX}{name}"))
    if plan.own:
        assignments.append(sql.SQL("custom = {}").format(custom))
    query = _BACK.format(assignments=sql.SQL(", ").join(assignments))
    with seeing_everything() if plan.gives else nullcontext(), connection.cursor() as cursor:
        cursor.execute(query.as_string(None), {"at": at, "act": act.pk, "ids": array_of(todo)})
    refresh_edited(customer_ids=todo, columns=plan.columns)
    return _told(held)


def _with_holders(plan: Plan, held: Sequence[Held], before: _Before) -> Sequence[Held]:
    """Nobody gets a customer back who has left, nor a team that is gone."""
    if not plan.gives:
        return held
    lost: dict[str, set[Any]] = {}
    rows: tuple[tuple[str, Any], ...] = (("owner_id", User.objects.filter(is_active=True)), ("team_id", Team.objects))
    for column, there in rows:
        named = {values.get(column) for values in before.values()} - {None}
        lost[column] = named - set(there.filter(pk__in=named).values_list("pk", flat=True))
    return [
        replace(one, outcome=one.outcome or Outcome.LEFT.value)
        if any(before[one.pk].get(column) in gone for column, gone in lost.items())
        else one
        for one in held
    ]


def _undo_tags(actor: Actor, act: Act, plan: Plan, before: _Before, at: datetime) -> dict[int, str]:
    """The rows that the act made go, those that it took away come back, whatever else was tagged since."""
    held = hold(actor, list(before), verdict=replace(plan, same=None).verdict_of_undo(actor))
    todo = [one.pk for one in held if not one.outcome]
    added = [row for pk in todo for row in before[pk]["added"]]
    CustomerTag.objects.filter(customer__in=todo, pk__in=added).delete()
    there = set(
        Tag.objects.filter(pk__in={tag for pk in todo for tag in before[pk]["removed"]}).values_list("pk", flat=True)
    )
    CustomerTag.objects.bulk_create(
        [CustomerTag(customer_id=pk, tag_id=tag) for pk in todo for tag in before[pk]["removed"] if tag in there],
        ignore_conflicts=True,
    )
    rows = Customer.objects.filter(IsAnyOf(F("pk"), Keys(todo)))
    rows.update(version=F("version") + 1, updated_at=at)
    return _told(held)


def _undo_delete(actor: Actor, act: Act, plan: Plan, before: _Before, at: datetime) -> dict[int, str]:
    binned = Binned.objects.visible_to(actor).filter(kind=CODE, record_id__in=list(before))
    mine = [
        (pk, record_id)
        for pk, record_id, batch in binned.values_list("pk", "record_id", "batch")
        if str(batch) == before[record_id].get("batch")
    ]
    told: dict[int, str] = {}
    try:
        with transaction.atomic():
            came = recovery.restore_records(actor=actor, binned_ids=[pk for pk, _record in mine], leave_out=True)
        told = dict.fromkeys(came.ids, Outcome.UNDONE.value)
    except DomainError:
        # One of them has a way back of its own, or nothing but what others have taken: then each by itself.
        for pk, record_id in mine:
            try:
                with transaction.atomic():
                    recovery.restore_records(actor=actor, binned_ids=[pk], leave_out=True)
                told[record_id] = Outcome.UNDONE.value
            except DomainError:
                told[record_id] = Outcome.COLLIDES.value
    return {**dict.fromkeys((record_id for _pk, record_id in mine), Outcome.COLLIDES.value), **told}


def _told(held: Sequence[Held]) -> dict[int, str]:
    return {one.pk: one.outcome or Outcome.UNDONE.value for one in held}


_UNDOING: dict[Verb, Callable[[Actor, Act, Plan, _Before, datetime], dict[int, str]]] = {
    Verb.EDIT: _undo_edit,
    Verb.ASSIGN: _undo_edit,
    Verb.TAG: _undo_tags,
    Verb.DELETE: _undo_delete,
}
