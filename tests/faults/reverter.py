"""Works on a reversal for each line read, in a child that kills itself before the statement of the given number."""

import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import django

django.setup()

from django.db import connection  # noqa: E402

from zhike.core.acting import acting, begin_acting  # noqa: E402
from zhike.core.actor import SYSTEM  # noqa: E402
from zhike.recovery import reverting  # noqa: E402

AT = datetime(2026, 11, 22, 4, tzinfo=UTC)
reverting.BATCH = 4
begin_acting(SYSTEM, origin="test")


class Counting:
    """Counts statements, and dies before one of them."""

    def __init__(self, last: int) -> None:
        self.last, self.count = last, 0

    def __call__(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        self.count += 1
        if self.count == self.last:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(*arguments)


for line in sys.stdin:
    reversal_id, last = map(int, line.split())
    child = os.fork()
    if child == 0:
        counting = Counting(last)
        with connection.execute_wrapper(counting), acting(SYSTEM, origin="task"):
            while reverting.go_on(actor=SYSTEM, reversal_id=reversal_id, at=AT):
                pass
        sys.stdout.write(f"{counting.count}\n")
        sys.stdout.flush()
        os._exit(0)
    _pid, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        sys.stdout.write("killed\n")
        sys.stdout.flush()
