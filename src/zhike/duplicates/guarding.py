"""What was given up does not come back from the recycle bin by itself: what was its own is elsewhere."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.customers.guarded import shown_name
from zhike.customers.models import Customer
from zhike.customers.services.bin import CODE
from zhike.duplicates.pointers import find_successor
from zhike.recovery.models import Binned


class WasMerged(DomainError):
    """`customer_id`: into which it was merged, if the actor may see it."""

    code = "was_merged"

    def __init__(self, *, survivor: Customer | None, name: str) -> None:
        self.members = {"customer_id": survivor.pk if survivor else None}
        said = _("This was merged into %(name)s. Take the merge back there, and it returns with everything.")
        hidden = _("This was merged into a customer outside your data scope. Whoever owns it can take the merge back.")
        super().__init__((said if survivor else hidden) % {"name": name})


def refuse_restoring(actor: Actor, record_ids: Sequence[int]) -> None:
    """
    :raises WasMerged: one of these was merged into a customer that is there, or in the bin
    """
    for record_id in record_ids:
        successor = find_successor(record_id)
        if successor is None:
            continue
        with seeing_everything():
            is_there = Customer.objects.filter(pk=successor).exists()
            is_there |= Binned.objects.filter(kind=CODE, record_id=successor).exists()
        if is_there:
            survivor = Customer.objects.visible_to(actor).filter(pk=successor).first()
            raise WasMerged(survivor=survivor, name=shown_name(actor, survivor.name) if survivor else "")
