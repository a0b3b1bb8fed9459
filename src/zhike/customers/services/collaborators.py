"""Colleagues who work on a customer that is not theirs."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.accounts.models import User
from zhike.core.access import require, require_hold
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.customers.models import Collaborator, Customer

EDIT = "customers.edit_customer"


class CollaboratorUnfit(DomainError):
    code = "collaborator_unfit"
    status = 422


@transaction.atomic
def put_collaborator(*, actor: Actor, customer_id: int, user_id: int, may_edit: bool, at: datetime) -> Collaborator:
    """Let a colleague see the customer, or edit it as well, as far as their roles let them at all.

    :raises Customer.DoesNotExist: there is none, or not for this actor
    :raises CollaboratorUnfit: the owner, or somebody who may not log in
    :raises PermissionDenied: the actor may not edit it, or is a collaborator themselves
    """
    customer = _lock(actor, customer_id)
    if user_id == customer.owner_id or not User.objects.filter(pk=user_id, is_active=True).exists():
        raise CollaboratorUnfit(_("Choose a colleague who may log in, other than the owner."))
    row, _is_new = Collaborator.objects.update_or_create(
        customer=customer,
        user_id=user_id,
        defaults={"may_edit": may_edit},
        create_defaults={"may_edit": may_edit, "added_by_id": actor.user_id, "created_at": at},
    )
    return row


@transaction.atomic
def remove_collaborator(*, actor: Actor, collaborator_id: int) -> int:
    """End it; returns the customer's id. Collaborators can step back themselves.

    :raises Collaborator.DoesNotExist: there is none, or not for this actor
    """
    row = Collaborator.objects.get(pk=collaborator_id)
    if row.user_id == actor.user_id:
        require(actor, "customers.view_customer")
    else:
        if not Customer.objects.visible_to(actor).filter(pk=row.customer_id).exists():
            raise Collaborator.DoesNotExist
        _lock(actor, row.customer_id)
    customer_id = row.customer_id
    row.delete()
    return customer_id


def _lock(actor: Actor, customer_id: int) -> Customer:
    customer = Customer.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=customer_id)
    require(actor, EDIT, record=customer)
    require_hold(actor, EDIT, record=customer)
    return customer
