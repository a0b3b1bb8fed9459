"""What an administrator sees of the backups."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import get_language

from zhike.accounts.permissions import MANAGE
from zhike.backup import ledger, options
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.runtime.problems import EnvironmentProblem

SHOWN = 30
MEGABYTE = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Row:
    """One attempt. megabytes: of the file; is_there: whether it still lies where it was put."""

    made_at: datetime
    name: str
    megabytes: float
    rows: int
    seconds: float
    is_verified: bool
    is_there: bool
    problem: str


@dataclass(frozen=True, kw_only=True)
class Overview:
    """folder, next_at: None where nothing is set for the night. has_key: whether it is said for whom to encrypt."""

    rows: list[Row]
    folder: Path | None
    next_at: datetime | None
    keep_days: int
    has_key: bool


def get_overview(*, actor: Actor, at: datetime) -> Overview:
    """The last backups, newest first, and what is set."""
    require(actor, MANAGE)
    folder = options.folder()
    last = ledger.last_good(settings.HOME)
    zone = ZoneInfo(settings.TIME_ZONE)
    next_at = options.next_run(at.astimezone(zone), last.at.astimezone(zone) if last else None)
    try:
        has_key = options.lock() is not None
    except EnvironmentProblem:
        has_key = False
    return Overview(
        rows=[_row(entry) for entry in ledger.read(settings.HOME)[:SHOWN]],
        folder=folder,
        next_at=next_at if folder else None,
        keep_days=options.keep_days(),
        has_key=has_key,
    )


def _row(entry: ledger.Entry) -> Row:
    return Row(
        made_at=entry.at,
        name=entry.file,
        megabytes=entry.size / MEGABYTE,
        rows=entry.rows,
        seconds=entry.seconds,
        is_verified=entry.is_verified,
        is_there=entry.is_good and entry.path.is_file(),
        problem=entry.problem if get_language() == "zh-hans" else entry.problem_en,
    )
