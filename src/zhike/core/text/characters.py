"""Traditional and simplified characters, told as one in search."""

from functools import cache
from importlib.resources import files


@cache
def _table() -> dict[int, str]:
    text = files("zhike.core.text").joinpath("simplified.txt").read_text(encoding="utf-8")
    pairs = (line.split("\t") for line in text.splitlines())
    return {ord(one): to for to, several in pairs for one in several}


def simplified(text: str) -> str:
    """Character by character, so that places in the text stay the same: 張偉 as 张伟."""
    return text if text.isascii() else text.translate(_table())
