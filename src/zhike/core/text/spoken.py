"""What is typed for a reading: whole syllables, begun ones or their first letters, in any mixture."""

from bisect import bisect
from collections.abc import Sequence

FEW = 2  # letters only begin a reading


def is_read_as(reading: str, word: str) -> bool:
    """Whether syllables in a row are what was typed. reading: with blanks between; word: small letters."""
    found = run_of(reading.split(" "), word)
    return found is not None and (found[0] == 0 or len(word) > FEW)


def run_of(read: Sequence[str], word: str) -> tuple[int, int] | None:
    """The first of the syllables that the word is about, and the one after the last."""
    text = " ".join(read)
    starts = [0, *(at + 1 for at, one in enumerate(text) if one == " ")]
    for first, start in enumerate(starts):
        reached = {start} if text[start : start + 1] == word[0] else set()
        for letter in word[1:]:
            following = {at + 1 for at in reached} | {starts[bisect(starts, at)] for at in reached if at < starts[-1]}
            reached = {at for at in following if text[at : at + 1] == letter}
        if reached:
            return first, bisect(starts, min(reached))
    return None
