"""Entry point of the work process: queued tasks and the periodic ones."""

import os
import sys
from importlib import import_module

import django
from django.conf import settings
from django.core.management import execute_from_command_line

from zhike.runtime.loading import loading

# One for the figures, which take minutes at a million customers, and one for the files that people wait for.
CONCURRENCY = "2"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhike.config.settings")
    with loading():
        django.setup()
        for tasks in settings.PROCRASTINATE_IMPORT_PATHS:
            import_module(tasks)
    from zhike.core.acting import begin_acting
    from zhike.core.actor import SYSTEM

    # Tasks run in threads that take this context over; one that works for a user says so itself.
    begin_acting(SYSTEM, origin="task")
    execute_from_command_line(["zhike", "procrastinate", "worker", "--concurrency", CONCURRENCY, *sys.argv[1:]])


if __name__ == "__main__":
    main()
