"""What a feature is: a figure of one customer from one source within one window, or from other figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class FeatureInvalid(ValueError):
    """A feature is declared twice, or with a window that ends before it begins."""


@dataclass(frozen=True, kw_only=True)
class Feature:
    """measure: an Ibis aggregate of (the source's rows, those of them that are in the window).

    days: how far back the window begins; None: at the beginning. skip: it ends that many days before the day, so that
    days=180, skip=90 are the three months before the last three. empty: what customers without such facts get.
    """

    name: str
    source: str
    measure: Callable[[Any, Any], Any]
    days: int | None = None
    skip: int = 0
    empty: float | None = None

    def __post_init__(self) -> None:
        if self.skip < 0 or (self.days is not None and self.days <= self.skip):
            raise FeatureInvalid(f"the window of {self.name} is empty")

    def of(self, rows: Any) -> Any:
        within = rows.days_ago >= self.skip
        if self.days is not None:
            within = within & (rows.days_ago < self.days)
        return self.measure(rows, within)


@dataclass(frozen=True, kw_only=True)
class Derived:
    """measure: an Ibis column from the table of features, of which it needs those named in `of`."""

    name: str
    of: tuple[str, ...]
    measure: Callable[[Any], Any]


type Declared = Feature | Derived
