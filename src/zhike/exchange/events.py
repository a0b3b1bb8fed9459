"""What happened with files."""

from dataclasses import dataclass

from zhike.core.events import Event


@dataclass(frozen=True, kw_only=True)
class ImportApplied(Event):
    """The file's records are in the database, search included; not told where it changed none."""

    import_id: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class ImportUndone(Event):
    """The import was taken back; rows were deleted, which no change stamp shows."""

    import_id: int
    kind: str
