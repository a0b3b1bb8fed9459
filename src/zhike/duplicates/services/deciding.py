"""What people decide about a pair: not a duplicate, and how customers are merged at all."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.audit import services as audit
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.customers.models import Customer
from zhike.duplicates.models import Pair, Settings
from zhike.duplicates.permissions import MERGE, SCAN
from zhike.duplicates.survivorship import UNITS, rules_for

TELL_APART = "duplicates.tell_apart"
OPEN_AGAIN = "duplicates.open_again"
LOWEST_AUTO = 0.9


@transaction.atomic
def tell_apart(*, actor: Actor, pair_id: int, at: datetime) -> Pair:
    """The two are not the same: remembered, whatever later scans find.

    :raises PermissionDenied: the actor may not merge
    :raises Pair.DoesNotExist: there is none, or not for this actor
    """
    return _decide(actor, pair_id, Pair.State.DISTINCT, at)


@transaction.atomic
def open_again(*, actor: Actor, pair_id: int, at: datetime) -> Pair:
    """Take that back.

    :raises PermissionDenied, Pair.DoesNotExist: as for the decision
    """
    return _decide(actor, pair_id, Pair.State.OPEN, at)


def _decide(actor: Actor, pair_id: int, state: Pair.State, at: datetime) -> Pair:
    require(actor, MERGE)
    pair = Pair.objects.within(actor, MERGE).select_for_update(of=("self",)).get(pk=pair_id)
    pair.state = state
    decided = state != Pair.State.OPEN
    pair.decided_by_id, pair.decided_at, pair.merge_id = (actor.user_id, at, None) if decided else (None, None, None)
    pair.save(update_fields=["state", "decided_by", "decided_at", "merge_id"])
    audit.record(
        action=TELL_APART if decided else OPEN_AGAIN,
        subject=Customer._meta.db_table,
        ids=[pair.first_id, pair.second_id],
    )
    return pair


@transaction.atomic
def put_settings(
    *,
    actor: Actor,
    rules: Mapping[str, str],
    sources: Sequence[str],
    auto_from: float | None,
    scans_itself: bool = True,
) -> Settings:
    """How customers are merged from now on.

    :raises PermissionDenied: the actor may not
    :raises ValidationError: a rule that there is not, or a limit below 90 %
    """
    require(actor, SCAN)
    if any(unit not in UNITS or rule not in rules_for(unit) for unit, rule in rules.items()):
        raise ValidationError({"rules": [_("Choose one of the list.")]})
    if auto_from is not None and not LOWEST_AUTO <= auto_from <= 1:
        raise ValidationError({"auto_from": [_("At least 90 %, at most 100 %.")]})
    wanted = {
        "rules": dict(rules),
        "sources": [one[:50] for one in sources if one],
        "auto_from": auto_from,
        "scans_itself": scans_itself,
    }
    found, _is_new = Settings.objects.update_or_create(pk=1, defaults=wanted)
    return found
