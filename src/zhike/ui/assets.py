"""What the front-end build wrote: hashed files, found through Vite's manifest."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.core.checks import CheckMessage, Warning
from django.templatetags.static import static

BUILT = Path(__file__).parent / "static" / "ui"


@dataclass(frozen=True)
class Entry:
    """One entry of the manifest; paths are relative to STATIC_URL."""

    file: str
    styles: tuple[str, ...]


class FrontEndNotBuilt(RuntimeError):
    """The manifest is missing or does not name what was asked for."""


def entry(name: str, *, built: Path = BUILT) -> Entry:
    """The built files of an entry point such as "src/main.ts".

    :raises FrontEndNotBuilt: there is no build, or it is older than the entry
    """
    return _entry(name, built, _changed_ns(built))


def address(name: str) -> str:
    """Where the browser gets one built file.

    :raises FrontEndNotBuilt: there is no build, or it is older than the file
    """
    return _address(name, _changed_lately_ns(int(time.monotonic())))


def _changed_ns(built: Path) -> int:
    try:
        return (built / "manifest.json").stat().st_mtime_ns
    except FileNotFoundError:
        return 0


# A page asks for every icon, so we look once a second.
@lru_cache(maxsize=1)
def _changed_lately_ns(second: int) -> int:
    return _changed_ns(BUILT)


# Keyed by the time of the manifest, so that a new build is seen without a restart.
@lru_cache(maxsize=64)
def _address(name: str, changed_ns: int) -> str:
    return static(_entry(name, BUILT, changed_ns).file)


def _entry(name: str, built: Path, changed_ns: int) -> Entry:
    found = _read(built, changed_ns).get(name)
    if found is None:
        raise FrontEndNotBuilt(f"The front end has no {name}: run `npm ci && npm run build` in frontend/.")
    return found


@lru_cache(maxsize=4)
def _read(built: Path, changed_ns: int) -> dict[str, Entry]:
    if changed_ns == 0:
        return {}
    raw: dict[str, dict[str, Any]] = json.loads((built / "manifest.json").read_text())
    return {
        name: Entry(file=f"ui/{chunk['file']}", styles=tuple(f"ui/{style}" for style in chunk.get("css", ())))
        for name, chunk in raw.items()
    }


def check_built(app_configs: object, **kwargs: object) -> Sequence[CheckMessage]:
    """System check: pages need the built front end."""
    try:
        entry("src/main.ts")
    except FrontEndNotBuilt as missing:
        return [Warning(str(missing), id="ui.W001")]
    return []
