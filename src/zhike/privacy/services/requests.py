"""What becomes of a person's request."""

import uuid
from calendar import monthrange
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.calendars.selectors import WorkingDays, get_working_days
from zhike.core.access import require
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.customers.models import Customer
from zhike.customers.services.holding import hold_customer
from zhike.privacy.models import Proposal, Request
from zhike.privacy.permissions import HANDLE
from zhike.privacy.services import erasing

EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)


class RequestUnfit(DomainError):
    code = "request_unfit"
    status = 422


class RequestClosed(DomainError):
    code = "request_closed"


def due_on(received_on: date, *, rule: str, days: WorkingDays) -> date:
    """The last day to answer. rule: "15w" for working days, "30d" for days, "1m" for a month."""
    count, unit = int(rule[:-1]), rule[-1]
    if unit == "d":
        return received_on + timedelta(days=count)
    if unit == "m":
        months = received_on.month - 1 + count
        year, month = received_on.year + months // 12, months % 12 + 1
        return date(year, month, min(received_on.day, monthrange(year, month)[1]))
    return days.after(received_on, count)


@transaction.atomic
def take_request(*, actor: Actor, customer_id: int, kind: str, received_on: date, wish: str = "") -> Request:
    """Put a request on the desk, with the day it has to be answered by.

    :raises RequestUnfit: there is no such customer, or the day is none of ours
    """
    require(actor, HANDLE)
    if not EARLIEST <= received_on <= LATEST:
        raise RequestUnfit(_("Enter the day on which it was received."))
    with seeing_everything():
        try:
            hold_customer(customer_id=customer_id)
        except Customer.DoesNotExist:
            raise RequestUnfit(_("There is no customer with this number.")) from None
        return Request.objects.create(
            customer_id=customer_id,
            kind=kind,
            received_on=received_on,
            due_on=due_on(received_on, rule=settings.REQUEST_DEADLINE, days=get_working_days()),
            wish=wish,
        )


@transaction.atomic
def note_identity(*, actor: Actor, request_id: int, identity: str) -> Request:
    """Keep how it was made sure that it is the person who asks.

    :raises RequestClosed: it was answered
    """
    row = get_open(actor, request_id)
    row.identity = identity
    row.save(update_fields=["identity"])
    return row


@transaction.atomic
def close_request(*, actor: Actor, request_id: int, is_refused: bool, outcome: str, at: datetime) -> Request:
    """Answer a request: carried out, or refused with reasons.

    What was proposed and is undecided is refused with it.

    :raises RequestUnfit: nobody's identity was checked, a refusal has no reason, or something is undecided
    :raises RequestClosed: it was answered
    """
    row = get_open(actor, request_id)
    if not row.identity:
        raise RequestUnfit(_("First note how you made sure that it is this person who asks."))
    if is_refused and not outcome:
        raise RequestUnfit(_("Say why it is refused: the person has a right to know."))
    waiting = Proposal.objects.filter(request=row, state=Proposal.State.OPEN)
    if is_refused:
        waiting.update(state=Proposal.State.REFUSED, reason=outcome, decided_by=actor.user_id, decided_at=at)
    elif waiting.exists():
        raise RequestUnfit(_("First decide about what was proposed."))
    row.state = Request.State.REFUSED if is_refused else Request.State.DONE
    row.outcome, row.closed_at, row.handled_by_id = outcome, at, actor.user_id
    row.save(update_fields=["state", "outcome", "closed_at", "handled_by"])
    return row


@transaction.atomic
def carry_out_erasure(*, actor: Actor, request_id: int, confirmed: str, at: datetime) -> Request:
    """Erase the person of the request, and close it.

    confirmed: the customer's name, typed by whoever decides.

    :raises RequestUnfit: it asks for something else, the identity was not checked, or the name is another
    :raises RequestClosed: it was answered
    """
    row = get_open(actor, request_id)
    if row.kind != Request.Kind.ERASE or row.customer_id is None:
        raise RequestUnfit(_("This request does not ask for erasure."))
    if not row.identity:
        raise RequestUnfit(_("First note how you made sure that it is this person who asks."))
    with seeing_everything():
        name = Customer.objects.values_list("name", flat=True).get(pk=row.customer_id)
    if confirmed.strip() != name:
        raise RequestUnfit(_("The name is not the customer's."))
    erasure = erasing.erase_person(actor=actor, customer_id=row.customer_id, at=at, reference=uuid.uuid4())
    row.refresh_from_db()
    row.state, row.closed_at, row.erasure = Request.State.DONE, at, erasure
    row.handled_by_id = actor.user_id
    row.save(update_fields=["state", "closed_at", "erasure", "handled_by"])
    return row


def get_open(actor: Actor, request_id: int) -> Request:
    """The request, locked.

    :raises RequestClosed: it was answered
    """
    require(actor, HANDLE)
    row = Request.objects.select_for_update().get(pk=request_id)
    if row.state != Request.State.OPEN:
        raise RequestClosed(_("This request was answered already."))
    return row
