"""Work in a second transaction beside the merge: uses the second core, and commits only after the merge has."""

import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import Any

import psycopg
from django.db import DatabaseError, connection, transaction


class Aside:
    """Derived rows that are prepared while the records themselves are still being written.

    Foreign keys are checked at commit, so the rows may point at records that the merge has not committed yet. If
    the process dies between the two commits, the importable's `finish` makes the derived rows anew.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._verdict = threading.Event()
        self._is_to_commit = False
        self._is_done = False
        self._worker: psycopg.Connection[Any] | None = None
        self._thread = threading.Thread(target=copy_context().run, args=(self._run,), name="import-aside", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def commit(self) -> bool:
        """Let it commit and wait for that; False where it failed and `finish` has to do the work."""
        self._is_to_commit = True
        self._verdict.set()
        self._thread.join()
        return self._is_done

    def abandon(self) -> None:
        """Take it back, ending a statement that is running."""
        self._verdict.set()
        with suppress(psycopg.Error):
            if self._worker is not None:
                self._worker.cancel_safe()
        self._thread.join()

    def _run(self) -> None:
        try:
            with suppress(DatabaseError, psycopg.Error):
                with transaction.atomic():
                    connection.ensure_connection()
                    self._worker = connection.connection
                    self._work()
                    self._verdict.wait()
                    if not self._is_to_commit:
                        transaction.set_rollback(True)
                self._is_done = self._is_to_commit
        finally:
            connection.close()
