"""After a restore: whoever was erased since the backup is erased again."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

from zhike.core.access import require
from zhike.core.acting import seeing_everything
from zhike.core.actor import Actor
from zhike.customers.models import Customer, Identifier
from zhike.customers.services.bin import CODE as BIN_KIND
from zhike.exchange.engine import stop_dead
from zhike.privacy import ledger
from zhike.privacy.models import Erasure
from zhike.privacy.permissions import HANDLE
from zhike.privacy.services import erasing
from zhike.recovery.models import Binned

BATCH = 5000
type Lines = dict[str, ledger.Line]


@dataclass(kw_only=True)
class Replayed:
    """lines: erasures the ledger knows. erased: customers that were there again. open: erasures with something left."""

    lines: int = 0
    erased: int = 0
    open: int = 0
    references: list[str] = field(default_factory=list)


def replay(*, actor: Actor, at: datetime, source: Path | None = None) -> Replayed:
    """Erase everybody again whom the ledger names, and finish erasures that were under way when the backup was made.

    Imports that nobody works on are ended first: after a restore there are some that only say they are under way.
    A customer made after the erasure is somebody who came back, and stays. source: a ledger that lies elsewhere.

    :raises ValueError: the file is no ledger
    """
    require(actor, HANDLE)
    with seeing_everything():
        # Their files would stay as they are for as long as somebody seems to read them.
        stop_dead()
        known = {line.reference: line for line in map(erasing.line_of, Erasure.objects.order_by("pk"))}
        known |= {line.reference: line for line in ledger.read(source or ledger.path())}
        done = Replayed(lines=len(known))
        for customer_id, line in _find(list(known.values())).items():
            reference = UUID(line.reference)
            is_new = not Erasure.objects.filter(reference=reference).exists()
            erasure = erasing.erase_person(
                actor=actor, customer_id=customer_id, at=at, reference=reference if is_new else None
            )
            done.erased += 1
            done.references.append(str(erasure.reference))
        for swept in erasing.sweep_open(actor=actor, at=at):
            done.open += swept.state != Erasure.State.DONE
    return done


def _find(lines: list[ledger.Line]) -> dict[int, ledger.Line]:
    """Customers that are there although they were erased."""
    key = ledger.key()
    persons = {line.person: line for line in lines}
    values = {value: line for line in lines for value in line.identifiers}
    found: dict[int, ledger.Line] = {}
    for customer in Customer.objects.only("pk", "created_at").iterator(chunk_size=BATCH):
        if line := persons.get(ledger.hash_person(customer, key=key)):
            found[customer.pk] = line
    rows = Identifier.objects.select_related("customer").only("kind", "system", "value_normal", "customer__created_at")
    for one in rows.iterator(chunk_size=BATCH):
        line = values.get(ledger.hash_of(one, key=key))
        if line and one.customer.created_at <= line.erased_at:
            found.setdefault(one.customer_id, line)
    return found | _find_binned(persons, values, key)


def _find_binned(persons: Lines, values: Lines, key: bytes) -> dict[int, ledger.Line]:
    """The same of those who lie in the recycle bin."""
    found: dict[int, ledger.Line] = {}
    for binned in Binned.objects.filter(kind=BIN_KIND).iterator(chunk_size=200):
        [row] = binned.rows[Customer._meta.db_table]
        customer = Customer(pk=binned.record_id, created_at=datetime.fromisoformat(row["created_at"]))
        lines = [persons.get(ledger.hash_person(customer, key=key))]
        for one in binned.rows.get(Identifier._meta.db_table, []):
            same = ledger.hash_identifier(one["kind"], one["system"], one["value_normal"], key=key)
            line = values.get(same)
            lines.append(line if line and customer.created_at <= line.erased_at else None)
        if known := next(filter(None, lines), None):
            found[binned.record_id] = known
    return found
