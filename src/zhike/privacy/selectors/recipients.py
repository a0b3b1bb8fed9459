"""Who has a person's data besides us, as far as it is known: who has to hear of a correction or an erasure."""

from dataclasses import dataclass
from datetime import datetime

from zhike.audit.selectors.events import list_events
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.lists import registry
from zhike.customers.listing import KEY
from zhike.customers.models import Customer
from zhike.customers.permissions import CONTAINED
from zhike.privacy.models import Purpose, Request
from zhike.privacy.permissions import HANDLE


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Data of the person that left. who: took it. columns: what it held of each customer, where that is known."""

    at: datetime
    who: str
    format: str
    columns: list[str]


@dataclass(frozen=True, kw_only=True)
class Recipients:
    """purposes: of the record of processing, with their recipients. exports: lists that contained the person.

    transfers: what was taken out on their wish, to be given to somebody else.
    """

    purposes: list[Purpose]
    exports: list[Taken]
    transfers: list[Taken]

    def __bool__(self) -> bool:
        return bool(self.purposes or self.exports or self.transfers)


def list_recipients(*, actor: Actor, customer_id: int) -> Recipients:
    """By the record of processing, and by the history."""
    require(actor, HANDLE)
    asked = list(Request.objects.filter(customer=customer_id, kind=Request.Kind.TRANSFER).values_list("pk", flat=True))
    return Recipients(
        purposes=list(Purpose.objects.exclude(recipients="").order_by("name")),
        exports=_taken(Customer._meta.db_table, [customer_id], CONTAINED),
        transfers=_taken(Request._meta.db_table, asked, "privacy.copy_person"),
    )


def _taken(table: str, ids: list[int], action: str) -> list[Taken]:
    labels = {key: str(column.label) for key, column in registry.get(KEY).columns.items()}
    return [
        Taken(
            at=one.at,
            who=one.who,
            format=one.told.get("format", "zip").upper(),
            columns=[labels.get(name, name) for name in one.told.get("columns", [])],
        )
        for one in list_events(subject=table, subject_ids=ids, actions=[action])
    ]
