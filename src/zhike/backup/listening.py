"""Where a backup or a restore is."""

from collections.abc import Callable

# (phase, bytes done, bytes in all or 0). Phases: dumping · checking · schema · loading · indexing · comparing · files
type Listener = Callable[[str, int, int], None]


def silent(_phase: str, _done: int, _total: int) -> None:
    """Nobody watches."""
