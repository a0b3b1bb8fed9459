"""Marks of a restore in the home folder: between its first write and its last, and while it may not be opened yet."""

import json
from dataclasses import asdict, dataclass

from zhike.runtime.home import Home

FILE = "restoring.json"
CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A restore that has begun. stamp: ends the names of what was put aside. holds: the new data is what counts."""

    stamp: str
    holds: bool = False

    @property
    def schema(self) -> str:
        """Where the old tables are."""
        return f"zhike_before_{self.stamp}"


def read(home: Home) -> Attempt | None:
    try:
        return Attempt(**json.loads((home.path / FILE).read_text(encoding="ascii")))
    except FileNotFoundError:
        return None


def write(home: Home, attempt: Attempt) -> None:
    draft = home.path / (FILE + ".new")
    draft.write_text(json.dumps(asdict(attempt)), encoding="ascii")
    draft.replace(home.path / FILE)


def remove(home: Home) -> None:
    (home.path / FILE).unlink(missing_ok=True)


def was_cut_short(home: Home) -> bool:
    """Whether a restore began and it is not settled yet which data counts."""
    attempt = read(home)
    return attempt is not None and not attempt.holds


def close(home: Home) -> None:
    """Let nobody in until erased persons are out of what was restored."""
    (home.path / CLOSED).touch(mode=0o600)


def open_again(home: Home) -> None:
    (home.path / CLOSED).unlink(missing_ok=True)


def is_closed(home: Home) -> bool:
    return (home.path / CLOSED).exists()
