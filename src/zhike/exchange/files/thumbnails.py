"""Small pictures of files that are pictures, made once and kept beside them."""

import logging
import signal
import subprocess
import sys
import uuid
from collections import deque
from pathlib import Path
from threading import Lock, Thread, current_thread

from zhike.exchange.files.contents import Form

MAKER = Path(__file__).with_name("thumbnail_maker.py")
ENDING = ".small"
EDGE = 240  # pixels, of the longer side
MEDIA_TYPE = "image/webp"
LONGEST_S = 15
AGAIN_S = 1  # after which it is worth while to ask again
MOST_AT_ONCE, MOST_ASKED = 2, 500
# How the maker ends over a picture that cannot be shown: it says so, or took more than it may. Any other end, such as
# a server that is being stopped, says nothing of the picture.
OF_THE_PICTURE = {1, -signal.SIGKILL, -signal.SIGXCPU, -signal.SIGXFSZ}
_FORMATS = {"png": "PNG", "jpeg": "JPEG", "gif": "GIF", "webp": "WEBP"}
_logger = logging.getLogger(__name__)
_lock = Lock()
_turn: deque[tuple[Path, str]] = deque()
_asked: set[Path] = set()  # in turn, or in the making
_makers: set[Thread] = set()


class ThumbnailNotMade(Exception):
    """Not yet: a later request may find it."""


def thumbnail_of(path: Path, form: Form) -> Path | None:
    """The thumbnail of a file; None where the file shows nothing. Where there is none yet it is made meanwhile: nobody
    waits for it.

    :raises FileNotFoundError: the file is gone
    :raises ThumbnailNotMade: it is being made, or will be
    """
    if form.key not in _FORMATS:
        return None
    kept = place_of(path)
    if not kept.exists():
        path.stat()
        _ask(path, _FORMATS[form.key])
        raise ThumbnailNotMade
    return kept if kept.stat().st_size else None


def place_of(path: Path) -> Path:
    """Where a file's thumbnail lies; empty where the file cannot be read."""
    return path.with_name(f"{path.name}{ENDING}")


def remove(path: Path) -> None:
    """Take a file away, and its thumbnail with it, as far as they are there."""
    path.unlink(missing_ok=True)
    place_of(path).unlink(missing_ok=True)


def _ask(path: Path, form: str) -> None:
    """Put a file in turn, unless it is. Beyond the most that may stand there, whoever asks again finds room later."""
    with _lock:
        if path not in _asked and len(_asked) < MOST_ASKED:
            _asked.add(path)
            _turn.append((path, form))
        if _turn and len(_makers) < MOST_AT_ONCE:
            maker = Thread(target=_work, name="thumbnails", daemon=True)
            maker.start()  # it waits for the lock, so that it is known before it is done
            _makers.add(maker)


def _work() -> None:
    try:
        while one := _next():
            path, form = one
            try:
                _make(path, place_of(path), form)
            except (ThumbnailNotMade, FileNotFoundError):
                continue  # who asks again begins it again, or learns that it is gone
            except OSError:
                _logger.exception("no thumbnail was made")
            finally:
                with _lock:
                    _asked.discard(path)
    finally:
        with _lock:
            _makers.discard(current_thread())


def _next() -> tuple[Path, str] | None:
    with _lock:
        if _turn:
            return _turn.popleft()
        _makers.discard(current_thread())  # at once, or what is asked for meanwhile would find nobody
        return None


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
