"""How many masked values somebody may see in full a day."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from zhike.core.actor import Actor
from zhike.core.errors import DomainError


class RevealsSpent(DomainError):
    """The limit of the day is reached."""

    code = "reveals_spent"
    status = 429

    def __init__(self) -> None:
        super().__init__(
            _("You have seen %(limit)s masked values in full today, which is the limit. It begins anew tomorrow.")
            % {"limit": settings.REVEALS_PER_DAY}
        )


def spend_reveal(*, actor: Actor, at: datetime) -> int:
    """Count one; how many are left today. Two at once cannot pass the limit together, for it stands in the statement.

    :raises RevealsSpent: none is left
    """
    today = at.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_revealcount AS known (user_id, day, count) SELECT %(user)s, %(day)s, 1"
            " WHERE %(limit)s > 0 ON CONFLICT (user_id, day) DO UPDATE SET count = known.count + 1"
            " WHERE known.count < %(limit)s RETURNING count",
            {"user": actor.user_id, "day": today, "limit": settings.REVEALS_PER_DAY},
        )
        row = cursor.fetchone()
    if row is None:
        raise RevealsSpent
    return int(settings.REVEALS_PER_DAY - row[0])
