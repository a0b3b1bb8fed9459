"""Processes that change customers, one by one and many at once, or seal, for each line read; a test may kill them."""

import json
import os
import random
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

os.environ["PGAPPNAME"] = "burst"

import django

django.setup()

import psycopg  # noqa: E402
from django.db import DatabaseError, transaction  # noqa: E402

from zhike.audit import sealing, verifying  # noqa: E402
from zhike.audit.models import Entry, Payload  # noqa: E402
from zhike.audit.records import parse_records  # noqa: E402
from zhike.core.acting import acting, begin_acting  # noqa: E402
from zhike.core.actor import SYSTEM  # noqa: E402
from zhike.customers.models import Customer  # noqa: E402

AT = datetime(2026, 11, 22, 4, tzinfo=UTC)


# Whoever compares rows with their history has to see the rows.
begin_acting(SYSTEM, origin="task")


def customer(name: str) -> Customer:
    return Customer(name=name, name_normal=name, name_pinyin=name, created_at=AT, updated_at=AT)


def write(chance: random.Random) -> None:
    deed = chance.random()
    if deed < 0.3:
        customer(f"客户{chance.random()}").save()
    elif deed < 0.4:
        count = chance.choice((2, 25, 60))
        Customer.objects.bulk_create([customer(f"批量{number}") for number in range(count)], batch_size=count)
    elif deed < 0.7:
        chosen = Customer.objects.order_by("?").values_list("pk", flat=True).first()
        Customer.objects.filter(pk=chosen).update(city=f"城市,“{chance.random()}”\n")
    elif deed < 0.8:
        # In the order of their ids, so that two of these do not wait for one another in a circle.
        with transaction.atomic():
            some = list(Customer.objects.order_by("pk").select_for_update().values_list("pk", flat=True)[:40])
            Customer.objects.filter(pk__in=some).update(note=str(chance.random()))
    elif deed < 0.9:
        with transaction.atomic():
            customer("nie").save()
            transaction.set_rollback(True)
    else:
        last = Customer.objects.order_by("-pk").first()
        if last is not None and Customer.objects.count() > 200:
            Customer.objects.filter(pk=last.pk).delete()


def child(work: str, seed: int, count: int) -> int:
    """A forked process that works until it is done or killed; its id."""
    forked = os.fork()
    if forked:
        return forked
    dice = random.Random(seed)
    with suppress(DatabaseError, psycopg.Error), acting(SYSTEM, origin="task"):
        for _ in range(count):
            if work == "write":
                write(dice)
            else:
                sealing.seal_all(at=AT)
    os._exit(0)


def rows() -> dict[int, tuple[str, str]]:
    """The customers as they are."""
    found = Customer.objects.order_by("pk").values_list("pk", "city", "note")
    return {row_id: (city, note) for row_id, city, note in found}


def replayed() -> dict[int, tuple[str, str]]:
    """The customers as their history tells them, from the first entry to the last."""
    told: dict[int, dict[str, Any]] = {}
    for entry in Entry.objects.filter(table_name="customers_customer").order_by("id"):
        texts = Payload.objects.get(entry_id=entry.pk, at=entry.at).texts
        for place, row_id in enumerate(entry.ids):
            if entry.fields is None:
                after = json.loads(texts[0] or "").get("after", {})
            else:
                after = dict(zip(entry.fields, parse_records(texts[place] or "")[-1], strict=True))
            if entry.action == "delete":
                del told[row_id]
            elif entry.action == "insert":
                assert row_id not in told
                told[row_id] = after
            else:
                told[row_id] |= after
    return {row_id: (row["city"], row["note"]) for row_id, row in told.items()}


def check() -> dict[str, Any]:
    """Whether history and rows agree, and whether what is sealed verifies."""
    report = verifying.verify()
    return {
        "in_step": replayed() == rows(),
        "problems": [problem.detail for problem in report.problems],
        "entries": Entry.objects.count(),
    }


def work_for_each_line() -> None:
    for line in sys.stdin:
        if line == "check\n":
            # In a child too: a connection must not be shared with those that are forked later.
            if os.fork() == 0:
                sys.stdout.write(json.dumps(check()) + "\n")
                sys.stdout.flush()
                os._exit(0)
            os.wait()
            continue
        first, times, *works = line.split()
        children = [child(work, int(first) + number, int(times)) for number, work in enumerate(works)]
        sys.stdout.write(" ".join(map(str, children)) + "\n")
        sys.stdout.flush()
        for one in children:
            os.waitpid(one, 0)
        sys.stdout.write("ended\n")
        sys.stdout.flush()


if __name__ == "__main__":
    work_for_each_line()
