"""Passwords that have leaked, looked up in a file that the administrator brings; nothing is asked over the network.

The file is that of Pwned Passwords, ordered by hash: lines of an upper case SHA-1 and a count, a billion of them and
some 40 GB. It is sorted, so a look takes some forty reads and no memory.
"""

import hashlib
import logging
import os
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

DIGITS = 40
LONGEST_LINE = 128
logger = logging.getLogger("zhike.accounts")


class BreachedValidator:
    """Refuses what stands in the list of ZHIKE_BREACHED_PASSWORDS, if the instance has one."""

    def validate(self, password: str, user: Any = None) -> None:
        if not settings.BREACHED_PASSWORDS:
            return
        # The list's own hash, which protects nothing here.
        digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
        try:
            has_leaked = stands_in(Path(settings.BREACHED_PASSWORDS), digest)
        except OSError as error:
            logger.error("the list of leaked passwords cannot be read: %s", error)
            raise ValidationError(
                _("The list of leaked passwords cannot be read. Please tell your administrator.")
            ) from error
        if has_leaked:
            raise ValidationError(_("This password has leaked somewhere and is on the lists that guessers use."))

    def get_help_text(self) -> str:
        return ""


def stands_in(path: Path, digest: str) -> bool:
    """Whether a line of the sorted file begins with the digest.

    :raises OSError: the file cannot be read
    """
    wanted = digest.encode()
    with path.open("rb") as file:
        low, high = 0, file.seek(0, os.SEEK_END)
        # The line that is wanted begins in [low, high).
        while low < high:
            middle = (low + high) // 2
            start, line = _line_from(file, middle)
            if start >= high:
                high = middle
                continue
            found = line[:DIGITS]
            if found == wanted:
                return True
            if found < wanted:
                low = start + len(line)
            else:
                high = middle
    return False


def _line_from(file: IO[bytes], place: int) -> tuple[int, bytes]:
    """The first line that begins at the place or behind it, and where."""
    if place:
        file.seek(place - 1)
        file.readline(LONGEST_LINE)
    else:
        file.seek(0)
    start = file.tell()
    return start, file.readline(LONGEST_LINE)
