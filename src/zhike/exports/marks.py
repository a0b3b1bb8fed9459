"""What stands in a file so that it leads back to its export: who made it, when, and its number."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, tzinfo

# Without letters that are mistaken for figures, or for one another.
LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 9
CODE = re.compile(rf"\bX[{LETTERS}]{{{LENGTH}}}\b")


def new_code() -> str:
    return "X" + "".join(secrets.choice(LETTERS) for _place in range(LENGTH))


def find_codes(text: str) -> list[str]:
    """The numbers of exports in whatever somebody pastes, each once."""
    return list(dict.fromkeys(CODE.findall(text.upper())))


@dataclass(frozen=True, kw_only=True)
class Mark:
    """lines: label and text of what else is told of the export, for formats that have a place for it."""

    code: str
    who: str
    at: datetime
    zone: tzinfo
    lines: tuple[tuple[str, str], ...] = ()

    @property
    def moment(self) -> str:
        return f"{self.at.astimezone(self.zone):%Y-%m-%d %H:%M}"
