"""Small pictures of files that are pictures, made once and kept beside them."""

import signal
import subprocess
import sys
import uuid
from pathlib import Path
from threading import BoundedSemaphore

from zhike.exchange.files.contents import Form

MAKER = Path(__file__).with_name("thumbnail_maker.py")
ENDING = ".small"
EDGE = 144  # pixels: three for each of those in which pages show it
MEDIA_TYPE = "image/webp"
LONGEST_S, LONGEST_WAIT_S = 15, 5
MOST_AT_ONCE = 2
# How the maker ends over a picture that cannot be shown: it says so, or took more than it may. Any other end, such as
# a server that is being stopped, says nothing of the picture.
OF_THE_PICTURE = {1, -signal.SIGKILL, -signal.SIGXCPU, -signal.SIGXFSZ}
_FORMATS = {"png": "PNG", "jpeg": "JPEG", "gif": "GIF", "webp": "WEBP"}
_room = BoundedSemaphore(MOST_AT_ONCE)


class ThumbnailNotMade(Exception):
    """There was no time for it; a later request may find some."""


def thumbnail_of(path: Path, form: Form) -> Path | None:
    """The thumbnail of a file, made where there is none yet; None where the file shows nothing.

    :raises FileNotFoundError: the file is gone
    :raises ThumbnailNotMade: too many are being made, or this one takes too long
    """
    if form.key not in _FORMATS:
        return None
    kept = place_of(path)
    if not kept.exists():
        if not _room.acquire(timeout=LONGEST_WAIT_S):
            raise ThumbnailNotMade
        try:
            if not kept.exists():
                _make(path, kept, _FORMATS[form.key])
        finally:
            _room.release()
    return kept if kept.stat().st_size else None


def place_of(path: Path) -> Path:
    """Where a file's thumbnail lies; empty where the file cannot be read."""
    return path.with_name(f"{path.name}{ENDING}")


def remove(path: Path) -> None:
    """Take a file away, and its thumbnail with it, as far as they are there."""
    path.unlink(missing_ok=True)
    place_of(path).unlink(missing_ok=True)


def _make(path: Path, target: Path, form: str) -> None:
    draft = target.with_name(f"{target.name}.{uuid.uuid4().hex}")
    command = [sys.executable, "-I", str(MAKER), form, str(EDGE)]
    try:
        with path.open("rb") as picture, draft.open("wb") as written:
            done = subprocess.run(  # noqa: S603
                command,
                stdin=picture,
                stdout=written,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={},
                timeout=LONGEST_S,
                check=False,
            )
        if done.returncode and done.returncode not in OF_THE_PICTURE:
            raise ThumbnailNotMade
        if done.returncode:
            draft.write_bytes(b"")
        draft.rename(target)
    except subprocess.TimeoutExpired as late:
        raise ThumbnailNotMade from late
    finally:
        draft.unlink(missing_ok=True)
    if not path.exists():  # removed meanwhile, when there was none to remove with it
        target.unlink(missing_ok=True)
