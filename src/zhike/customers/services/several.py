"""Own fields of several choices, changed by one choice: what moving a card from lane to lane does."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.customers.services.people import edit_customer, get_for_edit
from zhike.metadata.kinds import Known


class ChoiceNotThere(DomainError):
    """The customer has the one no more, or nobody can choose the other."""

    code = "choice_not_there"


class ChoiceHeldAlready(DomainError):
    code = "choice_held_already"


class OtherChoicesHeld(DomainError):
    """Without this one choice the field would not be empty."""

    code = "other_choices_held"


@transaction.atomic
def exchange_choice(
    *, actor: Actor, customer_id: int, field: Known, taken: str, given: str, at: datetime
) -> int | None:
    """Choose one value in place of another; returns the change's id.

    taken: empty of a customer without any. given: empty to leave none.

    :raises Customer.DoesNotExist: there is none, or not for this actor
    :raises ChoiceNotThere: the customer does not have the one by now, or the other is not offered
    :raises ChoiceHeldAlready, OtherChoicesHeld: the customer would stay where it is
    :raises ValidationError: the field refuses it
    """
    customer = get_for_edit(actor=actor, customer_id=customer_id)
    held: list[str] = customer.custom.get(field.key) or []
    if (taken not in held if taken else held) or taken == given:
        raise ChoiceNotThere(_("This customer stands elsewhere by now; load the board again."))
    kept = [one for one in held if one != taken]
    names = {one: field.options[one].named for one in (*kept, given) if one in field.options}
    if not given and kept:
        others = {"values": _(", ").join(names.values())}
        raise OtherChoicesHeld(_("Other choices stay in this field: %(values)s. Take them out first.") % others)
    if given in held:
        raise ChoiceHeldAlready(_("This customer has “%(value)s” already.") % {"value": names[given]})
    if given and (given not in field.options or not field.options[given].is_offered):
        raise ChoiceNotThere(_("This choice is no longer there; load the board again."))
    changes = {field.name: [*kept, given] if given else []}
    return edit_customer(actor=actor, customer_id=customer_id, changes=changes, at=at).change_id
