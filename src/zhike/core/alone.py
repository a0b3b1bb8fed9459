"""Work that one process does at a time, and that a killed one is not remembered for.

A queue's own lock is of no use here: the job of a worker that was killed stays “doing”, and would hold it for good.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """Whether nobody else is within this; nobody waits. The database lets go where the process ends, however it does.

    Not waited for in SQL: who waits holds a snapshot, for which an index that is built meanwhile would wait in turn.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [name])
        [is_alone] = cursor.fetchone()
    try:
        yield is_alone
    finally:
        if is_alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [name])


def is_queued(task: str, **told: int) -> bool:
    """Whether a worker will take this up by itself. A job that is being done says nothing: its worker may be dead."""
    return ProcrastinateJob.objects.filter(task_name=task, status="todo", lock=None, args__contains=told).exists()
