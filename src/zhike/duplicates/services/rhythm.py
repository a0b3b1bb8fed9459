"""When customers are compared without anybody asking for it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from zhike.customers.models import Customer
from zhike.duplicates.models import Scan
from zhike.duplicates.rules import get_rules
from zhike.duplicates.services.scanning import SILENCE
from zhike.exchange.models import Import

CALM = timedelta(minutes=2)  # one scan for several files in a row
NIGHT = range(1, 5)


def is_due(*, at: datetime, zone: ZoneInfo) -> bool:
    """Whether an import brought customers since the last scan, or it is night and anything changed since.

    zone: whose night it is. A scan that failed is not tried again before the next of these.
    """
    if not get_rules().scans_itself:
        return False
    latest = Scan.objects.order_by("-pk").first()
    if latest is not None and latest.finished_at is None and latest.heartbeat_at > at - SILENCE:
        return False
    imported = Import.objects.filter(kind="customers", status=Import.Status.APPLIED, new_count__gt=0)
    customers = Customer.objects.all()
    if latest is not None:
        imported = imported.filter(applied_at__gt=latest.started_at)
        customers = customers.filter(updated_at__gt=latest.started_at)
    newest = imported.order_by("-applied_at").values_list("applied_at", flat=True).first()
    if newest is not None:
        return newest <= at - CALM
    is_new_day = latest is None or latest.started_at.astimezone(zone).date() < at.astimezone(zone).date()
    return at.astimezone(zone).hour in NIGHT and is_new_day and customers.exists()
