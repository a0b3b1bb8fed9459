"""Whether a zip file may be opened: what it says of itself, and what it really unpacks to."""

import struct
import zipfile
import zlib
from pathlib import Path

from django.utils.translation import gettext as _

from zhike.exchange.files.table import Limits
from zhike.exchange.reasons import FileProblem

UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError, RuntimeError, OSError)
MOST_ENTRIES = 10_000
STEP = 1024 * 1024
# Small parts compress well without being a bomb: a sheet of a few kilobytes may shrink a thousandfold.
ALWAYS_ALLOWED = 64 * 1024 * 1024


def check_archive(path: Path, *, name: str, limits: Limits) -> list[str]:
    """Names of its entries, once it is known to be whole and of bearable size.

    The directory is asked first, then everything is unpacked and thrown away, because a directory may lie.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check_declared(path, entries, name=name, limits=limits)
            for entry in entries:
                _check_content(archive, entry, name=name)
            return [entry.filename for entry in entries]
    except UNREADABLE as problem:
        raise damaged(name) from problem


def damaged(name: str) -> FileProblem:
    return FileProblem(
        _("%(file)s is damaged or was cut short while it was sent; please export or upload it again") % {"file": name}
    )


def _check_declared(path: Path, entries: list[zipfile.ZipInfo], *, name: str, limits: Limits) -> None:
    unpacked = sum(entry.file_size for entry in entries)
    allowed = min(limits.max_unpacked_bytes, max(ALWAYS_ALLOWED, path.stat().st_size * limits.max_unpacked_ratio))
    if unpacked > allowed or len(entries) > MOST_ENTRIES:
        raise FileProblem(
            _("%(file)s would unpack to %(size)s MB, more than is allowed; it was not opened")
            % {"file": name, "size": unpacked // 1024**2}
        )


def _check_content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, *, name: str) -> None:
    """Unpack to nothing; the library checks length and checksum and stops at the declared size."""
    with archive.open(entry) as content:
        while content.read(STEP):
            pass
