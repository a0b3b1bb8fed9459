"""Who works on an act: several at once on its batches, or nobody while it is ended."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from django.db import connection

from zhike.bulk.models import Act, Verb
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM

LOCK = 0x5A_48_04  # first half of the keys; the second is the act
WORKERS = 2
# Tags are made by name, and what hangs on two customers goes with either: their batches could wait for one another.
SIDE_BY_SIDE = (Verb.EDIT, Verb.ASSIGN)


def join(act_id: int) -> None:
    """Work on it until the transaction ends, beside others who do; waits for whoever ends it."""
    _lock("pg_advisory_xact_lock_shared", act_id)


def keep_out(act_id: int) -> None:
    """Wait until nobody works on it any more; nobody begins until the transaction ends."""
    _lock("pg_advisory_xact_lock", act_id)


def is_left_alone(act_id: int) -> bool:
    """Whether nobody works on it, and then nobody does until the transaction ends."""
    return _lock("pg_try_advisory_xact_lock", act_id) is True


def side_by_side(act_id: int, work: Callable[[], None]) -> None:
    """Do the same on several connections, a processor each, where that is of use. Within a transaction on its own one
    alone: nobody else sees what is in it."""
    with acting(SYSTEM):
        verb = Act.objects.values_list("verb", flat=True).get(pk=act_id)
    others = min(WORKERS, os.process_cpu_count() or 1) - 1
    if not others or verb not in SIDE_BY_SIDE or connection.in_atomic_block:
        work()
        return
    with ThreadPoolExecutor(others, thread_name_prefix="bulk") as pool:
        beside = [pool.submit(copy_context().run, _apart, work) for _number in range(others)]
        work()
        for one in beside:
            one.result()


def _apart(work: Callable[[], None]) -> None:
    try:
        work()
    finally:
        connection.close()


def _lock(function: str, act_id: int) -> object:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [LOCK, act_id])
        return cursor.fetchone()[0]
