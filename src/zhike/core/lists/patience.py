"""How long a list may look for its rows before it says so."""

from collections.abc import Callable
from time import monotonic

import psycopg.errors
from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext_lazy as _

from zhike.core.lists.grammar import FilterInvalid

PROBING_MS = 400
SWEEPING_MS = 10_000


class FilterTooDear(FilterInvalid):
    """No answer within the time that a list may take."""

    code = "filter_too_dear"
    status = 503

    def __init__(self) -> None:
        super().__init__(
            _("This filter takes too long. Add a condition that narrows it, for example on owner, grade or city.")
        )


def find_in_time[T](find: Callable[[bool], T]) -> T:
    """By looking at one row after the other; where that takes long, since few rows answer, by one look at everything.

    find: told whether to look at everything.

    :raises FilterTooDear: neither came to an end
    """
    try:
        return within(PROBING_MS, lambda: find(False))
    except FilterTooDear:
        return within(SWEEPING_MS, lambda: find(True))


def find_at_once[T](find: Callable[[], T]) -> T:
    """By one look at everything, for what is about all of the rows.

    :raises FilterTooDear: it came to no end
    """
    return within(SWEEPING_MS, find)


class Budget:
    """So many seconds for several questions together."""

    def __init__(self, *, seconds: float) -> None:
        self._until = monotonic() + seconds

    def ask[T](self, find: Callable[[], T]) -> T:
        """:raises FilterTooDear: the time is up"""
        left = int((self._until - monotonic()) * 1_000)
        if left <= 0:
            raise FilterTooDear
        return within(min(left, SWEEPING_MS), find)


def within[T](milliseconds: int, ask: Callable[[], T]) -> T:
    """
    :raises FilterTooDear: it did not come to an end in time
    """
    is_inside = connection.in_atomic_block
    try:
        with transaction.atomic():
            before = _set_timeout(str(milliseconds))
            found = ask()
            if is_inside:
                _set_timeout(before)
            return found
    except OperationalError as problem:
        if isinstance(problem.__cause__, psycopg.errors.QueryCanceled):
            raise FilterTooDear from problem
        raise


def _set_timeout(value: str) -> str:
    """What it was before. It ends with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('statement_timeout'), set_config('statement_timeout', %s, true)", [value]
        )
        row = cursor.fetchone()
    return str(row[0])
