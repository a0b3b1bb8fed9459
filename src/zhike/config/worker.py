"""Entry point of the work process: queued tasks and the periodic ones."""

import os
import sys

import django
from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhike.config.settings")
    django.setup()
    execute_from_command_line(["zhike", "procrastinate", "worker", *sys.argv[1:]])


if __name__ == "__main__":
    main()
