"""Tells the database whom to look for, without writing it into a statement: the slow ones end up in its log."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from zhike.core.personal import Traces

# Read once for a statement, wherever it stands.
PATTERN = "(SELECT current_setting('zhike.sought_pattern'))"
MASK_PATTERN = "(SELECT current_setting('zhike.sought_mask'))"
WORDS_PATTERN = "(SELECT current_setting('zhike.sought_words'))"


@contextmanager
def told(cursor: Any, traces: Traces) -> Iterator[None]:
    """Within the block the expressions of this module stand for the person on the cursor's connection."""
    values = {
        "pattern": traces.pattern,
        "mask": traces.mask_pattern,
        "words": traces.words_pattern,
        **{f"form_{number}": form.lower() for number, form in enumerate(traces.least)},
        **{f"word_{number}": word.lower() for number, word in enumerate(traces.words)},
    }
    _set(cursor, values)
    try:
        yield
    finally:
        _set(cursor, dict.fromkeys(values, ""))


def finds(traces: Traces, text: str) -> str:
    """SQL: whether the expression, in small letters and a value a line, mentions the person.

    Looking for each in turn is quicker than one regular expression, which is slow to begin and slower by branch.
    """
    forms, words = traces.least, traces.words
    tests = [f"position({_setting(f'form_{number}')} IN {text}) > 0" for number in range(len(forms))]
    tests += [
        f"(position({_setting(f'word_{number}')} IN {text}) > 0 AND {text} ~* ('(?n)' || {WORDS_PATTERN}))"
        for number in range(len(words))
    ]
    return " OR ".join(tests) or "false"


def _set(cursor: Any, values: dict[str, str]) -> None:
    for name, value in values.items():
        cursor.execute("SELECT set_config(%s, %s, false)", [f"zhike.sought_{name}", value])


def _setting(name: str) -> str:
    return f"(SELECT current_setting('zhike.sought_{name}'))"
