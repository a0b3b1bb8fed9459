"""Corrections of persons' data over the API: proposed, decided, or carried out at once."""

from typing import Annotated

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import Field

from zhike.accounts.idempotency import idempotent
from zhike.core.api.schemas import Id, Input, Text
from zhike.core.http import ActorRequest
from zhike.privacy.api_answers import RequestDetailOut, answer_request
from zhike.privacy.services import correcting, proposing

router = Router(tags=["personal information"])


class CorrectionIn(Input):
    """changes: "name", "birthday_on", "country", "province", "city" or "identifier_7", to the value that is right."""

    changes: Annotated[
        dict[Annotated[Text, Field(max_length=40)], Annotated[Text, Field(max_length=500)]],
        Field(min_length=1, max_length=200),
    ]


class ProposalDecisionIn(Input):
    """reason: a refusal needs it. seen: what was taken for the value on record; if something else stands there by now,
    nothing is decided."""

    is_refused: bool = False
    reason: Annotated[Text, Field(max_length=500)] = ""
    seen: Annotated[Text, Field(max_length=500)] | None = None


@router.post(
    "/privacy/requests/{request_id}/corrections",
    response=RequestDetailOut,
    operation_id="correct_person",
    summary="Correct what is wrong",
)
@idempotent
def correct_person(request: ActorRequest, request_id: Id, wanted: CorrectionIn) -> HttpResponse:
    """Put fields and identifiers right, whoever owns the customer; before and after stay with the request."""
    correcting.correct(actor=request.actor, request_id=request_id, wanted=wanted.changes, at=timezone.now())
    return answer_request(request, request_id)


@router.post(
    "/privacy/requests/{request_id}/proposals",
    response=RequestDetailOut,
    operation_id="propose_correction",
    summary="Note what a person says is right",
)
@idempotent
def propose_correction(request: ActorRequest, request_id: Id, wanted: CorrectionIn) -> HttpResponse:
    """Keep it beside what stands there now, until somebody decides; nothing is put right yet."""
    proposing.propose(actor=request.actor, request_id=request_id, wanted=wanted.changes, at=timezone.now())
    return answer_request(request, request_id)


@router.post(
    "/privacy/requests/{request_id}/proposals/{proposal_id}/decision",
    response=RequestDetailOut,
    operation_id="decide_correction",
    summary="Accept or refuse a proposed correction",
)
@idempotent
def decide_correction(
    request: ActorRequest, request_id: Id, proposal_id: Id, decision: ProposalDecisionIn
) -> HttpResponse:
    """Accepted, the record is put right, whoever owns it; recipients tells who should hear of it."""
    correcting.decide(
        actor=request.actor,
        request_id=request_id,
        proposal_id=proposal_id,
        is_refused=decision.is_refused,
        reason=decision.reason,
        seen=decision.seen,
        at=timezone.now(),
    )
    return answer_request(request, request_id)
