"""What is gone from the tables goes from the database's files: at night, table by table, as far as is affordable."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.models import Sum

from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.privacy import scrubbing
from zhike.privacy.models import Erasure, ScrubbedTable
from zhike.privacy.permissions import HANDLE
from zhike.privacy.scrubbing import STATISTICS, Stored

LOG = "pg_wal"
NIGHT = range(2, 5)  # hours of the company's day
WAIT = 3  # seconds for a table's lock
FIRST_SPEED = 10 << 20  # bytes a second, until some were written anew here
TELLING_SIZE = 8 << 20  # smaller ones say little about the speed
Problem = ScrubbedTable.Problem


@dataclass(kw_only=True)
class Scrubbed:
    """written: tables written anew. left: tables that still have to be, and why. longest: the one that took longest."""

    written: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)
    segments: int = 0
    seconds: float = 0
    longest: tuple[str, float] = ("", 0.0)

    @property
    def is_through(self) -> bool:
        return not self.left


def is_due() -> bool:
    """Whether somebody was erased whose old rows may still lie in the files."""
    return Erasure.objects.filter(state=Erasure.State.DONE, scrubbed_at=None).exists()


def scrub(
    *,
    actor: Actor,
    at: datetime,
    longest: int = 0,
    is_whole: bool = False,
    renew_log: Callable[[], int] | None = None,
) -> Scrubbed:
    """Write anew what was written to since the last time, and then the log; erasures before this are through with it.

    longest: seconds for which a table may be locked; what would take longer is left, and says so. 0: any time.
    is_whole: every table with text, not only those about people. renew_log: of a database that is ours; how many files.
    """
    require(actor, HANDLE)
    began, done = time.monotonic(), Scrubbed()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('zhike.privacy.scrub'))")
        try:
            waiting = Erasure.objects.filter(state=Erasure.State.DONE, scrubbed_at=None)
            through = list(waiting.values_list("pk", flat=True))
            for table in [*_owed(is_whole=is_whole), Stored(name=STATISTICS, size=0, writes=0)]:
                _write_anew(table, done, at=at, longest=longest)
            if renew_log is not None and done.is_through:
                done.segments = renew_log()
                _note(Stored(name=LOG, size=0, writes=0), at=at, seconds=0)
            if done.is_through:
                Erasure.objects.filter(pk__in=through).update(scrubbed_at=at)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('zhike.privacy.scrub'))")
    done.seconds = round(time.monotonic() - began, 1)
    return done


def _owed(*, is_whole: bool) -> list[Stored]:
    """Tables written to since they were last written anew."""
    known = {row.name: row for row in ScrubbedTable.objects.all()}
    return [
        table
        for table in scrubbing.list_stored(is_whole=is_whole)
        if (last := known.get(table.name)) is None or last.problem or last.writes != table.writes
    ]


def _write_anew(table: Stored, done: Scrubbed, *, at: datetime, longest: int) -> None:
    problem, began = _foreseen(table, longest=longest), time.monotonic()
    if not problem:
        try:
            scrubbing.rewrite(table.name, wait=WAIT, longest=longest)
        except scrubbing.Busy:
            problem = Problem.BUSY
        except scrubbing.TooLong:
            problem = Problem.BIG
    seconds = time.monotonic() - began
    _note(table, at=at, seconds=seconds, problem=problem)
    done.longest = max(done.longest, (table.name, round(seconds, 1)), key=lambda one: one[1])
    if problem:
        done.left[table.name] = problem
    else:
        done.written.append(table.name)


def _foreseen(table: Stored, *, longest: int) -> Problem:
    """Why it is better not tried."""
    if longest and seconds_for(table.size) > longest:
        return Problem.BIG
    folder = Path(settings.HOME.postgres_dir)
    # Twice as much is there for a while.
    if folder.exists() and shutil.disk_usage(folder).free < table.size * 1.2:
        return Problem.FULL
    return Problem.NONE


def seconds_for(size: int) -> float:
    """How long so many bytes take here."""
    telling = ScrubbedTable.objects.filter(problem="", size__gt=TELLING_SIZE)
    known = telling.aggregate(bytes=Sum("size"), time=Sum("seconds"))
    speed = known["bytes"] / known["time"] if known["time"] else FIRST_SPEED
    return float(size / speed)


def _note(table: Stored, *, at: datetime, seconds: float, problem: Problem = Problem.NONE) -> None:
    told = {"tried_at": at, "problem": problem, "size": table.size}
    if not problem:
        told |= {"scrubbed_at": at, "writes": table.writes, "seconds": round(seconds, 2)}
    ScrubbedTable.objects.update_or_create(name=table.name, defaults=told)
