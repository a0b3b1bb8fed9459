"""How the desk answers programs."""

from datetime import date
from typing import Any, Literal

from django.http import HttpResponse
from django.utils import timezone

from zhike.core.actor import Actor
from zhike.core.api.responses import answer
from zhike.core.api.schemas import Day, Moment, Output
from zhike.core.http import ActorRequest
from zhike.privacy.models import Request
from zhike.privacy.selectors import proposals, recipients
from zhike.privacy.selectors import requests as selectors

Kind = Literal["copy", "correct", "erase", "explain", "transfer"]
State = Literal["open", "done", "refused"]
ErasureState = Literal["records", "done", "incomplete"]


class CorrectionOut(Output):
    field: str
    label: str
    before: str
    after: str


class ErasureOut(Output):
    """The proof. found: what is left, by place. scrubbed_at: when the files of the database were rid of it too."""

    reference: str
    state: ErasureState
    digest: str
    found: dict[str, int]
    scrubbed_at: Moment | None


class RequestOut(Output):
    """Something a person asked for. customer_id is null once they are erased.

    days_left: working days or days, as the company's rule counts; negative once it is overdue.
    """

    id: int
    kind: Kind
    state: State
    customer_id: int | None
    received_on: Day
    due_on: Day
    days_left: int
    wish: str
    identity: str
    outcome: str
    changes: list[CorrectionOut]
    handled_by_id: int | None
    closed_at: Moment | None
    erasure: ErasureOut | None


class ProposalOut(Output):
    """Something that the person says is wrong. seen: what was on record then; now: what is now, null where the key does
    not read it or it is gone. Values that the key does not read are masked or empty."""

    id: int
    field: str
    label: str
    seen: str
    value: str
    now: str | None
    state: Literal["open", "accepted", "refused"]
    reason: str
    proposed_by_id: int | None
    proposed_at: Moment
    decided_by_id: int | None
    decided_at: Moment | None


class TakenOut(Output):
    """Data that left. who: took it. columns: what it held of each customer."""

    at: Moment
    who: str
    format: str
    columns: list[str]


class PurposeRecipientOut(Output):
    purpose: str
    recipients: str


class RecipientsOut(Output):
    """purposes: by the record of processing; exports (lists that contained the person), transfers: by the history."""

    purposes: list[PurposeRecipientOut]
    exports: list[TakenOut]
    transfers: list[TakenOut]


class RequestDetailOut(RequestOut):
    """recipients: null once the person is erased."""

    proposals: list[ProposalOut]
    recipients: RecipientsOut | None


def answer_request(request: ActorRequest, request_id: int, *, status: int = 200) -> HttpResponse:
    """One request with all that belongs to it.

    :raises Request.DoesNotExist: there is none
    """
    today: date = timezone.localdate()
    row = selectors.get_request(actor=request.actor, request_id=request_id, today=today)
    location = f"/api/v1/privacy/requests/{request_id}" if status == 201 else ""
    found = {
        **shown_request(request.actor, row),
        "proposals": [_proposal(one) for one in proposals.list_proposals(actor=request.actor, one=row.request)],
        "recipients": _recipients(request.actor, row.request.customer_id),
    }
    return answer(found, status=status, location=location)


def shown_request(actor: Actor, row: selectors.Row) -> dict[str, Any]:
    """One request as a line of a list."""
    one: Request = row.request
    names = ("id", "kind", "state", "customer_id", "received_on", "due_on", "wish", "identity", "outcome")
    told = {name: getattr(one, name) for name in (*names, "handled_by_id", "closed_at")}
    erasure = one.erasure and {
        "reference": str(one.erasure.reference),
        "state": one.erasure.state,
        "digest": one.erasure.digest,
        "found": one.erasure.found,
        "scrubbed_at": one.erasure.scrubbed_at,
    }
    changes = proposals.shown_changes(actor, one)
    return {**told, "changes": changes, "days_left": row.days_left, "erasure": erasure}


def _proposal(row: proposals.ProposalRow) -> dict[str, Any]:
    names = ("id", "field", "state", "reason", "proposed_by_id", "proposed_at", "decided_by_id", "decided_at")
    told = {name: getattr(row.proposal, name) for name in names}
    return {**told, "label": row.label, "seen": row.seen, "value": row.value, "now": row.now}


def _recipients(actor: Actor, customer_id: int | None) -> dict[str, Any] | None:
    if customer_id is None:
        return None
    found = recipients.list_recipients(actor=actor, customer_id=customer_id)
    return {
        "purposes": [{"purpose": one.name, "recipients": one.recipients} for one in found.purposes],
        "exports": [vars(one) for one in found.exports],
        "transfers": [vars(one) for one in found.transfers],
    }
