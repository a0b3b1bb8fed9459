"""Tells people what happens to their own account: always in Zhike, and by mail where there is a way.

Nobody can turn it off, whoever came in as the person included. The same is told once, a day has `MOST_A_DAY` notices
for one person, an hour `MAILS_AN_HOUR` mails; beyond, the history still holds everything.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now
from procrastinate.contrib.django import app

from zhike.accounts.attempts_lately import failures_of
from zhike.accounts.events import (
    LoggedIn,
    LogInRefused,
    MailChanged,
    PasswordChanged,
    RecoveryCodesMade,
    SecondFactorAdded,
    SecondFactorRemoved,
    SecondFactorReset,
    SessionsEnded,
    SignOnLinked,
    SignOnUnlinked,
    TokenMade,
)
from zhike.accounts.models import Notice, Token, User
from zhike.accounts.permissions import MANAGE
from zhike.audit.selectors.events import has_happened
from zhike.core import mail
from zhike.core.events import Event

MOST_A_DAY = 50
MAILS_AN_HOUR = 6
SUSPICIOUS_FAILURES = 3
REMINDED_BEFORE = (timedelta(days=14), timedelta(days=3))
MOST_MANAGERS = 20


def tell(event: Event) -> None:
    """Write down what a person should hear of this event, and have it mailed; within the transaction around."""
    at = now()
    match event:
        case LoggedIn():
            _tell_log_in(event, at)
        case LogInRefused(reason="too_many_attempts", username=name) if name:
            _tell(_id_of(name), "guessing", {"address": event.address}, at=at, key=f"{at:%Y-%m-%d}")
        case LogInRefused(reason="wrong_code", username=name):
            user_id = _id_of(name)
            # This one is refused, and not yet in the history.
            if user_id and failures_of(user_id=user_id, at=at) + 1 >= SUSPICIOUS_FAILURES:
                _tell(user_id, "guessing_code", {"address": event.address}, at=at, key=f"{at:%Y-%m-%d}")
        case PasswordChanged(user_id=user_id, by_user_id=by) if by == user_id:
            _tell(user_id, "password_changed", {}, at=at)
        case PasswordChanged(user_id=user_id, by_user_id=by):
            _tell(user_id, "password_reset", {"by": by}, at=at)
        case SecondFactorAdded(user_id=user_id, factor=factor):
            _tell(user_id, "factor_added", {"factor": factor}, at=at)
        case SecondFactorRemoved(user_id=user_id, factor=factor) if factor != "recovery_codes":
            _tell(user_id, "factor_removed", {"factor": factor}, at=at)
        case SecondFactorReset(user_id=user_id, by_user_id=by):
            _tell(user_id, "factor_reset", {"by": by}, at=at)
        case RecoveryCodesMade(user_id=user_id, is_renewed=True):
            _tell(user_id, "codes_made", {}, at=at)
        case SignOnLinked(user_id=user_id, is_new=False):
            _tell(user_id, "sign_on_linked", {}, at=at)
        case SignOnUnlinked(user_id=user_id):
            _tell(user_id, "sign_on_unlinked", {}, at=at)
        case SessionsEnded(user_id=user_id, by_user_id=by, reason="") if by != user_id:
            _tell(user_id, "logged_out", {"by": by}, at=at)
        case MailChanged(user_id=user_id, by_user_id=by, before=before):
            _tell(user_id, "mail_changed", {"by": by, "to": before}, at=at)
        case TokenMade(user_id=user_id, name=name, token_id=token_id):
            _tell(user_id, "key_made", {"name": name}, at=at, key=str(token_id))


def tell_of(user_id: int, kind: str, details: Mapping[str, Any], *, at: datetime, key: str = "") -> bool:
    """Tell somebody of a kind that an upper app has put in words (`notice_words`); whether it is new.

    key: what the same is told once for; empty: this very moment.
    """
    return _tell(user_id, kind, details, at=at, key=key)


def _tell_log_in(event: LoggedIn, at: datetime) -> None:
    seen = {"address": event.address, "agent": event.agent}
    failures = failures_of(user_id=event.user_id, at=at)
    if failures >= SUSPICIOUS_FAILURES:
        _tell(event.user_id, "after_failures", {**seen, "count": failures}, at=at)
    elif not event.is_known and has_happened(
        subject="accounts_user", subject_id=event.user_id, action="accounts.log_in"
    ):
        # A browser that keeps nothing is new each time: once an hour from one address is enough.
        _tell(event.user_id, "new_browser", seen, at=at, key=f"{at:%Y-%m-%d %H} {event.address}"[:100])
    if "recovery_codes" in event.methods:
        _tell(event.user_id, "code_used", seen, at=at)


def remind_of_keys(*, at: datetime) -> int:
    """Tell who has to renew a key before it ends; of a service account's, those who manage users. How many were told.

    A key that lives a few days only is not reminded of while it is new.
    """
    ending = Token.objects.filter(
        Q(expires_at__gt=at, expires_at__lte=at + max(REMINDED_BEFORE)), revoked_at=None, user__is_active=True
    )
    count = 0
    for token in ending.select_related("user").order_by("pk"):
        if token.expires_at is None:
            continue
        due = [
            before
            for before in REMINDED_BEFORE
            if token.expires_at - at <= before and token.expires_at - token.created_at > 2 * before
        ]
        if not due:
            continue
        details = {"name": token.name, "ends_at": token.expires_at.isoformat()}
        told, kind = [token.user_id], "key_ends"
        if token.user.kind == User.Kind.SERVICE:
            told, kind, details["account"] = _manager_ids(), "service_key_ends", str(token.user)
        for user_id in told:
            count += _tell(user_id, kind, details, at=at, key=f"{token.pk} {min(due).days}")
    return count


@transaction.atomic
def _tell(user_id: int, kind: str, details: Mapping[str, Any], *, at: datetime, key: str = "") -> bool:
    """Whether it is new. key: what the same is told once for; empty: this very moment."""
    user = User.objects.filter(pk=user_id, kind=User.Kind.PERSON).first()
    if user is None:
        return False
    lately = Notice.objects.filter(user=user, created_at__gt=at - timedelta(days=1))
    if lately.count() >= MOST_A_DAY:
        return False
    notice, is_new = Notice.objects.get_or_create(
        user=user, kind=kind, key=key or at.isoformat(), defaults={"details": dict(details), "created_at": at}
    )
    mails = lately.filter(created_at__gt=at - timedelta(hours=1)).count()
    if is_new and mails <= MAILS_AN_HOUR and mail.is_configured() and (user.email or details.get("to")):
        app.configure_task("accounts.mail_notice", allow_unknown=False).defer(notice_id=notice.pk)
    return is_new


def _id_of(username: str) -> int:
    try:
        return User.objects.get_by_natural_key(username).pk
    except User.DoesNotExist:
        return 0


def _manager_ids() -> list[int]:
    managers = User.objects.filter(is_active=True, kind=User.Kind.PERSON, roles__grants__permission=MANAGE)
    return list(managers.order_by("pk").distinct().values_list("pk", flat=True)[:MOST_MANAGERS])
