"""Tables of Chinese words and places, one row a line, cells parted by tabs."""

from importlib.resources import files


def rows(name: str) -> list[list[str]]:
    """The table's rows."""
    text = files(__name__).joinpath(f"{name}.tsv").read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines()]


def words(name: str) -> tuple[str, ...]:
    """A table of one column."""
    return tuple(row[0] for row in rows(name))
