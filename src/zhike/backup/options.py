"""What the environment says about backups: ZHIKE_BACKUP_TO, _RECIPIENTS, _PASSPHRASE_FILE, _KEEP_DAYS, _HOUR."""

import os
from datetime import datetime, timedelta
from pathlib import Path

from zhike.backup.locks import Lock
from zhike.runtime.problems import EnvironmentProblem

KEEP_DAYS = 30
HOUR = 2


def folder() -> Path | None:
    """Where backups go every night; None: there are none at night."""
    named = os.environ.get("ZHIKE_BACKUP_TO")
    return Path(named).expanduser().absolute() if named else None


def keep_days() -> int:
    return int(os.environ.get("ZHIKE_BACKUP_KEEP_DAYS", KEEP_DAYS))


def lock() -> Lock | None:
    """Whom backups are sealed for, where the environment says so.

    :raises EnvironmentProblem: it names a file that cannot be read
    """
    recipients = tuple(os.environ.get("ZHIKE_BACKUP_RECIPIENTS", "").replace(",", " ").split())
    if recipients:
        return Lock(recipients=recipients)
    named = os.environ.get("ZHIKE_BACKUP_PASSPHRASE_FILE")
    return Lock(passphrase=read_passphrase(Path(named))) if named else None


def read_passphrase(file: Path) -> str:
    """
    :raises EnvironmentProblem: there is no such file
    """
    try:
        return file.read_text(encoding="utf-8").strip("\r\n")
    except OSError as error:
        raise EnvironmentProblem(
            zh=f"无法读取口令文件 {file}：{error.strerror}",
            en=f"Cannot read the passphrase file {file}: {error.strerror}",
        ) from error


def next_run(now: datetime, last: datetime | None) -> datetime:
    """When the next backup of the night is due. now: in the company's zone; last: the last good one."""
    hour = int(os.environ.get("ZHIKE_BACKUP_HOUR", HOUR))
    today = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    if now < today:
        return today
    return today if last is None or last < today else today + timedelta(days=1)
