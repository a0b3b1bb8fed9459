"""The history of an order over the API, and putting back what it says."""

from typing import Annotated

from django.http import HttpResponse
from ninja import Query, Router

from zhike.accounts.idempotency import idempotent
from zhike.commerce.models import Order
from zhike.commerce.services.restoring import EDIT, ORDERS
from zhike.core.access import require
from zhike.core.api.schemas import After, Id, Limit, PageOf
from zhike.core.http import ActorRequest
from zhike.core.paging import Page
from zhike.recovery import api_records
from zhike.recovery.api_records import HistoryOut, PlanOut, PutBackIn, PutBackOut
from zhike.recovery.restoring import Mode

router = Router(tags=["restoring"])


@router.get(
    "/orders/{order_id}/history",
    response=PageOf[HistoryOut],
    operation_id="list_order_history",
    summary="List the changes of an order",
)
def list_order_history(request: ActorRequest, order_id: Id, limit: Limit = 50, after: After = "") -> HttpResponse:
    """Who changed what of it and of its lines, before and after, the latest first."""
    Order.objects.visible_to(request.actor).get(pk=order_id)
    may_restore = request.actor.may(EDIT) and Order.objects.within(request.actor, EDIT).filter(pk=order_id).exists()
    page = Page(size=limit, after=after)
    return api_records.answer_history(request.actor, ORDERS, order_id, page=page, may_restore=may_restore)


@router.get(
    "/orders/{order_id}/history/{entry_id}/plan",
    response=PlanOut,
    operation_id="plan_order_put_back",
    summary="See what putting an order back would do",
)
def plan_order_put_back(
    request: ActorRequest,
    order_id: Id,
    entry_id: Id,
    mode: Annotated[Mode, Query(description="This one change, or everything since.")] = "change",
) -> HttpResponse:
    """Each value now and then, with what somebody changed since marked. Changes nothing."""
    _editable(request, order_id)
    return api_records.answer_plan(request.actor, ORDERS, order_id, entry_id=entry_id, mode=mode)


@router.post(
    "/orders/{order_id}/history/{entry_id}/put-back",
    response=PutBackOut,
    operation_id="put_back_order",
    summary="Put an order back to what its history says",
)
@idempotent
def put_back_order(request: ActorRequest, order_id: Id, entry_id: Id, how: PutBackIn) -> HttpResponse:
    """Its total stays the sum of its lines. 409 if the plan would be another one by now, or the order is refunded."""
    _editable(request, order_id)
    return api_records.put_back(request.actor, ORDERS, order_id, entry_id=entry_id, how=how)


def _editable(request: ActorRequest, order_id: int) -> None:
    order = Order.objects.visible_to(request.actor).get(pk=order_id)
    require(request.actor, EDIT, record=order)
