"""Relations between customers over the API."""

from typing import Annotated, Any, Literal

from django.http import HttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import Field

from zhike.accounts.idempotency import idempotent
from zhike.core.api.responses import answer
from zhike.core.api.schemas import BIGGEST_ID, Day, Id, Input, Output, Short, Text
from zhike.core.http import ActorRequest
from zhike.customers.models import Customer
from zhike.relations.selectors import graph, related
from zhike.relations.services import relating

router = Router(tags=["customers"])

Aspect = Literal["parent", "subsidiary", "employer", "contact", "household", "referrer", "referred", "other"]
Role = Literal["", "decider", "influencer", "user", "buyer", "gatekeeper"]
Reference = Annotated[int, Field(ge=1, le=BIGGEST_ID)]


class RelationFields(Input):
    """role: of a person in what their employer buys. ended_on: null while it goes on."""

    role: Role = ""
    title: Annotated[Text, Field(max_length=60)] = ""
    started_on: Day | None = None
    ended_on: Day | None = None
    note: Annotated[Text, Field(max_length=500)] = ""


class RelationIn(RelationFields):
    """aspect: what the other customer is to this one. source: the system that it comes from."""

    other_id: Reference
    aspect: Aspect
    source: Short = "api"


class RelationPatch(RelationFields):
    """Only what is sent changes."""


class RelationOut(Output):
    """other_id: null where the other customer lies outside the data scope; its name is masked then."""

    id: int
    aspect: Aspect
    other_id: int | None
    other_kind: Literal["person", "organisation"]
    other_name: str
    role: Role
    title: str
    started_on: Day | None
    ended_on: Day | None
    source: str
    note: str


class RelationsOut(Output):
    items: list[RelationOut]


class NodeOut(Output):
    """number: within this answer. customer_id: null where it lies outside the data scope. step: from the customer asked
    for. behind: the number of the one that it hangs on; null in the middle. said: what it is to that one."""

    number: int
    customer_id: int | None
    kind: Literal["person", "organisation"]
    name: str
    step: int
    behind: int | None
    said: str


class GraphOut(Output):
    """left_out: how many customers are related and not told of, because the answer is kept small."""

    nodes: list[NodeOut]
    left_out: int


@router.get(
    "/customers/{customer_id}/relations",
    response=RelationsOut,
    operation_id="list_relations",
    summary="List related people and organisations",
)
def list_relations(request: ActorRequest, customer_id: Id) -> HttpResponse:
    """What goes on before what is over."""
    _visible(request, customer_id)
    return answer(
        {"items": [_shown(one) for one in related.list_related(actor=request.actor, customer_id=customer_id)]}
    )


@router.post(
    "/customers/{customer_id}/relations",
    response={201: RelationOut},
    operation_id="add_relation",
    summary="Relate two customers",
)
@idempotent
def add_relation(request: ActorRequest, customer_id: Id, wanted: RelationIn) -> HttpResponse:
    """Write down what another customer is to this one: its parent company, its employer, who referred it."""
    made = relating.add_relation(
        actor=request.actor,
        customer_id=customer_id,
        other_id=wanted.other_id,
        aspect=wanted.aspect,
        details={name: getattr(wanted, name) for name in relating.DETAILS},
        source=wanted.source,
        at=timezone.now(),
    )
    return answer(_one(request, customer_id, made.pk), status=201)


@router.patch(
    "/customers/{customer_id}/relations/{relation_id}",
    response=RelationOut,
    operation_id="edit_relation",
    summary="Change a relation",
)
def edit_relation(request: ActorRequest, customer_id: Id, relation_id: Id, changes: RelationPatch) -> HttpResponse:
    """Change what is known about it, or say when it ended."""
    _visible(request, customer_id)
    related.get_related(actor=request.actor, customer_id=customer_id, relation_id=relation_id)
    relating.edit_relation(actor=request.actor, relation_id=relation_id, details=changes.given(), at=timezone.now())
    return answer(_one(request, customer_id, relation_id))


@router.delete(
    "/customers/{customer_id}/relations/{relation_id}",
    response={204: None},
    operation_id="remove_relation",
    summary="Remove a relation",
)
def remove_relation(request: ActorRequest, customer_id: Id, relation_id: Id) -> HttpResponse:
    """Because it was never true; of what is over, say when it ended instead."""
    _visible(request, customer_id)
    related.get_related(actor=request.actor, customer_id=customer_id, relation_id=relation_id)
    relating.remove_relation(actor=request.actor, relation_id=relation_id)
    return HttpResponse(status=204)


@router.get(
    "/customers/{customer_id}/relation-graph",
    response=GraphOut,
    operation_id="get_relation_graph",
    summary="Get who hangs together with a customer",
)
def get_relation_graph(request: ActorRequest, customer_id: Id) -> HttpResponse:
    """Two steps out, at most 61 customers."""
    _visible(request, customer_id)
    found = graph.read_graph(actor=request.actor, customer_id=customer_id)
    numbers = {node.who.pk: number for number, node in enumerate(found.nodes)}
    behind = {node.who.pk: above.who.pk for above in found.nodes for node in above.below}
    nodes = [
        {
            "number": numbers[node.who.pk],
            "customer_id": None if node.who.is_masked else node.who.pk,
            "kind": node.who.kind,
            "name": node.who.name,
            "step": node.step,
            "behind": numbers[behind[node.who.pk]] if node.step else None,
            "said": node.said,
        }
        for node in found.nodes
    ]
    return answer({"nodes": nodes, "left_out": found.left_out})


def _visible(request: ActorRequest, customer_id: int) -> None:
    Customer.objects.visible_to(request.actor).get(pk=customer_id)


def _one(request: ActorRequest, customer_id: int, relation_id: int) -> dict[str, Any]:
    return _shown(related.get_related(actor=request.actor, customer_id=customer_id, relation_id=relation_id))


def _shown(one: related.Related) -> dict[str, Any]:
    return {
        "id": one.pk,
        "aspect": one.aspect,
        "other_id": None if one.other.is_masked else one.other.pk,
        "other_kind": one.other.kind,
        "other_name": one.other.name,
        "role": one.role,
        "title": one.title,
        "started_on": one.started_on,
        "ended_on": one.ended_on,
        "source": one.source,
        "note": one.note,
    }
