"""Fields that hold files: the record's column says which, and the files themselves lie where its app keeps them."""

from collections.abc import Mapping
from typing import Any, Protocol

from django.utils.translation import gettext_lazy as _
from pydantic_core import from_json  # unlike json, it refuses what is nested a thousand deep

from zhike.metadata.models import Kind

FILES = (Kind.FILE, Kind.IMAGE)
MOST_FILES = 20
UPLOADED = _("Files are uploaded on the record's page, and not entered.")
PARTS = frozenset(("id", "name", "size", "path"))


class Shelf(Protocol):
    """Where a kind of record keeps the files of its fields. key: of the field; pk: of the record."""

    def find(self, key: str, pk: int, file_id: str, name: str) -> Mapping[str, Any] | None:
        """What the record holds of a file that was given for this field of it, or of one merged into it, and is still
        there: id, name, size, path. None of any other, so that nobody takes another record's file."""

    def url(self, key: str, pk: int, file_id: str) -> str:
        """Where it opens."""

    def small_url(self, key: str, pk: int, file_id: str) -> str:
        """Where its thumbnail is, a sign in its place for what is no picture."""


def entries(value: Any) -> list[dict[str, Any]] | None:
    """What a record holds of its files, also from the text that `kinds.written` makes; None for anything else."""
    if isinstance(value, str):
        try:
            value = from_json(value)
        except ValueError:
            return None
    if not isinstance(value, list) or not all(isinstance(one, dict) and one.keys() == PARTS for one in value):
        return None
    return value


def wanted(value: Any) -> dict[str, str] | None:
    """The files that somebody wants to stand in a field, id to name, in their order; names may be left out. None for
    what does not name files."""
    if isinstance(value, str):
        try:
            value = from_json(value)
        except ValueError:
            return None
    found: dict[str, str] = {}
    for one in value if isinstance(value, list | tuple) else [value]:
        told = one if isinstance(one, dict) else {"id": one}
        if not isinstance(told.get("id"), str) or not isinstance(told.get("name", ""), str):
            return None
        found.setdefault(told["id"], told.get("name", ""))
    return found


def names(value: Any) -> str:
    return "、".join(str(one["name"]) for one in value)


def told(value: Any) -> list[dict[str, Any]]:
    """As programs get it: where it lies is nobody's business."""
    return [{"id": one["id"], "name": one["name"], "size": int(one["size"])} for one in value]
