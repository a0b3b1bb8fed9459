"""What comes back from the history of a customer that this app keeps about them."""

from datetime import datetime

from zhike.core.actor import Actor
from zhike.privacy.models import Minor
from zhike.privacy.services import consents
from zhike.recovery.kinds import Back, Restorable


def _put_back(actor: Actor, customer_id: int, back: Back, at: datetime) -> None:
    known = Minor.objects.filter(customer=customer_id).first()
    guardian = str(back.then.get("guardian", known.guardian if known else ""))
    is_under = back.action != "remove"
    consents.mark_minor(actor=actor, customer_id=customer_id, is_under=is_under, guardian=guardian, at=at)


MINOR = Restorable(columns=("guardian",), names=("guardian",), is_named=True, put_back=_put_back)
