"""What is wrong about a person is put right by the services that edit, and before and after stay with the request."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.core.acting import seeing_everything
from zhike.core.actor import SYSTEM, Actor
from zhike.core.errors import DomainError
from zhike.customers.services import identifiers, people
from zhike.privacy.models import Proposal, Request
from zhike.privacy.services import proposing
from zhike.privacy.services.proposing import PREFIX
from zhike.privacy.services.requests import RequestUnfit, get_open


class ProposalDecided(DomainError):
    code = "proposal_decided"

    def __init__(self) -> None:
        super().__init__(_("This proposal was decided already."))


class ProposalStale(DomainError):
    code = "proposal_stale"

    def __init__(self) -> None:
        super().__init__(_("The value on record has changed meanwhile. Compare again, then decide."))


@transaction.atomic
def correct(*, actor: Actor, request_id: int, wanted: Mapping[str, str], at: datetime) -> Request:
    """Put right at once what the person says is wrong, whoever owns the record; what was proposed of it is accepted.

    wanted: names as `list_correctable` gives them, to the values that are right.

    :raises RequestUnfit: it asks for something else, the identity was not checked, or nothing is different
    :raises zhike.privacy.services.requests.RequestClosed: it was answered
    :raises ValidationError, DomainError: as for the edits that this is made of
    """
    proposals = proposing.propose(actor=actor, request_id=request_id, wanted=wanted, at=at)
    return accept(actor=actor, request_id=request_id, proposals=proposals, reason="", at=at)


@transaction.atomic
def decide(
    *,
    actor: Actor,
    request_id: int,
    proposal_id: int,
    is_refused: bool,
    reason: str,
    at: datetime,
    seen: str | None = None,
) -> Proposal:
    """Accept a proposal, by which the record is put right, or refuse it with a reason.

    seen: what the decider took for the value on record; None: they did not look.

    :raises RequestUnfit: a refusal has no reason, the identity was not checked, or there is no such field any more
    :raises ProposalDecided: somebody was faster
    :raises ProposalStale: something else stands there by now
    """
    row = get_open(actor, request_id)
    one = Proposal.objects.select_for_update().get(pk=proposal_id, request=row)
    if one.state != Proposal.State.OPEN:
        raise ProposalDecided
    if is_refused:
        proposing.refuse([one], actor=actor, reason=reason, at=at)
    else:
        accept(actor=actor, request_id=request_id, proposals=[one], reason=reason, at=at, seen=seen)
    one.refresh_from_db()
    return one


@transaction.atomic
def accept(
    *,
    actor: Actor,
    request_id: int,
    proposals: Sequence[Proposal],
    reason: str,
    at: datetime,
    seen: str | None = None,
) -> Request:
    """Put right what these say, by the services that edit; before and after stay with the request.

    :raises RequestUnfit: the identity was not checked, or there is no such field any more
    :raises ProposalStale: something else than `seen` stands there by now
    """
    row, customer_id, offered = proposing.open_correction(actor, request_id)
    if not row.identity:
        raise RequestUnfit(_("First note how you made sure that it is this person who asks."))
    if {one.field for one in proposals} - offered.keys():
        raise RequestUnfit(_("There is no such field."))
    if seen is not None and any(seen != offered[one.field].value for one in proposals):
        raise ProposalStale
    changed = {one.field: one.value for one in proposals if one.value != offered[one.field].value}
    _edit(actor, customer_id, changed, at)
    for one in proposals:
        one.seen, one.state, one.reason = offered[one.field].value, Proposal.State.ACCEPTED, reason
        one.decided_by_id, one.decided_at = actor.user_id, at
        one.save(update_fields=["seen", "state", "reason", "decided_by", "decided_at"])
    row.changes = [
        *row.changes,
        *(
            {
                "field": name,
                "key": offered[name].key,
                "label": str(offered[name].label),
                "before": offered[name].value,
                "after": value,
            }
            for name, value in changed.items()
        ),
    ]
    row.save(update_fields=["changes"])
    return row


def _edit(actor: Actor, customer_id: int, changed: Mapping[str, str], at: datetime) -> None:
    # The desk's own permission opens every record, as it does for erasing one.
    clerk = replace(SYSTEM, user_id=actor.user_id, name=actor.name, request_id=actor.request_id)
    with seeing_everything():
        columns = {name: value for name, value in changed.items() if not name.startswith(PREFIX)}
        if columns:
            people.edit_customer(actor=clerk, customer_id=customer_id, changes=columns, at=at)
        for name in changed.keys() - columns.keys():
            number = int(name.removeprefix(PREFIX))
            if changed[name]:
                identifiers.change_identifier(actor=clerk, identifier_id=number, value=changed[name], at=at)
            else:
                identifiers.remove_identifier(actor=clerk, identifier_id=number, at=at)
