"""Log files of the processes that an instance runs."""

from pathlib import Path

LIMIT = 16 << 20


def turn(path: Path) -> None:
    """Make sure the log exists, and set one that has grown large aside (one old log is kept)."""
    if path.exists() and path.stat().st_size > LIMIT:
        path.replace(path.with_name(path.name + ".1"))
    path.touch(mode=0o600)


def tail(path: Path, *, lines: int = 12) -> str:
    """The end of the log."""
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
