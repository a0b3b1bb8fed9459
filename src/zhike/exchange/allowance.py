"""How much a person may upload in a day to be kept with records: theirs, whatever they send it by."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.exchange.models import UploadVolume

# Whoever comes second waits here for the first to be done, and is told what is left then.
_TAKE = """
    INSERT INTO exchange_uploadvolume AS held (user_id, uploaded_on, bytes)
    SELECT %(user)s, %(on)s, %(bytes)s WHERE %(bytes)s <= %(most)s
    ON CONFLICT (user_id, uploaded_on) DO UPDATE SET bytes = held.bytes + excluded.bytes
    WHERE held.bytes + excluded.bytes <= %(most)s
    RETURNING bytes
"""


class UploadAllowanceUsed(DomainError):
    """It is more than is left of the day's."""

    code = "upload_allowance_used"
    status = 422

    def __init__(self, name: str, *, left: int) -> None:
        said = _(
            "%(file)s was not taken: of the %(limit)s MB that you may upload in a day, %(left)s MB are left. "
            "Tomorrow there is room again, or ask your administrator for more."
        )
        limit = settings.UPLOAD_DAY_BYTES
        super().__init__(said % {"file": name, "limit": _megabytes(limit), "left": _megabytes(left)})


def take(*, actor: Actor, size: int, name: str, at: datetime) -> None:
    """Count a file of so many bytes as uploaded, in the transaction that keeps it; nothing is counted where that fails.

    Where there is no limit nothing is counted, nor of what the system does itself. name: what people know the file by.

    :raises UploadAllowanceUsed: it is more than is left
    """
    most = settings.UPLOAD_DAY_BYTES
    if not most or actor.user_id is None:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        told: dict[str, Any] = {"user": actor.user_id, "on": _day(at), "bytes": size, "most": most}
        cursor.execute(_TAKE, told)
        if cursor.fetchone() is None:
            taken = UploadVolume.objects.filter(user_id=actor.user_id, uploaded_on=_day(at)).first()
            raise UploadAllowanceUsed(name, left=max(0, most - taken.bytes) if taken else most)


def forget(*, at: datetime) -> int:
    """Take the figures of past days away; how many. Those of yesterday stay for who looks what filled the disk."""
    return UploadVolume.objects.filter(uploaded_on__lt=_day(at) - timedelta(days=1)).delete()[0]


def _day(at: datetime) -> date:
    return at.astimezone(ZoneInfo(settings.TIME_ZONE)).date()


def _megabytes(size: int) -> str:
    return f"{int(size / (1 << 20) * 10) / 10:g}"
