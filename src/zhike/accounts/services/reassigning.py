"""A leaver's records go to others in one step, however many there are, and can come back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from psycopg import sql

from zhike.accounts.models import Reassignment, User
from zhike.accounts.permissions import MANAGE
from zhike.core.access import require
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.core.ownership import Owned, list_owned

_NOTE = sql.SQL(
    """
    INSERT INTO accounts_reassignedrecord (reassignment_id, kind, record_id, to_user_id, team_before)
    SELECT %(reassignment)s, %(kind)s, held.id,
        (%(to)s::bigint[])[1 + (row_number() OVER (ORDER BY held.id) - 1) %% cardinality(%(to)s::bigint[])],
        held.team_id
    FROM (SELECT id, team_id FROM {table} WHERE owner_id = %(from)s ORDER BY id FOR UPDATE) AS held
    """
)
_MOVE = sql.SQL(
    """
    UPDATE {table} AS held SET owner_id = noted.to_user_id, team_id = taker.team_id {edits}
    FROM accounts_reassignedrecord AS noted JOIN accounts_user AS taker ON taker.id = noted.to_user_id
    WHERE noted.reassignment_id = %(reassignment)s AND noted.kind = %(kind)s AND noted.record_id = held.id
    """
)
_BACK = sql.SQL(
    """
    UPDATE {table} AS held SET owner_id = %(from)s, team_id = noted.team_before {edits}
    FROM accounts_reassignedrecord AS noted
    WHERE noted.reassignment_id = %(reassignment)s AND noted.kind = %(kind)s AND noted.record_id = held.id
        AND held.owner_id = noted.to_user_id
    """
)
_EDITS = sql.SQL(", version = held.version + 1, updated_at = %(at)s")


class NobodyToTakeOver(DomainError):
    code = "nobody_to_take_over"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("Choose at least one colleague who may log in, other than the owner."))


class ReassignmentUndone(DomainError):
    code = "reassignment_undone"

    def __init__(self) -> None:
        super().__init__(_("This has been taken back already."))


@dataclass(frozen=True, kw_only=True)
class OwnedCount:
    """How many records of a kind belong to somebody."""

    kind: str
    label: str | Promise
    count: int


def count_records(*, actor: Actor, user: User) -> list[OwnedCount]:
    """What would go over, by kind of record."""
    require(actor, MANAGE)
    with seeing_everything():
        return [
            OwnedCount(
                kind=owned.kind,
                label=owned.label,
                count=owned.model._default_manager.filter(owner_id=user.pk).count(),
            )
            for owned in list_owned()
        ]


@transaction.atomic
def reassign_records(*, actor: Actor, user: User, to_users: Sequence[User], at: datetime) -> Reassignment:
    """Give everything that belongs to the user to others: evenly where there are several, each into their team.

    :raises NobodyToTakeOver: no one is named, or somebody who may not log in, or the user
    """
    require(actor, MANAGE)
    takers = list(dict.fromkeys(to_users))
    if not takers or user in takers or not all(taker.is_active for taker in takers):
        raise NobodyToTakeOver
    made = Reassignment.objects.create(from_user=user, made_by_id=actor.user_id, made_at=at)
    with seeing_everything():
        for owned in list_owned():
            noted = _run(owned, _NOTE, made, at, to=[taker.pk for taker in takers])
            if noted:
                _run(owned, _MOVE, made, at)
            made.counts[owned.kind] = noted
    made.save(update_fields=["counts"])
    return made


@transaction.atomic
def undo_reassignment(*, actor: Actor, reassignment_id: int, at: datetime) -> int:
    """Give the records back that their new owners still have; returns how many came back.

    :raises Reassignment.DoesNotExist: there is none
    :raises ReassignmentUndone: it was taken back before
    """
    require(actor, MANAGE)
    made = Reassignment.objects.select_for_update().get(pk=reassignment_id)
    if made.undone_at:
        raise ReassignmentUndone
    with seeing_everything():
        back = sum(_run(owned, _BACK, made, at) for owned in list_owned())
    made.undone_at = at
    made.save(update_fields=["undone_at"])
    return back


def _run(owned: Owned, query: sql.SQL, made: Reassignment, at: datetime, *, to: Sequence[int] = ()) -> int:
    composed = query.format(
        table=sql.Identifier(owned.model._meta.db_table), edits=_EDITS if owned.counts_edits else sql.SQL("")
    )
    told: dict[str, Any] = {
        "reassignment": made.pk,
        "kind": owned.kind,
        "from": made.from_user_id,
        "to": list(to),
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(composed, told)
        return int(cursor.rowcount)
