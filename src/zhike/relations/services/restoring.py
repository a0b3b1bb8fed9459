"""Relations as they come back from history, and the undoing of what was just done to one."""

from datetime import datetime

from django.db import transaction

from zhike.audit.models import Entry
from zhike.audit.selectors.changes import list_changes_of
from zhike.core.actor import Actor
from zhike.customers.models import Customer
from zhike.customers.services.bin import CUSTOMERS
from zhike.recovery.kinds import Back, Restorable
from zhike.recovery.restoring import NothingToPutBack, chosen_by_default, plan_back, put_back
from zhike.relations.aspects import aspect_of
from zhike.relations.models import Relation
from zhike.relations.services import relating


def _put_back(actor: Actor, customer_id: int, back: Back, at: datetime) -> None:
    if back.action == "remove":
        relating.remove_relation(actor=actor, relation_id=back.row_id)
    elif back.action == "change":
        details = {name: value for name, value in back.then.items() if name in relating.DETAILS}
        relating.edit_relation(actor=actor, relation_id=back.row_id, details=details, at=at)
    else:
        relating.add_relation(
            actor=actor,
            customer_id=customer_id,
            other_id=back.then["other_id"],
            aspect=aspect_of(back.then["kind"], is_other_end=True).key,
            details=back.then,
            source=back.then.get("source") or "",
            relation_id=back.row_id,
            at=at,
        )


RELATION = Restorable(columns=relating.DETAILS, names=("kind", "other_id", "title"), put_back=_put_back)


@transaction.atomic
def undo_entry(*, actor: Actor, entry_id: int, at: datetime) -> None:
    """Take back one change of one relation, as far as nobody has changed it since.

    :raises Entry.DoesNotExist: there is none of a relation
    :raises NothingToPutBack: it is as it was before
    :raises DomainError: as for the services that edit relations
    """
    entry = Entry.objects.get(pk=entry_id, table_name=Relation._meta.db_table)
    customer_id = (entry.subject_ids or [0])[0]
    changes = list_changes_of(actor=actor, model=Customer, record_id=customer_id, since=entry_id)
    own = [one for one in changes if one.entry_id == entry_id]
    plan = plan_back(actor, CUSTOMERS, customer_id, own)
    if not plan.steps:
        raise NothingToPutBack
    put_back(actor=actor, kind=CUSTOMERS, plan=plan, chosen=chosen_by_default(plan.steps), at=at)
