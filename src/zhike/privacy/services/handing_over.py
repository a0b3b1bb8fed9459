"""What a person asked for about themselves goes out to them."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.audit.services import record
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.privacy.models import Request
from zhike.privacy.permissions import HANDLE
from zhike.privacy.selectors import transfer
from zhike.privacy.selectors.requests import copy_archive
from zhike.privacy.services.requests import RequestUnfit

ARCHIVES = {Request.Kind.COPY: copy_archive, Request.Kind.TRANSFER: transfer.transfer_archive}


def is_handed_over(one: Request) -> bool:
    """Whether the request is one for data, of somebody who is still there."""
    return one.kind in ARCHIVES and one.customer_id is not None


@transaction.atomic
def hand_over(*, actor: Actor, request_id: int, reason: str = "") -> bytes:
    """The ZIP file that a request for a copy or a transfer asks for, made anew each time; an event of the history.

    reason: kept with the event; on a page the request says it all.

    :raises RequestUnfit: it asks for something else, or nobody's identity was checked
    :raises zhike.core.fields.FieldsClosed: it would hold what the actor's roles keep from them
    """
    require(actor, HANDLE)
    one = Request.objects.get(pk=request_id)
    if one.customer_id is None or not is_handed_over(one):
        raise RequestUnfit(_("This request does not ask for data."))
    if not one.identity:
        raise RequestUnfit(_("First note how you made sure that it is this person who asks."))
    content = ARCHIVES[Request.Kind(one.kind)](actor=actor, customer_id=one.customer_id)
    told = {"reason": reason} if reason else {}
    record(action="privacy.copy_person", subject=Request._meta.db_table, ids=[request_id], kind=one.kind, **told)
    return content
