"""Who may come in, and how often one may try.

Attempts are counted for a user name at an address and for an address alone, never for a user name alone: a
stranger who guesses from elsewhere must not be able to keep the person themselves out.
"""

from datetime import datetime, timedelta

from django.contrib.auth import authenticate
from django.db import connection, transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from zhike.accounts.models import LogInAttempts, User
from zhike.core.errors import DomainError

WINDOW = timedelta(minutes=15)
ATTEMPTS_PER_NAME = 10
ATTEMPTS_PER_ADDRESS = 100


class WrongNameOrPassword(DomainError):
    code = "wrong_name_or_password"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("User name or password is wrong."))


class TooManyAttempts(DomainError):
    code = "too_many_attempts"
    status = 429

    def __init__(self) -> None:
        super().__init__(_("Too many attempts from here. Wait 15 minutes, then try again."))


def check_log_in(*, request: HttpRequest, username: str, password: str, address: str, at: datetime) -> User:
    """The user with this name and password.

    :raises TooManyAttempts: too often tried; the password is not even looked at
    :raises WrongNameOrPassword: whichever of the two it is
    """
    name = username.strip().lower()
    # Counted before the password is checked, so that a burst at the same moment gets no more tries than a queue; the
    # address first, so that made-up names do not fill the table.
    if _count("", address, at) > ATTEMPTS_PER_ADDRESS or _count(name, address, at) > ATTEMPTS_PER_NAME:
        raise TooManyAttempts
    user = authenticate(request, username=username.strip(), password=password)
    if not isinstance(user, User):
        raise WrongNameOrPassword
    _forgive(name, address)
    return user


def _count(name: str, address: str, at: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_loginattempts AS a (name, address, count, since)
            VALUES (%(name)s, %(address)s, 1, %(at)s)
            ON CONFLICT (name, address) DO UPDATE SET
                count = CASE WHEN a.since < %(start)s THEN 1 ELSE a.count + 1 END,
                since = CASE WHEN a.since < %(start)s THEN %(at)s ELSE a.since END
            RETURNING count
            """,
            {"name": name[:100], "address": address, "at": at, "start": at - WINDOW},
        )
        return int(cursor.fetchone()[0])


@transaction.atomic
def _forgive(name: str, address: str) -> None:
    LogInAttempts.objects.filter(name=name[:100], address=address).delete()
    LogInAttempts.objects.filter(name="", address=address, count__gt=0).update(count=F("count") - 1)
