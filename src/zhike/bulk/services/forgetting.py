"""What is not needed any more: choices that came to nothing, and the way back when its time is over."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from zhike.bulk.models import Batch, Record, Selection
from zhike.bulk.services.choosing import KEPT
from zhike.bulk.services.undoing import KEPT as KEPT_FOR_UNDO
from zhike.core.access import IsAnyOf, Keys


@transaction.atomic
def forget(*, at: datetime) -> bool:
    """Old selections, and of one batch what its customers were before; whether more is left. May be repeated.

    What became of each customer stays: it stands in their time lines.
    """
    Selection.objects.filter(made_at__lt=at - KEPT).delete()
    old = Batch.objects.filter(act__finished_at__lt=at - KEPT_FOR_UNDO).exclude(
        act__undo_began_at__isnull=False, act__undone_at=None
    )
    batch = old.order_by("pk").select_for_update(of=("self",)).first()
    if batch is None:
        return False
    held = Record.objects.filter(act=batch.act_id).filter(IsAnyOf(F("record_id"), Keys(batch.ids)))
    held.exclude(before={}).update(before={})
    batch.delete()
    return True
