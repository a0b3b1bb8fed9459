"""The company's own days."""

from datetime import date, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.accounts.permissions import MANAGE
from zhike.calendars.models import SpecialDay
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.errors import DomainError

LONGEST = 60  # days at once


class DaysUnfit(DomainError):
    code = "days_unfit"
    status = 422


@transaction.atomic
def put_days(*, actor: Actor, first: date, last: date | None, is_working: bool, name: str = "") -> int:
    """Say for each day of a span whether it is worked; how many days. last: None for one day.

    :raises DaysUnfit: the span ends before it begins, or is very long
    """
    require(actor, MANAGE)
    count = ((last or first) - first).days + 1
    if not 0 < count <= LONGEST:
        raise DaysUnfit(_("Choose a first day and a last one after it, at most 60 days."))
    for number in range(count):
        SpecialDay.objects.update_or_create(
            day=first + timedelta(days=number), defaults={"is_working": is_working, "name": name}
        )
    return count


@transaction.atomic
def remove_day(*, actor: Actor, day_id: int) -> None:
    """Let the calendar say again whether it is worked; nothing happens where there is no such day."""
    require(actor, MANAGE)
    SpecialDay.objects.filter(pk=day_id).delete()
