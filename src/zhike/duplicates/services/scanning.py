"""Looking at everybody for duplicates, and what happens with the pairs that are found."""

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from io import StringIO
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app

from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.customers.models import Customer, CustomerFacts
from zhike.duplicates.models import Merge, Pair, Scan
from zhike.duplicates.permissions import SCAN
from zhike.duplicates.rules import get_rules
from zhike.duplicates.selectors.comparing import propose_survivor
from zhike.duplicates.services import merging
from zhike.engine.backend import spark_session
from zhike.engine.spilling import fresh_folder

if TYPE_CHECKING:
    from zhike.duplicates.measures import Linked

SILENCE = timedelta(minutes=20)
STORED_FROM = 0.1  # less likely pairs are not worth anybody's time
AT_ONCE = 200  # groups merged in a transaction
LARGEST_GROUP = 10
_STEPS = {"prepare": Scan.Step.READING, "chance": Scan.Step.LEARNING, "predict": Scan.Step.COMPARING}


class ScanRunning(DomainError):
    code = "scan_running"

    def __init__(self) -> None:
        super().__init__(_("A scan is under way already."))


@transaction.atomic
def start_scan(*, actor: Actor, at: datetime) -> Scan:
    """Queue a scan of everybody.

    :raises PermissionDenied: the actor may not
    :raises ScanRunning: one is under way
    """
    require(actor, SCAN)
    Scan.objects.filter(finished_at=None, heartbeat_at__lt=at - SILENCE).update(step=Scan.Step.FAILED, finished_at=at)
    try:
        with transaction.atomic():
            scan = Scan.objects.create(started_by_id=actor.user_id, started_at=at, heartbeat_at=at)
    except IntegrityError:
        raise ScanRunning from None
    app.configure_task("duplicates.scan", allow_unknown=False).defer(scan_id=scan.pk)
    return scan


def run_scan(*, actor: Actor, scan_id: int, now: Callable[[], datetime], spill: Path | None = None) -> Scan:
    """Carry a scan out: read, train, compare, write; then merge what the company wants merged by itself.

    now: asked for the time as it goes on. spill: folder for what does not fit into memory.

    :raises PermissionDenied: the actor may not
    """
    require(actor, SCAN)
    from zhike.duplicates import measures  # with what it computes with, half a second and a hundred megabytes
    from zhike.duplicates.reading import read_customers

    scan = Scan.objects.get(pk=scan_id)

    def step(name: str) -> None:
        wanted = _STEPS.get(name, Scan.Step.LEARNING if name.startswith("train") else name)
        Scan.objects.filter(pk=scan_id).update(step=wanted, heartbeat_at=now())

    try:
        step(Scan.Step.READING)
        customers = read_customers()
        with fresh_folder(spill) if spill else nullcontext() as folder:
            found = measures.scan(customers, spill=str(folder or ""), on_step=step, session=spark_session())
        step(Scan.Step.WRITING)
        scan.pair_count = _write_pairs(scan_id, (found.persons, found.firms))
        scan.record_count = len(customers)
        scan.worths = _worths(found.persons, found.firms)
        step(Scan.Step.MERGING)
        scan.merged_count = merge_certain(actor=actor, now=now)
        scan.step = Scan.Step.DONE
    finally:
        if scan.step != Scan.Step.DONE:
            scan.step = Scan.Step.FAILED
        scan.finished_at = scan.heartbeat_at = now()
        scan.save()
    return scan


def merge_certain(*, actor: Actor, now: Callable[[], datetime]) -> int:
    """Merge without being asked what is likelier than the company's limit; how many were given up. Off without one."""
    limit = get_rules().auto_from
    if limit is None:
        return 0
    pairs = Pair.objects.visible_to(actor).filter(state=Pair.State.OPEN, probability__gte=limit)
    apart = set(Pair.objects.filter(state=Pair.State.DISTINCT).values_list("first_id", "second_id"))
    groups = [
        one
        for one in groups_of(pairs.values_list("first_id", "second_id"))
        # Nobody is merged by way of others with somebody they were told apart from.
        if len(one) <= LARGEST_GROUP and apart.isdisjoint(combinations(one, 2))
    ]
    count = 0
    for start in range(0, len(groups), AT_ONCE):
        part = groups[start : start + AT_ONCE]
        wanted = [_wanted(one) for one in part]
        merging.merge_many(actor=actor, wanted=wanted, at=now(), origin=Merge.Origin.AUTOMATIC)
        count += sum(len(one.record_ids) for one in wanted)
    return count


def groups_of(pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Customers that belong together by way of any number of pairs."""
    above: dict[int, int] = {}

    def root(one: int) -> int:
        while above.setdefault(one, one) != one:
            above[one] = above[above[one]]
            one = above[one]
        return one

    for left, right in pairs:
        above[root(left)] = root(right)
    groups: dict[int, list[int]] = {}
    for one in sorted(above):
        groups.setdefault(root(one), []).append(one)
    return list(groups.values())


def _wanted(ids: Sequence[int]) -> merging.Wanted:
    customers = list(Customer.objects.filter(pk__in=ids))
    counts = dict(CustomerFacts.objects.filter(customer__in=ids).values_list("customer", "order_count"))
    survivor = propose_survivor(customers, counts)
    return merging.Wanted(survivor_id=survivor, record_ids=[one for one in ids if one != survivor])


@transaction.atomic
def _write_pairs(scan_id: int, linked: Sequence["Linked"]) -> int:
    """Renew what was found and not decided yet; what is decided stays so. How many pairs there are."""
    count = 0
    with connection.cursor() as cursor:
        cursor.execute(
            "DROP TABLE IF EXISTS found_pairs;"
            "CREATE TEMPORARY TABLE found_pairs (first_id bigint, second_id bigint, probability float8, weights jsonb)"
            " ON COMMIT DROP"
        )
        for one in linked:
            text = StringIO()
            count += _write_csv(text, one)
            with cursor.copy("COPY found_pairs FROM STDIN") as copied:
                copied.write(text.getvalue())
        cursor.execute(
            "INSERT INTO duplicates_pair AS known (first_id, second_id, probability, weights, state, scan_id)"
            " SELECT first_id, second_id, probability, weights, 'open', %s FROM found_pairs"
            " ORDER BY probability DESC, first_id, second_id ON CONFLICT (first_id, second_id) DO UPDATE"
            " SET probability = excluded.probability, weights = excluded.weights, scan_id = excluded.scan_id",
            [scan_id],
        )
        cursor.execute("DELETE FROM duplicates_pair WHERE state = 'open' AND scan_id <> %s", [scan_id])
    return count


def _write_csv(text: StringIO, linked: "Linked") -> int:
    names = linked.pairs.column_names[3:]
    count = 0
    if not linked.pairs.num_rows:
        return count
    for row in zip(*(linked.pairs.column(name).to_pylist() for name in linked.pairs.column_names), strict=True):
        left, right, probability, *weights = row
        if probability >= STORED_FROM:
            told = {name: round(weight, 1) for name, weight in zip(names, weights, strict=True) if weight}
            text.write(f"{left}\t{right}\t{probability!r}\t{json.dumps(told)}\n")
            count += 1
    return count


def _worths(*linked: "Linked") -> list[dict[str, Any]]:
    """Of persons and firms together: threshold, pairs above it, and the expected share that is right."""
    sums: dict[float, tuple[int, float]] = {}
    for one in linked:
        for worth in one.worths:
            count, right = sums.get(worth.threshold, (0, 0.0))
            sums[worth.threshold] = (count + worth.pair_count, right + worth.pair_count * worth.precision)
    return [
        {"from": threshold, "pairs": count, "precision": round(right / count, 5)}
        for threshold, (count, right) in sorted(sums.items())
    ]
