"""Whether the database keeps a model's history. Every model of ours says so in its attribute `history`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.utils.functional import Promise


@dataclass(frozen=True, kw_only=True)
class Captured:
    """Every change of a row is captured by triggers (`zhike.audit.triggers`), many-to-many tables of the model too.

    subject: foreign key to the record that the row is a part of, in whose history it is shown; empty for the row
    itself. ignored: columns that follow from others or say nothing to people. hidden: columns of which only the fact
    that they changed is kept. label, labels: what one row, and columns by name, are called in a history where the model
    has no name for them that people know. words: what the values of such a column are called. echo: column and value of
    rows that only repeat what is captured elsewhere; they are captured and not shown. stays: why nothing of it is put
    back from history by a click; empty where it is, or where it is to be (`zhike.recovery.kinds`).
    """

    subject: str = ""
    ignored: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    label: str | Promise = ""
    labels: Mapping[str, str | Promise] = field(default_factory=dict)
    words: Mapping[str, Callable[[str], str]] = field(default_factory=dict)
    echo: tuple[str, str] | None = None
    stays: str = ""


@dataclass(frozen=True)
class NotCaptured:
    """No history, for a reason that one would tell an auditor."""

    reason: str
