"""A person goes away for good: first the records, in one transaction; then every file; then everything is searched."""

import hashlib
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app

from zhike.accounts import vault
from zhike.audit.services import erase_history, record
from zhike.core import personal
from zhike.core.access import require
from zhike.core.acting import seeing_everything
from zhike.core.actor import SYSTEM, Actor
from zhike.core.errors import DomainError
from zhike.core.personal import Traces
from zhike.customers.models import Customer
from zhike.customers.services.bin import CODE as BIN_KIND
from zhike.privacy import ledger
from zhike.privacy.models import Erasure
from zhike.privacy.permissions import HANDLE
from zhike.privacy.tables import find_in_tables, list_text_columns
from zhike.privacy.traces import find_traces
from zhike.recovery.models import Binned
from zhike.recovery.services import restore_records

_LOCK = "hashtext('zhike.privacy.sweep')"
_SUBJECT = Customer._meta.db_table
State = Erasure.State
TOGETHER = 20  # persons looked for in one go; beyond that the pattern costs more than the reading


class NobodyToErase(DomainError):
    code = "nobody_to_erase"
    status = 404


@transaction.atomic
def erase_person(*, actor: Actor, customer_id: int, at: datetime, reference: uuid.UUID | None = None) -> Erasure:
    """Erase a customer's records and their history, and queue the search of all files; whoever owns the customer.

    What was merged into the customer is the same person, and goes along. Orders stay as anonymous facts. reference: of
    the erasure that is replayed in a restored database.

    :raises NobodyToErase: there is no such customer
    """
    require(actor, HANDLE)
    with seeing_everything():
        others = personal.list_others(customer_id)
        for other in others:
            _erase_if_there(other, actor=actor, at=at, reference=None)
        erasure = _erase_if_there(customer_id, actor=actor, at=at, reference=reference)
    if erasure is None:
        raise NobodyToErase(_("This customer is not there, or was erased already."))
    transaction.on_commit(write_ledger)
    return erasure


def _erase_if_there(customer_id: int, *, actor: Actor, at: datetime, reference: uuid.UUID | None) -> Erasure | None:
    _take_out_of_the_bin(customer_id)
    customer = Customer.objects.select_for_update().filter(pk=customer_id).first()
    if customer is None:
        return None
    erasure, traces = _begin(actor, customer, at=at, reference=reference or uuid.uuid4())
    for holding in personal.list_holdings():
        count = holding.erase(customer_id) if holding.erase else holding.rows(customer_id).delete()[0]
        _add(erasure.removed, f"{holding.model._meta.db_table}", count)
    # Including what the deletions themselves left there.
    _add(
        erasure.removed,
        "audit_payload",
        erase_history(actor=SYSTEM, subject=_SUBJECT, subject_id=customer_id),
    )
    erasure.traces = vault.encrypt(traces.to_json())
    erasure.save()
    record(action="privacy.erase_person", subject=Erasure._meta.db_table, ids=[erasure.pk])
    app.configure_task("privacy.sweep", allow_unknown=False).defer(erasure_id=erasure.pk)
    return erasure


def _take_out_of_the_bin(customer_id: int) -> None:
    """Who lies in the recycle bin comes back first, so that all of it is known and goes as well."""
    binned = Binned.objects.filter(kind=BIN_KIND, record_id=customer_id)
    if ids := list(binned.values_list("pk", flat=True)):
        restore_records(actor=SYSTEM, binned_ids=ids, leave_out=True)


def _begin(actor: Actor, customer: Customer, *, at: datetime, reference: uuid.UUID) -> tuple[Erasure, Traces]:
    known = find_traces(customer)
    key = ledger.key()
    erasure = Erasure(
        reference=reference,
        requested_by_id=actor.user_id,
        erased_at=at,
        person=ledger.hash_person(customer, key=key),
        identifiers=sorted(ledger.hash_of(one, key=key) for one in known.own),
        shared_count=known.shared_count,
    )
    return erasure, known.traces


def write_ledger() -> None:
    """Bring the ledger's file up to the table; where a process dies before it, the sweep does it."""
    with transaction.atomic():
        rows = list(Erasure.objects.select_for_update().filter(written_at=None).order_by("pk"))
        ledger.append([line_of(row) for row in rows])
        for row in rows:
            Erasure.objects.filter(pk=row.pk).update(written_at=row.erased_at)


def line_of(erasure: Erasure) -> ledger.Line:
    return ledger.Line(
        reference=str(erasure.reference),
        erased_at=erasure.erased_at,
        person=erasure.person,
        identifiers=tuple(erasure.identifiers),
    )


def sweep_erasure(*, actor: Actor, erasure_id: int, at: datetime) -> Erasure:
    """Take the person out of every place, search everything, and write the proof into the history; may be repeated.

    Where something is left, for example in a file that is being imported, the erasure stays open and says where.
    """
    require(actor, HANDLE)
    write_ledger()
    with seeing_everything(), _alone():
        erasure = Erasure.objects.get(pk=erasure_id)
        if erasure.state != State.DONE:
            _sweep([erasure], at=at)
    return erasure


def sweep_open(*, actor: Actor, at: datetime) -> list[Erasure]:
    """The same for everybody whose erasure is open, several in one go: searching everything takes as long for ten."""
    require(actor, HANDLE)
    write_ledger()
    done: list[Erasure] = []
    with seeing_everything(), _alone():
        waiting = list(Erasure.objects.exclude(state=State.DONE).order_by("pk"))
        for first in range(0, len(waiting), TOGETHER):
            together = waiting[first : first + TOGETHER]
            _sweep(together, at=at)
            done += together
    return done


def _sweep(erasures: list[Erasure], *, at: datetime) -> None:
    each = [Traces.from_json(vault.decrypt(erasure.traces)) for erasure in erasures]
    traces, places = Traces.joined(each), personal.list_places()
    progress = _Progress(erasures, count=2 * len(places) + len(list_text_columns()))
    removed: dict[str, int] = {}
    for place in places:
        progress.step(place.name)
        _add(removed, place.name, place.sweep(traces))
    found = find_in_tables(traces, on_step=progress.step)
    for place in places:
        if place.search:
            progress.step(place.name)
            found[place.name] = place.search(traces)
    left = {name for name, count in found.items() if count}
    for erasure, own in zip(erasures, each, strict=True):
        for name, count in removed.items():
            _add(erasure.removed, name, count)
        erasure.swept_with = len(erasures) - 1
        alone = found if len(erasures) == 1 or not left else _search(own, left)
        erasure.found = {name: count for name, count in alone.items() if count}
        erasure.state = State.INCOMPLETE if erasure.found else State.DONE
        erasure.step, erasure.steps_done, erasure.steps_count = "", 0, 0
        with transaction.atomic():
            _finish(erasure, searched=sorted(found), at=at)


def _search(traces: Traces, names: set[str]) -> dict[str, int]:
    """Whether what was found of several is this one's."""
    found = {
        place.name: place.search(traces) for place in personal.list_places() if place.search and place.name in names
    }
    return found | find_in_tables(traces, only=names)


class _Progress:
    """How far the sweep is, for whoever looks at one of the erasures."""

    def __init__(self, erasures: list[Erasure], *, count: int) -> None:
        self._rows = Erasure.objects.filter(pk__in=[erasure.pk for erasure in erasures])
        self._count, self._done = count, 0

    def step(self, name: str) -> None:
        self._rows.update(step=name[:100], steps_done=self._done, steps_count=self._count)
        self._done += 1


def _finish(erasure: Erasure, *, searched: list[str], at: datetime) -> None:
    erasure.finished_at = at
    if erasure.state == State.DONE:
        erasure.traces = ""
    proof = {
        "reference": str(erasure.reference),
        "state": erasure.state,
        "removed": erasure.removed,
        "swept_with": erasure.swept_with,
        "searched": searched,
        "found": erasure.found,
        "at": at.isoformat(),
    }
    erasure.digest = hashlib.sha256(json.dumps(proof, sort_keys=True).encode()).hexdigest()
    erasure.save()
    record(
        action="privacy.prove_erasure",
        subject=Erasure._meta.db_table,
        ids=[erasure.pk],
        proof=proof,
        digest=erasure.digest,
    )


def _add(counts: dict[str, int], name: str, count: int) -> None:
    if count:
        counts[name] = counts.get(name, 0) + count


@contextmanager
def _alone() -> Iterator[None]:
    """One sweep at a time; a killed one lets go."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_lock({_LOCK})")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_unlock({_LOCK})")
