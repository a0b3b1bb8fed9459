"""Carrying an act out: batch by batch, each in a transaction, so that a killed run goes on where it stood."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet, ObjectDoesNotExist, PermissionDenied
from django.db import connection, transaction
from django.db.models import Case, F, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app
from simplejson import JSONEncoder

from zhike.audit import services as audit
from zhike.bulk.models import Act, Batch, Outcome, Verb
from zhike.bulk.plans import SAME, Plan, make_plan
from zhike.bulk.services import working
from zhike.bulk.services.choosing import own_selections, rows_of
from zhike.bulk.services.tagging import put_tags
from zhike.core.access import IsAnyOf, Keys, array_of
from zhike.core.acting import acting, seeing_everything
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.customers.models import Customer
from zhike.customers.services.bin import CODE
from zhike.customers.services.renaming import refresh_edited
from zhike.recovery import services as recovery

AT_ONCE = 200  # customers that a page waits for; more are worked off in the background
BATCH = {Verb.EDIT: 5_000, Verb.ASSIGN: 5_000, Verb.TAG: 2_500, Verb.DELETE: 500}
SILENCE = timedelta(seconds=60)  # without a heartbeat: nobody works on it
_LAY_DOWN = """
    INSERT INTO bulk_batch (act_id, number, ids, is_done, is_undone)
    SELECT %s, place, array_agg(id ORDER BY id), false, false
    FROM (SELECT id, (row_number() OVER (ORDER BY id) - 1) / %s AS place FROM ({chosen}) AS chosen (id)) AS placed
    GROUP BY place
"""
_NOBODY = "SELECT id FROM customers_customer WHERE false"
_NOTE = """
    INSERT INTO bulk_record (act_id, record_id, outcome, undone, before)
    SELECT %s, noted.id, noted.outcome, '', noted.before::jsonb
    FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS noted (id, outcome, before)
"""
_encode = JSONEncoder(ensure_ascii=False).encode


class NothingWaits(DomainError):
    code = "nothing_waits"

    def __init__(self) -> None:
        super().__init__(_("It is done already: there is nothing left to cancel."))


@dataclass(frozen=True)
class Held:
    """A locked customer. outcome: why nothing happens to it, or nothing; before: as JSON."""

    pk: int
    outcome: str
    before: str = "{}"


@transaction.atomic
def start_act(*, actor: Actor, selection_id: int, at: datetime) -> Act:
    """Do it: a few at once, many in the background.

    :raises Selection.DoesNotExist: there is none, it is somebody else's, or it is being done already
    :raises PermissionDenied, ValidationError: as for `make_plan`
    """
    selection = own_selections(actor).select_for_update().get(pk=selection_id)
    verb = Verb(selection.verb)
    make_plan(actor=actor, verb=verb, change=selection.change, at=at)
    act = Act.objects.create(
        user_id=actor.user_id,
        verb=verb,
        query=selection.query,
        picked_count=len(selection.ids or ()),
        change=selection.change,
        made_at=at,
        heartbeat_at=at,
    )
    # Numbers as they are written: the history holds no others.
    change = json.loads(_encode(act.change), parse_float=str)
    audit.record(
        action=f"bulk.{verb.value}_customers", act=act.pk, query=act.query, picked=act.picked_count, change=change
    )
    if selection.ids is not None:
        _lay_down(actor, act, rows_of(actor=actor, chosen=selection, at=at), at)
    selection.delete()
    if act.total is not None and act.total <= AT_ONCE:
        while go_on(actor=actor, act_id=act.pk, at=at):
            pass
        act.refresh_from_db()
    else:
        app.configure_task("bulk.carry_out", allow_unknown=False).defer(act_id=act.pk, user_id=actor.user_id)
    return act


@transaction.atomic
def go_on(*, actor: Actor, act_id: int, at: datetime) -> bool:
    """Lay the set down, or work off a batch that nobody else does, in a transaction of its own; whether more is left to
    begin."""
    working.join(act_id)
    act = Act.objects.get(pk=act_id)
    if act.finished_at is not None:
        return False
    # All batches are one set in the history, which leads to this act.
    with acting(replace(actor, request_id=f"bulk-{act.pk}")):
        if act.total is None:
            return _begin(actor, act, at)
        plan = make_plan(actor=actor, verb=Verb(act.verb), change=act.change, at=at)
        waiting = act.batches.filter(is_done=False).order_by("number")
        batch = waiting.select_for_update(skip_locked=True).first()
        if batch is None:
            return False
        _work_off(actor, act, plan, batch, at)
    return act.finished_at is None


@transaction.atomic
def fail(*, act_id: int, why: str, at: datetime) -> None:
    """It cannot go on: the field is gone, or the right. What is done stays done."""
    working.keep_out(act_id)
    act = Act.objects.get(pk=act_id)
    act.failure, act.finished_at = why[:500], at
    act.save(update_fields=["failure", "finished_at"])


@transaction.atomic
def cancel_act(*, actor: Actor, act_id: int, at: datetime) -> Act:
    """Stop after the batches that are being worked off; what is done can be taken back.

    :raises Act.DoesNotExist: there is none, or it is somebody else's
    :raises NothingWaits: it is over
    """
    act = own_acts(actor).get(pk=act_id)
    working.keep_out(act.pk)
    act.refresh_from_db(from_queryset=Act.objects.select_for_update())
    if act.finished_at is not None:
        raise NothingWaits
    act.is_cancelled, act.finished_at = True, at
    act.save(update_fields=["is_cancelled", "finished_at"])
    return act


def own_acts(actor: Actor) -> "QuerySet[Act]":
    rows = Act.objects.all()
    return rows.filter(user=None) if actor.user_id is None else rows.filter(user_id=actor.user_id)


def _begin(actor: Actor, act: Act, at: datetime) -> bool:
    act.refresh_from_db(from_queryset=Act.objects.select_for_update())
    if act.total is None:
        _lay_down(actor, act, rows_of(actor=actor, chosen=act, at=at), at)
    return act.finished_at is None


def _lay_down(actor: Actor, act: Act, rows: "QuerySet[Any, Any]", at: datetime) -> None:
    """Decide who belongs to the set, once, so that an edit of what was filtered by does not change it."""
    # By the compiled predicate, which asks for the actor's reach: under the policies there is no index for search.
    try:
        query, parameters = rows.order_by().values_list("pk").query.sql_with_params()
    except EmptyResultSet:
        query, parameters = _NOBODY, ()
    with seeing_everything(), connection.cursor() as cursor:
        cursor.execute(_LAY_DOWN.format(chosen=query), [act.pk, BATCH[Verb(act.verb)], *parameters])
        cursor.execute("SELECT coalesce(sum(cardinality(ids)), 0) FROM bulk_batch WHERE act_id = %s", [act.pk])
        act.total = int(cursor.fetchone()[0])
    act.heartbeat_at = at
    act.finished_at = at if act.total == 0 else None
    act.save()


def _work_off(actor: Actor, act: Act, plan: Plan, batch: Batch, at: datetime) -> None:
    outcomes = _DOING[plan.verb](actor, act, plan, batch.ids, at)
    changed, same = outcomes[Outcome.CHANGED], outcomes[SAME]
    batch.is_done = True
    batch.save(update_fields=["is_done"])
    # Last, for until the end of the transaction whoever does another batch waits for this row.
    Act.objects.filter(pk=act.pk).update(
        changed_count=F("changed_count") + changed,
        same_count=F("same_count") + same,
        refused_count=F("refused_count") + len(batch.ids) - changed - same,
        done_count=F("done_count") + len(batch.ids),
        heartbeat_at=at,
        finished_at=Case(When(total__lte=F("done_count") + len(batch.ids), then=Value(at))),
    )
    act.refresh_from_db()


def _edit(actor: Actor, act: Act, plan: Plan, ids: Sequence[int], at: datetime) -> Counter[str]:
    held = hold(actor, ids, verdict=plan.verdict(actor), before=plan.before)
    todo = [one.pk for one in held if not one.outcome]
    # Whom it is given to decides who sees it then; that it may be given was decided for each row.
    with seeing_everything() if plan.gives else nullcontext():
        _these(todo).update(**plan.assignments, version=F("version") + 1, updated_at=at)
    refresh_edited(customer_ids=todo, columns=plan.columns)
    return _note(act, ids, held)


def _tag(actor: Actor, act: Act, plan: Plan, ids: Sequence[int], at: datetime) -> Counter[str]:
    held = hold(actor, ids, verdict=plan.verdict(actor))
    todo = [one.pk for one in held if not one.outcome]
    made = put_tags(todo, add=plan.add, remove=plan.remove)
    _these(todo).update(version=F("version") + 1, updated_at=at)
    return _note(act, ids, [one if one.outcome else replace(one, before=_encode(made[one.pk])) for one in held])


def _delete(actor: Actor, act: Act, plan: Plan, ids: Sequence[int], at: datetime) -> Counter[str]:
    try:
        moved = recovery.bin_records(actor=actor, kind=CODE, record_ids=ids, at=at)
    except (PermissionDenied, ObjectDoesNotExist):
        return _note(act, ids, [Held(pk, Outcome.CLOSED) for pk in ids])
    gone, before = set(moved.ids), _encode({"batch": str(moved.batch)})
    return _note(act, ids, [Held(pk, "", before) if pk in gone else Held(pk, Outcome.CLOSED) for pk in ids])


_DOING: dict[Verb, Callable[[Actor, Act, Plan, Sequence[int], datetime], Counter[str]]] = {
    Verb.EDIT: _edit,
    Verb.ASSIGN: _edit,
    Verb.TAG: _tag,
    Verb.DELETE: _delete,
}


def hold(actor: Actor, ids: Sequence[int], *, verdict: Any, before: Any = None) -> list[Held]:
    """Lock those of the customers that the actor sees, in the order of their numbers, with the verdict about each."""
    rows = Customer.objects.visible_to(actor).filter(IsAnyOf(F("pk"), Keys(ids))).annotate(verdict=verdict)
    columns = ["pk", "verdict"]
    if before is not None:
        rows, columns = rows.annotate(before=before), [*columns, "before"]
    rows = rows.order_by("pk").select_for_update(of=("self",), no_key=True)
    try:
        query, parameters = rows.values_list(*columns).query.sql_with_params()
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        # Rows as they come: making objects of them takes longer than everything else here.
        cursor.execute(query, parameters)
        return [Held(pk, told, *(_text(one) for one in rest)) for pk, told, *rest in cursor.fetchall()]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _encode(value)


def _these(ids: Iterable[int]) -> "QuerySet[Customer]":
    return Customer.objects.filter(IsAnyOf(F("pk"), Keys(ids)))


def _note(act: Act, ids: Sequence[int], held: Sequence[Held]) -> Counter[str]:
    """Write down what became of each but those that are so already; how many of which outcome."""
    told = [(one.pk, one.outcome or Outcome.CHANGED.value, one.before) for one in held if one.outcome != SAME]
    missing = set(ids) - {one.pk for one in held}
    told += [(pk, Outcome.GONE.value, "{}") for pk in sorted(missing)]
    if told:
        keys, outcomes, before = zip(*told, strict=True)
        with connection.cursor() as cursor:
            cursor.execute(_NOTE, [act.pk, array_of(keys), list(outcomes), list(before)])
    found = Counter(outcome for _pk, outcome, _before in told)
    found[SAME] = len(ids) - len(told)
    return found
