"""What is known about the last backups: a file in the home folder, so that a restored database does not forget them."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from zhike.runtime.home import Home
from zhike.runtime.problems import EnvironmentProblem

FILE = "backups.json"
KEPT = 100
LONGEST = 500  # characters of a problem


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One attempt. problem: why it failed, in Chinese and English; empty if it did not.

    master: id of the master key of fields that its data keys are wrapped by; empty where that was not noted.
    """

    file: str
    folder: str
    made_at: str
    size: int = 0
    rows: int = 0
    seconds: float = 0
    is_verified: bool = False
    master: str = ""
    problem: str = ""
    problem_en: str = ""

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.made_at)

    @property
    def path(self) -> Path:
        return Path(self.folder) / self.file

    @property
    def is_good(self) -> bool:
        return not self.problem


def failed(*, folder: Path, at: datetime, problem: Exception) -> Entry:
    if isinstance(problem, EnvironmentProblem):
        zh, en = problem.zh, problem.en
    else:
        zh = en = (str(problem).splitlines() or [type(problem).__name__])[0]
    made_at = at.isoformat()
    return Entry(file="", folder=str(folder), made_at=made_at, problem=zh[:LONGEST], problem_en=en[:LONGEST])


def read(home: Home) -> list[Entry]:
    """Newest first."""
    try:
        lines = json.loads((home.path / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return [Entry(**line) for line in lines]


def last_good(home: Home) -> Entry | None:
    """The newest one that succeeded and is still there."""
    return next((entry for entry in read(home) if entry.is_good and entry.path.is_file()), None)


def note(home: Home, entry: Entry) -> None:
    _write(home, [entry, *read(home)][:KEPT])


def forget(home: Home, files: list[str]) -> None:
    if files:
        _write(home, [entry for entry in read(home) if entry.file not in files])


def _write(home: Home, entries: list[Entry]) -> None:
    path = home.path / FILE
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps([asdict(entry) for entry in entries], ensure_ascii=False), encoding="utf-8")
    draft.replace(path)
