"""What becomes of relations when customers are merged.

Each relation goes over with both its ends at once. What would join the survivor with itself, say the same twice, or put
a company above itself, stays with the customer that is given up, goes into the recycle bin with it, and comes back from
there when the merge is taken back.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from zhike.relations.models import Relation

ENDS = ("customer_id", "other_id")


def merge(pairs: Sequence[tuple[int, int]]) -> Mapping[int, Any]:
    """pairs: (given up, survivor). Returns the ends that went over, by survivor: [relation, end, given up]."""
    targets = dict(pairs)
    rows = Relation.objects.filter(Q(customer__in=targets) | Q(other__in=targets)).select_for_update().order_by("pk")
    found: dict[int, list[list[Any]]] = {}
    for row in rows:
        before = {end: getattr(row, end) for end in ENDS}
        after = {end: targets.get(held, held) for end, held in before.items()}
        if after["customer_id"] == after["other_id"] or not _put(row.pk, after):
            continue
        for end in ENDS:
            if after[end] != before[end]:
                found.setdefault(after[end], []).append([row.pk, end, before[end]])
    return found


def merge_other(_pairs: Sequence[tuple[int, int]]) -> Mapping[int, Any]:
    """The other end has gone over with the first one."""
    return {}


def undo(customer_id: int, moved: Sequence[Sequence[Any]]) -> None:
    """Give back the ends that are still with the survivor."""
    for relation_id, end, given_up in moved:
        if Relation.objects.filter(pk=relation_id, **{end: customer_id}).exists():
            _put(relation_id, {end: given_up})


def _put(relation_id: int, ends: Mapping[str, int]) -> bool:
    """Whether the database lets the relation have these ends."""
    try:
        with transaction.atomic():
            Relation.objects.filter(pk=relation_id).update(**ends)
    except IntegrityError:
        return False
    return True
