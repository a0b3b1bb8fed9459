"""Files to which nothing leads any more leave the disk: by night, and at once with the person's erasure.

While the night's work goes on, files come in, go and come back. So what it would remove it first puts aside, where
nobody takes hold of it any more, and looks again whether anybody did before.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from zhike.customers import leading
from zhike.customers.attached import folder
from zhike.customers.shelf import place_of
from zhike.exchange.files import thumbnails

KEPT_FOR = timedelta(days=30)
ASIDE = ".going"


def sweep_files(*, at: datetime) -> int:
    """Take files away to which neither an entry, a field nor the recycle bin leads, for the system; how many.

    While a merge may be taken back, the customer that was given up is in the bin, and leads to its own.
    """
    _end_interrupted()
    oldest = (at - KEPT_FOR).timestamp()
    old = {place_of(path): path for path in folder().glob("*/*") if not _is_small(path) and _age(path) < oldest}
    lost = [old[place] for place in old.keys() - leading.held(old)]
    aside = {place_of(path): path for path in lost if _move(path, _aside_of(path))}
    again = leading.held(aside)
    count = 0
    for place, path in aside.items():
        if place in again or _age(_aside_of(path)) >= oldest:
            _move(_aside_of(path), path)
        else:
            _aside_of(path).unlink(missing_ok=True)
            thumbnails.remove(path)
            count += 1
    return count


def list_files_of(customer_ids: Iterable[int]) -> Iterator[Path]:
    """What lies on the disk of what was given for these customers, without what a record leads to by now."""
    found = [path for customer_id in customer_ids for path in sorted((folder() / str(customer_id)).glob("*"))]
    taken = leading.in_records({place_of(_whole(path)) for path in found})
    yield from (path for path in found if place_of(_whole(path)) not in taken)


def _end_interrupted() -> None:
    """What an earlier night put aside and did not come back to; thumbnails of what is gone."""
    for path in folder().glob(f"*/*{ASIDE}"):
        _move(path, _whole(path))
    for path in folder().glob(f"*/*{thumbnails.ENDING}"):
        if not _whole(path).exists():
            path.unlink(missing_ok=True)


def _is_small(path: Path) -> bool:
    return path.suffix == thumbnails.ENDING


def _aside_of(path: Path) -> Path:
    return path.with_name(f"{path.name}{ASIDE}")


def _whole(path: Path) -> Path:
    """The file that a thumbnail, or a file that was put aside, belongs to."""
    return path.with_suffix("") if path.suffix in (ASIDE, thumbnails.ENDING) else path


def _age(path: Path) -> float:
    """When it was last put down; never for what is gone meanwhile."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _move(path: Path, target: Path) -> bool:
    with suppress(FileNotFoundError):
        path.rename(target)
        return True
    return False
