"""Entries that name the reader."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from zhike.core import fields
from zhike.core.actor import Actor
from zhike.core.paging import Page
from zhike.customers.guarded import ACTIVITY, shown_name
from zhike.customers.models import Customer, Mention

MOST_COUNTED = 99


@dataclass(frozen=True, kw_only=True)
class Called:
    """One entry. is_new: not looked at yet."""

    pk: int
    customer_id: int
    customer: str
    by: str
    kind: str
    text: str
    at: datetime
    is_new: bool


def count_new(*, actor: Actor) -> int:
    """At most `MOST_COUNTED` and one more; none of customers who have left the reader's sight meanwhile."""
    rows = Mention.objects.filter(user=actor.user_id or 0, seen_at=None)
    if not fields.reads(actor, [ACTIVITY]):
        return 0
    return rows.filter(activity__customer__in=Customer.objects.visible_to(actor).values("pk"))[
        : MOST_COUNTED + 1
    ].count()


def list_mentions(*, actor: Actor, page: Page) -> tuple[Sequence[Called], str]:
    """The newest first, with the cursor of the next page."""
    if not fields.reads(actor, [ACTIVITY]):
        return [], ""
    seen = Customer.objects.visible_to(actor).values("pk")
    rows = Mention.objects.filter(user=actor.user_id or 0, activity__customer__in=seen)
    found = page.of(rows.select_related("activity__author", "activity__customer"), by=("-pk",))
    return [
        Called(
            pk=row.pk,
            customer_id=row.activity.customer_id,
            customer=shown_name(actor, row.activity.customer.name),
            by=str(row.activity.author or ""),
            kind=row.activity.get_kind_display(),
            text=fields.shown_within(actor, row.activity.text),
            at=row.created_at,
            is_new=row.seen_at is None,
        )
        for row in found.items
    ], found.next_cursor
