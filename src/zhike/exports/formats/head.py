"""A column of an export's file."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Head:
    """type: "text", "integer", "decimal", "date" or "moment"."""

    key: str
    label: str
    type: str = "text"
