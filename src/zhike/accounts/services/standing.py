"""The rule that somebody can always manage users, under one lock for all changes that could break it."""

from django.db import connection
from django.utils.translation import gettext_lazy as _

from zhike.accounts.models import User
from zhike.accounts.permissions import MANAGE
from zhike.core.errors import DomainError

__all__ = ["MANAGE", "LastAdministrator", "ensure_administrator", "lock_standing"]


class LastAdministrator(DomainError):
    code = "last_administrator"

    def __init__(self) -> None:
        super().__init__(_("Nobody could manage users any more. Make somebody else an administrator first."))


def lock_standing() -> None:
    """Wait for other changes of who may do what: two administrators must not remove each other at once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('zhike.accounts.standing'))")


def ensure_administrator() -> None:
    """Refuse what was just done in this transaction if it leaves nobody in charge.

    :raises LastAdministrator: no active user may manage users
    """
    if not User.objects.filter(is_active=True, roles__grants__permission=MANAGE).exists():
        raise LastAdministrator
