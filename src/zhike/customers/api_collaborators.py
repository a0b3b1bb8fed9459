"""Collaborators of a customer over the API."""

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router

from zhike.core.api.responses import answer
from zhike.core.api.schemas import Flag, Id, Input, Output
from zhike.core.http import ActorRequest
from zhike.customers.selectors import records
from zhike.customers.services import collaborators

router = Router(tags=["customers"])


class CollaboratorIn(Input):
    may_edit: Flag = False


class CollaboratorOut(Output):
    user_id: int
    may_edit: bool


class CollaboratorsOut(Output):
    items: list[CollaboratorOut]


@router.get(
    "/customers/{customer_id}/collaborators",
    response=CollaboratorsOut,
    operation_id="list_collaborators",
    summary="List the collaborators",
)
def list_collaborators(request: ActorRequest, customer_id: Id) -> HttpResponse:
    """Who works on the customer besides its owner."""
    return answer({"items": records.list_collaborators(actor=request.actor, customer_id=customer_id)})


@router.put(
    "/customers/{customer_id}/collaborators/{user_id}",
    response=CollaboratorOut,
    operation_id="put_collaborator",
    summary="Add or change a collaborator",
)
def put_collaborator(request: ActorRequest, customer_id: Id, user_id: Id, wanted: CollaboratorIn) -> HttpResponse:
    """Let a colleague see the customer, or edit it as well, as far as their roles let them at all."""
    row = collaborators.put_collaborator(
        actor=request.actor, customer_id=customer_id, user_id=user_id, may_edit=wanted.may_edit, at=timezone.now()
    )
    return answer({"user_id": row.user_id, "may_edit": row.may_edit})


@router.delete(
    "/customers/{customer_id}/collaborators/{user_id}",
    response={204: None},
    operation_id="remove_collaborator",
    summary="Remove a collaborator",
)
def remove_collaborator(request: ActorRequest, customer_id: Id, user_id: Id) -> HttpResponse:
    """End the colleague's part in the customer."""
    row = records.get_collaborator(actor=request.actor, customer_id=customer_id, user_id=user_id)
    collaborators.remove_collaborator(actor=request.actor, collaborator_id=row)
    return HttpResponse(status=204)
