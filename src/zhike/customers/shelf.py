"""The files of customers' own fields: beside those of entries, under names that say of which field they are."""

import os
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.urls import reverse

from zhike.core.personal import list_others
from zhike.customers.attached import FORM_BY_ENDING, begin_anew, folder, size_of
from zhike.exchange.files.contents import Form, put_ending
from zhike.metadata.filed import FILES, entries
from zhike.metadata.kinds import HOLDER
from zhike.metadata.selectors import design_of

RECORD = "customers.customer"
_ID = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, kw_only=True)
class KeptFile:
    """A file in a field. size: in bytes; None once it is no longer there. url: where it opens; small_url: its
    thumbnail."""

    id: str
    name: str
    form: Form
    size: int | None
    path: Path
    url: str
    small_url: str

    @property
    def is_picture(self) -> bool:
        return self.form.look == "picture"


class CustomerShelf:
    """What `metadata.filed.Shelf` is of customers."""

    def find(self, key: str, pk: int, file_id: str, name: str) -> Mapping[str, Any] | None:
        if not _ID.fullmatch(file_id):
            return None
        for owner in (pk, *list_others(pk)):
            for path in (folder() / str(owner)).glob(f"{key}-{file_id}.*"):
                form = FORM_BY_ENDING.get(path.suffix)
                if form and (size := _hold(path)) is not None:
                    return {"id": file_id, "name": put_ending(name, form), "size": size, "path": place_of(path)}
        return None

    def url(self, key: str, pk: int, file_id: str) -> str:
        return reverse("show_field_file", args=[pk, f"{HOLDER}.{key}", file_id])

    def small_url(self, key: str, pk: int, file_id: str) -> str:
        return reverse("show_small_field_file", args=[pk, f"{HOLDER}.{key}", file_id])


def _hold(path: Path) -> int | None:
    """The size of a file that comes back: young again, so that the sweep that is at it just now lets it be."""
    try:
        with path.open("rb") as file:
            os.utime(file.fileno())
            return os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        return None


def prefix_of(key: str) -> str:
    """What names of the field's files begin with; those of entries have none."""
    return f"{key}-"


def place_of(path: Path) -> str:
    return path.relative_to(settings.HOME.files_dir).as_posix()


def kept(entry: Mapping[str, Any], *, key: str, customer_id: int) -> KeptFile:
    """What a record holds of a file, with what is on the disk."""
    path, shelf, file_id = Path(settings.HOME.files_dir) / str(entry["path"]), CustomerShelf(), str(entry["id"])
    return KeptFile(
        id=file_id,
        name=str(entry["name"]),
        form=FORM_BY_ENDING[path.suffix],
        size=size_of(path),
        path=path,
        url=shelf.url(key, customer_id, file_id),
        small_url=shelf.small_url(key, customer_id, file_id),
    )


def keep_a_while(before: str, after: str, *, at: datetime) -> None:
    """What a field loses may come back: its files stay, for the days of `services.attaching` from now."""
    left = {one["path"] for one in entries(after or "[]") or ()}
    places = [str(one["path"]) for one in entries(before or "[]") or () if one["path"] not in left]
    _begin_anew([Path(settings.HOME.files_dir) / place for place in places], at=at)


def keep_what_goes(before: Mapping[str, Any], after: Mapping[str, Any], *, at: datetime) -> None:
    """The same of all fields of a record."""
    left = set(paths_in(after))
    _begin_anew([path for path in paths_in(before) if path not in left], at=at)


def _begin_anew(paths: Iterable[Path], *, at: datetime) -> None:
    for path in paths:
        begin_anew(path, at=at)


def part(custom: Mapping[str, Any], owners: Container[int]) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """A record's fields without the files that were given for these customers, and those, by field."""
    rest, theirs, keys = dict(custom), {}, list_keys()
    for key in custom.keys() & keys:
        held = entries(custom[key]) or []
        if gone := [one for one in held if owner_of(one) in owners]:
            theirs[key] = gone
            rest[key] = [one for one in held if one not in gone]
            if not rest[key]:
                del rest[key]
    return rest, theirs


def join(custom: Mapping[str, Any], more: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """A record's fields with these files besides, as far as there is room for them."""
    found, design = dict(custom), design_of(RECORD).every
    for key, added in more.items():
        held = entries(found.get(key, [])) or []
        there = {one["path"] for one in held}
        new = [one for one in added if one["path"] not in there][
            : max(0, design[key].rules.get("files", 1) - len(held))
        ]
        if new:
            found[key] = [*held, *new]
    return found


def owner_of(entry: Mapping[str, Any]) -> int:
    """The customer for which a file was given, as its place says."""
    return int(Path(str(entry["path"])).parent.name)


def paths_in(custom: Mapping[str, Any]) -> list[Path]:
    """The files of all fields of a record, also of those that are archived."""
    keys = list_keys()
    found = [one for key, value in custom.items() if key in keys for one in entries(value) or ()]
    return [Path(settings.HOME.files_dir) / str(one["path"]) for one in found]


def list_keys() -> set[str]:
    return {key for key, one in design_of(RECORD).every.items() if one.kind in FILES}
