"""The history of a customer over the API, and putting back what it says."""

from typing import Annotated

from django.http import HttpResponse
from ninja import Query, Router

from zhike.accounts.idempotency import idempotent
from zhike.core.access import require
from zhike.core.api.schemas import After, Id, Limit, PageOf
from zhike.core.http import ActorRequest
from zhike.core.paging import Page
from zhike.customers.models import EDIT, Customer
from zhike.customers.selectors import record
from zhike.customers.services.bin import CUSTOMERS
from zhike.recovery import api_records
from zhike.recovery.api_records import HistoryOut, PlanOut, PutBackIn, PutBackOut
from zhike.recovery.restoring import Mode

router = Router(tags=["restoring"])


@router.get(
    "/customers/{customer_id}/history",
    response=PageOf[HistoryOut],
    operation_id="list_history",
    summary="List the changes of a customer",
)
def list_history(request: ActorRequest, customer_id: Id, limit: Limit = 50, after: After = "") -> HttpResponse:
    """Who changed what of it and of what belongs to it, before and after, the latest first."""
    Customer.objects.visible_to(request.actor).get(pk=customer_id)
    return api_records.answer_history(
        request.actor,
        CUSTOMERS,
        customer_id,
        page=Page(size=limit, after=after),
        may_restore=record.may_edit(actor=request.actor, customer_id=customer_id),
    )


@router.get(
    "/customers/{customer_id}/history/{entry_id}/plan",
    response=PlanOut,
    operation_id="plan_put_back",
    summary="See what putting back would do",
)
def plan_put_back(
    request: ActorRequest,
    customer_id: Id,
    entry_id: Id,
    mode: Annotated[Mode, Query(description="This one change, or everything since.")] = "change",
) -> HttpResponse:
    """Each value now and then, with what somebody edited since marked. Changes nothing."""
    _editable(request, customer_id)
    return api_records.answer_plan(request.actor, CUSTOMERS, customer_id, entry_id=entry_id, mode=mode)


@router.post(
    "/customers/{customer_id}/history/{entry_id}/put-back",
    response=PutBackOut,
    operation_id="put_back",
    summary="Put back what the history says",
)
@idempotent
def put_back(request: ActorRequest, customer_id: Id, entry_id: Id, how: PutBackIn) -> HttpResponse:
    """By the rules of an edit, as a change of its own. 409 if the plan would be another one by now."""
    _editable(request, customer_id)
    return api_records.put_back(request.actor, CUSTOMERS, customer_id, entry_id=entry_id, how=how)


def _editable(request: ActorRequest, customer_id: int) -> None:
    customer = Customer.objects.visible_to(request.actor).get(pk=customer_id)
    require(request.actor, EDIT, record=customer)
