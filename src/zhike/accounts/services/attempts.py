"""How often one may try a password or a code.

Nothing is ever counted for a person alone, except where the guesser has already proved to know the password: a
stranger who guesses from elsewhere must not be able to keep the person themselves out. Passwords are counted for a
name at an address and for an address; a browser in which the person has logged in before has a count of its own,
which nobody else can use up.
"""

import ipaddress
import math
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from zhike.accounts.models import LogInAttempts
from zhike.core.errors import DomainError

WINDOW = timedelta(minutes=15)
ATTEMPTS_PER_NAME = 10
ATTEMPTS_PER_ADDRESS = 100
CODES_PER_PERSON = 30
FREE_ATTEMPTS = 4  # after them one waits before every further one: 1, 2, 4 … seconds
LONGEST_WAIT = timedelta(seconds=30)
NOBODY = ""


class TooManyAttempts(DomainError):
    code = "too_many_attempts"
    status = 429

    def __init__(self, wait: timedelta) -> None:
        seconds = max(1, math.ceil(wait.total_seconds()))
        if seconds <= 90:
            message = _("Too many attempts. Wait %(count)s seconds, then try again.") % {"count": seconds}
        else:
            message = _("Too many attempts from here. Wait %(count)s minutes, then try again.") % {
                "count": math.ceil(seconds / 60)
            }
        super().__init__(message)
        self.wait = wait


def count_password(*, name: str, address: str, device: str, at: datetime) -> None:
    """Count an attempt before the password is looked at, so that a burst gets no more tries than a queue.

    device: the mark of a browser that this person has used before; empty if it is none.

    :raises TooManyAttempts: too many, or too soon after the last one
    """
    if device:
        return _count(_named(name), device, at, most=ATTEMPTS_PER_NAME)
    # The address first, so that made-up names do not fill the table.
    _count(NOBODY, network_of(address), at, most=ATTEMPTS_PER_ADDRESS, is_patient=True)
    return _count(_named(name), network_of(address), at, most=ATTEMPTS_PER_NAME)


def count_code(*, user_id: int, address: str, device: str, at: datetime) -> None:
    """Count a code of a second factor, asked only of those who know the password already.

    :raises TooManyAttempts: too many, or too soon after the last one
    """
    if not device:
        _count(_coded(user_id), NOBODY, at, most=CODES_PER_PERSON, is_patient=True)
    _count(_coded(user_id), device or network_of(address), at, most=ATTEMPTS_PER_NAME)


@transaction.atomic
def forgive_password(*, name: str, address: str, device: str) -> None:
    """Take back what a right password had counted."""
    LogInAttempts.objects.filter(name=_named(name), address=device or network_of(address)).delete()
    if not device:
        at_address = LogInAttempts.objects.filter(name=NOBODY, address=network_of(address), count__gt=0)
        at_address.update(count=F("count") - 1)


def forgive_codes(*, user_id: int) -> None:
    """Take back what a right code had counted."""
    LogInAttempts.objects.filter(name=_coded(user_id)).delete()


def network_of(address: str) -> str:
    """What one household or attacker has for itself: an IPv4 address, or the /64 network of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:45]
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))


def _named(name: str) -> str:
    return name.strip().lower()[:100]


def _coded(user_id: int) -> str:
    return f"CODE:{user_id}"  # no user name in lower case is like it


@transaction.atomic
def _count(name: str, address: str, at: datetime, *, most: int, is_patient: bool = False) -> None:
    new = LogInAttempts(name=name, address=address, count=0, since=at, last_at=at)
    LogInAttempts.objects.bulk_create([new], ignore_conflicts=True)
    row = LogInAttempts.objects.select_for_update().get(name=name, address=address)
    if row.since < at - WINDOW:
        row.count, row.since, row.last_at = 0, at, at
    if row.count >= most:
        raise TooManyAttempts(row.since + WINDOW - at)
    wait = timedelta(0) if is_patient else row.last_at + _wait_after(row.count) - at
    if wait > timedelta(0):
        raise TooManyAttempts(wait)
    row.count, row.last_at = row.count + 1, at
    row.save(update_fields=["count", "since", "last_at"])


def _wait_after(count: int) -> timedelta:
    if count < FREE_ATTEMPTS:
        return timedelta(0)
    return min(LONGEST_WAIT, timedelta(seconds=2 ** (count - FREE_ATTEMPTS)))
