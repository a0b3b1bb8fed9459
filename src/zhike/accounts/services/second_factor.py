"""Rules about second factors that allauth leaves to us: codes that open once, who needs one, and lost ones."""

import secrets
import time

from allauth.core.internal.cryptokit import compare_user_code, normalize_user_code
from allauth.mfa.app_settings import RECOVERY_CODE_DIGITS, TOTP_PERIOD, TOTP_TOLERANCE
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from zhike.accounts import vault
from zhike.accounts.announcing import announce
from zhike.accounts.events import SecondFactorReset, SecondFactorRuleChanged
from zhike.accounts.models import Role, User
from zhike.accounts.permissions import MANAGE
from zhike.accounts.services.sessions import end_sessions
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.core.events import publish


class OwnFactors(DomainError):
    code = "own_factors"

    def __init__(self) -> None:
        super().__init__(_("Change your own second factor under “My settings”, where you are asked for it."))


@transaction.atomic
def spend_code(*, authenticator_id: int, code: str) -> bool:
    """Whether a right code of an authenticator app opens: each does once, and none older than the last one used.

    Recovery codes are spent where they are checked.
    """
    authenticator = Authenticator.objects.select_for_update().get(pk=authenticator_id)
    if authenticator.type != Authenticator.Type.TOTP:
        return True
    secret, present = vault.decrypt(authenticator.data["secret"]), int(time.time()) // TOTP_PERIOD
    steps = range(present - TOTP_TOLERANCE, present + TOTP_TOLERANCE + 1)
    right = [
        step for step in steps if compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, step)))
    ]
    if not right or right[-1] <= authenticator.data.get("last_step", 0):
        return False
    authenticator.data["last_step"] = right[-1]
    authenticator.save(update_fields=["data"])
    return True


@transaction.atomic
def seal_recovery_codes(*, user_id: int) -> None:
    """Once they were shown, keep only hashes of the codes, so that nobody can read them any more, ourselves included.

    All of a person share one salt: a typed code is then hashed once, not once for each.
    """
    kept = Authenticator.objects.select_for_update().get(user=user_id, type=Authenticator.Type.RECOVERY_CODES)
    salt = secrets.token_hex(16)
    hashes = [make_password(code, salt=salt) for code in kept.wrap().get_unused_codes()]
    # allauth takes an empty list of such codes to mean that none of its own are left.
    kept.data = {"migrated_codes": [], "salt": salt, "hashes": hashes, "viewed_at": kept.data.get("viewed_at")}
    kept.save(update_fields=["data"])


@transaction.atomic
def spend_recovery_code(*, user_id: int, code: str) -> Authenticator | None:
    """The recovery codes that this one belonged to; None if it opens nothing, or has opened before."""
    typed = normalize_user_code(code)
    kept = Authenticator.objects.select_for_update().filter(user=user_id, data__has_key="hashes").first()
    if kept is None or len(typed) != RECOVERY_CODE_DIGITS:
        return None
    tried = make_password(typed, salt=kept.data["salt"])
    right = [known for known in kept.data["hashes"] if constant_time_compare(known, tried)]
    if not right:
        return None
    kept.data["hashes"].remove(right[0])
    kept.save(update_fields=["data"])
    return kept


@transaction.atomic
def reset_second_factor(*, actor: Actor, user: User) -> None:
    """Take all factors of somebody away who has lost them, and log them out; the password alone opens again.

    :raises OwnFactors: administrators too have to show a factor to change their own
    """
    require(actor, MANAGE)
    if actor.user_id == user.pk:
        raise OwnFactors
    lost = Authenticator.objects.filter(user=user)
    factors = sorted(lost.values_list("type", flat=True))
    lost.delete()
    end_sessions(actor=actor, user=user, reason="second_factor")
    announce(SecondFactorReset(user_id=user.pk, by_user_id=actor.user_id, factors=factors))


@transaction.atomic
def put_second_factor_rule(*, actor: Actor, role: Role, is_required: bool) -> None:
    """Say whether everybody who holds the role has to have a second factor; built-in roles included."""
    require(actor, MANAGE)
    Role.objects.filter(pk=role.pk).update(requires_second_factor=is_required)
    publish(SecondFactorRuleChanged(role_id=role.pk, is_required=is_required, by_user_id=actor.user_id))
