"""Browsers in which somebody has logged in before, so that guessing elsewhere never stands in their way.

The cookie opens nothing. It only says, signed by us, that a person of a certain name has logged in here, and gives
this browser a count of attempts of its own ("device cookies", OWASP).
"""

import secrets
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.crypto import salted_hmac

SALT = "zhike.accounts.device"
LIFETIME = timedelta(days=180)
MOST_PEOPLE = 8  # at one shared computer


def known_device(request: HttpRequest, *, name: str) -> str:
    """The mark of this browser for the person of that user name; empty if they have not logged in here."""
    mark = _people(request).get(_hidden(name))
    return f"device:{mark}" if mark else ""


def any_device(request: HttpRequest) -> str:
    """The mark of this browser for whoever has logged in here first; empty if nobody has."""
    mark = next(iter(_people(request).values()), "")
    return f"device:{mark}" if mark else ""


def remember_device(request: HttpRequest, response: HttpResponseBase, *, name: str) -> None:
    """Note that the person has logged in here."""
    people = _people(request)
    mark = people.pop(_hidden(name), "") or secrets.token_hex(12)
    kept = dict(list(people.items())[-(MOST_PEOPLE - 1) :])
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.dumps({**kept, _hidden(name): mark}, salt=SALT),
        max_age=LIFETIME,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _people(request: HttpRequest) -> dict[str, str]:
    try:
        found = signing.loads(request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""), salt=SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return {}
    return dict(found)


def _hidden(name: str) -> str:
    return salted_hmac(SALT, name.strip().lower(), algorithm="sha256").hexdigest()[:16]
