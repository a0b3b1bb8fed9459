"""Whom a key speaks for."""

from typing import Annotated

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from ninja import Router
from pydantic import Field

from zhike.accounts import services
from zhike.accounts.idempotency import idempotent
from zhike.accounts.models import Reassignment, User
from zhike.core.api.responses import answer
from zhike.core.api.schemas import BIGGEST_ID, Id, Input, Output
from zhike.core.http import ActorRequest

router = Router(tags=["me"])


class ReachOut(Output):
    """all: every record; otherwise those of these owners and those of these teams."""

    all: bool
    owner_ids: list[int]
    team_ids: list[int]


class Me(Output):
    """The key's owner. grants: permission to the records it reaches."""

    id: int
    name: str
    team_id: int | None
    locale: str
    zone: str
    grants: dict[str, ReachOut]


@router.get("/me", response=Me, operation_id="get_me", summary="Tell whose key this is")
def get_me(request: ActorRequest) -> HttpResponse:
    """Who the key's owner is and what they may do."""
    actor = request.actor
    return answer(
        {
            "id": actor.user_id,
            "name": actor.name,
            "team_id": actor.team_id,
            "locale": actor.locale,
            "zone": actor.zone,
            "grants": {
                permission: {"all": reach.is_all, "owner_ids": reach.user_ids, "team_ids": reach.team_ids}
                for permission, reach in actor.grants.items()
            },
        }
    )


class RecordCount(Output):
    kind: str
    count: int


class RecordCounts(Output):
    items: list[RecordCount]


class ReassignmentIn(Input):
    """to_user_ids: who takes over; several get equal shares."""

    to_user_ids: Annotated[list[Annotated[int, Field(ge=1, le=BIGGEST_ID)]], Field(min_length=1, max_length=100)]


class ReassignmentOut(Output):
    id: int
    counts: dict[str, int]


class Returned(Output):
    count: int


@router.get(
    "/users/{user_id}/records", response=RecordCounts, operation_id="count_records", summary="Count somebody's records"
)
def count_records(request: ActorRequest, user_id: Id) -> HttpResponse:
    """What would be handed over, by kind of record. For those who manage users."""
    counts = services.count_records(actor=request.actor, user=get_object_or_404(User, pk=user_id))
    return answer({"items": [{"kind": one.kind, "count": one.count} for one in counts]})


@router.post(
    "/users/{user_id}/reassignments",
    response={201: ReassignmentOut},
    operation_id="reassign_records",
    summary="Hand somebody's records over",
)
@idempotent
def reassign_records(request: ActorRequest, user_id: Id, wanted: ReassignmentIn) -> HttpResponse:
    """Everything that belongs to the user goes to others, in one step. For those who manage users."""
    made = services.reassign_records(
        actor=request.actor,
        user=get_object_or_404(User, pk=user_id),
        to_users=list(User.objects.filter(pk__in=wanted.to_user_ids).order_by("pk")),
        at=now(),
    )
    return answer({"id": made.pk, "counts": made.counts}, status=201)


@router.post(
    "/reassignments/{reassignment_id}/undo",
    response=Returned,
    operation_id="undo_reassignment",
    summary="Give handed-over records back",
)
def undo_reassignment(request: ActorRequest, reassignment_id: Id) -> HttpResponse:
    """Records that have found another owner since stay with them."""
    made = get_object_or_404(Reassignment, pk=reassignment_id)
    return answer({"count": services.undo_reassignment(actor=request.actor, reassignment_id=made.pk, at=now())})
