"""What the recycle bin holds about people: whole records."""

from zhike.core.personal import Class, classify
from zhike.recovery.models import Binned, Reversal, ReversedRecord


def register() -> None:
    """Whoever is erased is taken out first, so nothing but what others wrote is left to be covered here."""
    classify(
        Binned,
        Class.PERSONAL,
        {
            Class.CONTACT: ("label", "keywords"),
            Class.FREE: ("rows", "links"),
            Class.NONE: ("kind", "permission"),
            Class.STAFF: ("deleted_by", "owner_id", "team_id"),
        },
    )
    classify(Reversal, Class.NONE, {Class.FREE: ("reason",), Class.STAFF: ("user",)})
    classify(ReversedRecord, Class.NONE, {Class.NONE: ("kind", "state", "agreed", "why")})
