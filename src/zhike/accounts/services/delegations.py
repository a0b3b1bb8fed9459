"""Standing in for somebody: their records are reached for some days, and both sides see it."""

from datetime import date, datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zhike.accounts.models import Delegation, User
from zhike.accounts.permissions import MANAGE
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.errors import DomainError

LONGEST = timedelta(days=366)


class DelegationUnfit(DomainError):
    code = "delegation_unfit"
    status = 422


@transaction.atomic
def delegate(
    *,
    actor: Actor,
    from_user: User,
    to_user: User,
    starts_on: date,
    ends_on: date,
    today: date,
    at: datetime,
    note: str = "",
) -> Delegation:
    """Let somebody stand in from one day to another, both included: with their own permissions, for these records.

    :raises PermissionDenied: for somebody else, without managing users
    :raises DelegationUnfit: to oneself, to somebody who may not log in, into the past, or for more than a year
    """
    if actor.user_id != from_user.pk:
        require(actor, MANAGE)
    if from_user == to_user or not to_user.is_active:
        raise DelegationUnfit(_("Choose a colleague who may log in."))
    if ends_on < max(starts_on, today):
        raise DelegationUnfit(_("The last day must not lie before the first one, nor in the past."))
    if ends_on - starts_on > LONGEST:
        raise DelegationUnfit(_("A delegation lasts a year at most. Afterwards it can be made again."))
    return Delegation.objects.create(
        from_user=from_user,
        to_user=to_user,
        starts_on=starts_on,
        ends_on=ends_on,
        note=note.strip(),
        created_at=at,
        created_by_id=actor.user_id,
    )


@transaction.atomic
def end_delegation(*, actor: Actor, delegation_id: int, today: date) -> None:
    """End it before its day: it reaches nothing from now on. One that had not begun is gone.

    :raises Delegation.DoesNotExist: there is none
    :raises PermissionDenied: neither of the two, without managing users
    """
    delegation = Delegation.objects.select_for_update().get(pk=delegation_id)
    if actor.user_id not in (delegation.from_user_id, delegation.to_user_id) and not actor.may(MANAGE):
        raise PermissionDenied(MANAGE)
    if delegation.starts_on >= today:
        delegation.delete()
        return
    Delegation.objects.filter(pk=delegation_id).filter(Q(ends_on__gte=today)).update(ends_on=today - timedelta(days=1))
