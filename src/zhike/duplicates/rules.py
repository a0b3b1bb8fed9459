"""How the company merges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from zhike.duplicates.models import Settings


@dataclass(frozen=True, kw_only=True)
class Rules:
    """by_unit: where it differs from the defaults. sources: the most trusted first. auto_from: None for never.

    scans_itself: at night, and after imports.
    """

    by_unit: Mapping[str, str]
    sources: Sequence[str]
    auto_from: float | None
    scans_itself: bool


def get_rules() -> Rules:
    found = Settings.objects.first()
    if found is None:
        return Rules(by_unit={}, sources=(), auto_from=None, scans_itself=True)
    return Rules(by_unit=found.rules, sources=found.sources, auto_from=found.auto_from, scans_itself=found.scans_itself)
