"""Small shapes that selectors and views hand to the components."""

from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise


@dataclass(frozen=True, kw_only=True)
class Chip:
    """One active filter, readable as part of a sentence: "city is 上海". remove_url: the list without it."""

    label: str | Promise
    remove_url: str


@dataclass(frozen=True, kw_only=True)
class Tab:
    """A saved view or a part of a record. count: shown behind the label where given."""

    label: str | Promise
    url: str
    is_current: bool = False
    count: int | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of a wizard. url: where a finished step can be seen again."""

    label: str | Promise
    state: Literal["done", "current", "ahead"]
    url: str = ""
