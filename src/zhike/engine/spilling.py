"""Folders for what an engine cannot hold in memory: personal data, which nobody finds there later."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp


@contextmanager
def fresh_folder(place: Path) -> Iterator[Path]:
    """A folder of its own within the place, gone in the end; what a killed process left there goes at the beginning.

    For one computation at a time.
    """
    rmtree(place, ignore_errors=True)
    place.mkdir(parents=True, mode=0o700)
    folder = Path(mkdtemp(dir=place))
    try:
        yield folder
    finally:
        rmtree(folder, ignore_errors=True)
