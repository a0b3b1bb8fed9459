"""What happened to customers who were there more than once."""

from dataclasses import dataclass

from zhike.core.events import Event


@dataclass(frozen=True, kw_only=True)
class CustomersMerged(Event):
    """survivor_id took over everything of record_ids, which are in the recycle bin."""

    survivor_id: int
    record_ids: list[int]


@dataclass(frozen=True, kw_only=True)
class MergeUndone(Event):
    """record_ids are there again, with what was theirs."""

    survivor_id: int
    record_ids: list[int]
