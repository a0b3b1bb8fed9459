"""What a running import tells the world, and what it is told: progress, heartbeat, cancellation.

The merge is one long transaction, so this goes through a connection of its own, from a thread of its own.
"""

import threading
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import psycopg
from django.db import connection, connections
from django.utils.translation import gettext_lazy as _

from zhike.core.errors import DomainError

INTERVAL = 0.5


class ImportCancelled(DomainError):
    code = "import_cancelled"

    def __init__(self) -> None:
        super().__init__(_("The import was cancelled."))


@dataclass(frozen=True)
class Step:
    """Where an import is. done of total: rows, or steps of the phase; total 0 where nobody knows."""

    phase: str
    done: int
    total: int


type Listener = Callable[[Step], None]


class Progress:
    """Reports while its `with` block runs; ends a running statement when somebody asks to cancel.

    :raises ImportCancelled: at the next step, or instead of what the ended statement would have raised
    """

    def __init__(self, job_id: int, *, listener: Listener | None = None, may_cancel: bool = True) -> None:
        self._job_id = job_id
        self._listener = listener
        self._may_cancel = may_cancel
        self._step = Step("", 0, 0)
        self._cancelled = threading.Event()
        self._ended = threading.Event()
        self._worker: psycopg.Connection | None = None
        run = copy_context().run
        self._thread = threading.Thread(target=run, args=(self._run,), name=f"import-{job_id}-progress", daemon=True)

    def __enter__(self) -> Self:
        connection.ensure_connection()
        self._worker = connection.connection
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        if isinstance(error, psycopg.errors.QueryCanceled) and self._cancelled.is_set():
            raise ImportCancelled from error

    def at(self, phase: str, done: int = 0, total: int = 0) -> None:
        """Say where the work is; called as often as one likes."""
        if self._cancelled.is_set() and self._may_cancel:
            raise ImportCancelled
        self._step = Step(phase, done, total)

    def forbid_cancel(self) -> None:
        """From here on the work is finished rather than stopped."""
        self._may_cancel = False

    def _run(self) -> None:
        try:
            while not self._ended.wait(INTERVAL):
                self._beat()
        finally:
            connections["default"].close()

    def _beat(self) -> None:
        step = self._step
        with connections["default"].cursor() as cursor:
            cursor.execute(
                "UPDATE exchange_import SET phase = %s, done = %s, total = %s, heartbeat_at = clock_timestamp()"
                " WHERE id = %s RETURNING is_cancel_requested",
                [step.phase, step.done, step.total, self._job_id],
            )
            row = cursor.fetchone()
        if self._listener:
            self._listener(step)
        if row and row[0] and self._may_cancel:
            self._cancelled.set()
            if self._worker:
                self._worker.cancel_safe()
