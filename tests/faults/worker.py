"""A process that does one piece of work on an import for each line it reads, in a child that a test may kill."""

import os
import sys
from datetime import UTC, datetime

import django

django.setup()

from zhike.core.acting import begin_acting  # noqa: E402
from zhike.core.actor import SYSTEM  # noqa: E402
from zhike.exchange import services  # noqa: E402

AT = datetime(2026, 11, 22, 4, tzinfo=UTC)
begin_acting(SYSTEM, origin="test")

for line in sys.stdin:
    work, import_id = line.split()
    child = os.fork()
    if child == 0:
        getattr(services, work)(actor=SYSTEM, import_id=int(import_id), at=AT)
        os._exit(0)
    sys.stdout.write(f"{child}\n")
    sys.stdout.flush()
    os.waitpid(child, 0)
    sys.stdout.write("ended\n")
    sys.stdout.flush()
