"""Who may come in."""

from datetime import datetime

from django.contrib.auth import authenticate
from django.db.models import Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from zhike.accounts.announcing import announce
from zhike.accounts.events import LogInRefused
from zhike.accounts.models import User
from zhike.accounts.services.attempts import TooManyAttempts, count_password, forgive_password
from zhike.core.errors import DomainError


class WrongNameOrPassword(DomainError):
    code = "wrong_name_or_password"
    status = 422

    def __init__(self) -> None:
        super().__init__(_("User name or password is wrong."))


def check_log_in(
    *, request: HttpRequest, username: str, password: str, address: str, at: datetime, device: str = ""
) -> User:
    """The user with this name and password.

    device: the mark of a browser in which this person has logged in before.

    :raises TooManyAttempts: too often tried; the password is not even looked at
    :raises WrongNameOrPassword: whichever of the two it is
    """
    name = username.strip()
    try:
        count_password(name=name, address=address, device=device, at=at)
    except TooManyAttempts:
        _tell_refusal(name, address, "too_many_attempts")
        raise
    user = authenticate(request, username=name, password=password)
    if not isinstance(user, User):
        _tell_refusal(name, address, "wrong_name_or_password")
        raise WrongNameOrPassword
    forgive_password(name=name, address=address, device=device)
    return user


def _tell_refusal(name: str, address: str, reason: str) -> None:
    # What nobody is called may be a password in the wrong field, which no history should keep.
    known = User.objects.filter(Exact(Lower("username"), Lower(Value(name)))).exists()
    announce(LogInRefused(username=name if known else "", address=address, reason=reason))
