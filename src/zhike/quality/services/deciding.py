"""What people say about findings: that something is right as it is."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from zhike.audit import services as audit
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.customers.models import Customer
from zhike.quality import catalogue
from zhike.quality.models import Finding
from zhike.quality.permissions import FIX

SAY_RIGHT, OPEN_AGAIN = "quality.say_right", "quality.open_again"
MOST = 1000


@transaction.atomic
def say_right(*, actor: Actor, finding_ids: Sequence[int], at: datetime) -> list[int]:
    """These are right so, until the value is another one. Returns the ids of those that were open.

    :raises PermissionDenied: the actor may not
    """
    return _decide(actor, finding_ids, Finding.State.RIGHT, at)


@transaction.atomic
def open_again(*, actor: Actor, finding_ids: Sequence[int], at: datetime) -> list[int]:
    """Take that back.

    :raises PermissionDenied: the actor may not
    """
    return _decide(actor, finding_ids, Finding.State.OPEN, at)


def _decide(actor: Actor, finding_ids: Sequence[int], state: Finding.State, at: datetime) -> list[int]:
    """Of those that the actor sees and may work off, whatever else was asked for."""
    require(actor, FIX)
    rules = [check.key for check in catalogue.list_open(actor)]
    mine = Finding.objects.visible_to(actor).within(actor, FIX).filter(pk__in=finding_ids[:MOST], rule__in=rules)
    rows = list(mine.exclude(state=state).order_by("pk").select_for_update(of=("self",)))
    is_right = state == Finding.State.RIGHT
    for row in rows:
        row.state = state
        row.decided_by_id, row.decided_at = (actor.user_id, at) if is_right else (None, None)
    Finding.objects.bulk_update(rows, ["state", "decided_by", "decided_at"])
    if rows:
        audit.record(
            action=SAY_RIGHT if is_right else OPEN_AGAIN,
            subject=Customer._meta.db_table,
            ids=sorted({row.customer_id for row in rows if row.customer_id is not None}),
            rules=sorted({row.rule for row in rows}),
        )
    return [row.pk for row in rows]
