"""What is in the recycle bin."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.text import capfirst

from zhike.core import fields
from zhike.core.actor import Actor
from zhike.core.paging import Page, Rows
from zhike.recovery import kinds
from zhike.recovery.models import Binned

LIGHT = ("pk", "kind", "record_id", "label", "deleted_at", "deleted_by__name", "deleted_by_id")


@dataclass(frozen=True, kw_only=True)
class BinRow:
    """One record in the bin. days_left: until it goes for good; 0 is tonight."""

    pk: int
    kind: str
    kind_label: str
    record_id: int
    label: str
    deleted_at: datetime
    deleted_by_id: int | None
    deleted_by: str
    days_left: int


def list_binned(*, actor: Actor, page: Page, at: datetime, search: str = "") -> Rows[BinRow]:
    """What the actor may restore, the latest deleted first. search: a part of the name or its reading, or the number.

    :raises zhike.core.paging.CursorInvalid: the cursor does not fit
    """
    rows: Any = Binned.objects.visible_to(actor)
    readable = [
        kind.code for kind, _bin in kinds.list_binned_kinds() if not kind.guard or fields.reads(actor, [kind.guard])
    ]
    for word in search.split():
        found = (Q(label__icontains=word) | Q(keywords__icontains=word)) & Q(kind__in=readable)
        rows = rows.filter(found | Q(record_id=int(word)) if word.isdecimal() and len(word) < 19 else found)
    cut = page.of(rows.values(*LIGHT), by=("-deleted_at", "-pk"))
    return Rows(items=[_row(actor, one, at) for one in cut.items], next_cursor=cut.next_cursor)


def get_binned(*, actor: Actor, binned_id: int, at: datetime) -> BinRow:
    """:raises Binned.DoesNotExist: there is none, or not for this actor"""
    return _row(actor, Binned.objects.visible_to(actor).values(*LIGHT).get(pk=binned_id), at)


def _row(actor: Actor, found: dict[str, Any], at: datetime) -> BinRow:
    ends_at = found["deleted_at"] + timedelta(days=settings.BIN_DAYS)
    return BinRow(
        pk=found["pk"],
        kind=found["kind"],
        kind_label=capfirst(str(kinds.get(found["kind"]).label)),
        record_id=found["record_id"],
        label=kinds.get(found["kind"]).shown_name(actor, found["label"]) or f"#{found['record_id']}",
        deleted_at=found["deleted_at"],
        deleted_by_id=found["deleted_by_id"],
        deleted_by=found["deleted_by__name"] or "",
        days_left=max(0, ceil((ends_at - at) / timedelta(days=1))),
    )
