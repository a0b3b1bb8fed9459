"""The wrapper around a connection; Django looks for it under this name."""

from typing import Any

from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

from zhike.core.acting import NOBODY, SETTING, who_acts


class DatabaseWrapper(base.DatabaseWrapper):
    """Before it hands out a cursor, the database knows who acts; one more roundtrip only where that has changed."""

    # What the connection was told last; None where a rollback may have taken it back.
    _was_told: str | None = NOBODY

    def tell_who_acts(self) -> None:
        """For those who use the connection without Django's cursors."""
        self.ensure_connection()
        wanted = who_acts()
        if wanted == self._was_told or self.connection.info.transaction_status == TransactionStatus.INERROR:
            return
        with self.wrap_database_errors:
            self.connection.execute("SELECT set_config(%s, %s, false)", [SETTING, wanted])
        self._was_told = wanted

    def init_connection_state(self) -> None:
        super().init_connection_state()
        self._was_told = NOBODY

    def create_cursor(self, name: str | None = None) -> Any:
        self.tell_who_acts()
        return super().create_cursor(name)

    def rollback(self) -> None:
        super().rollback()
        self._was_told = None

    def savepoint_rollback(self, sid: str) -> None:
        super().savepoint_rollback(sid)
        self._was_told = None
