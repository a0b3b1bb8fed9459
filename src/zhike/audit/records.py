"""Reads the text that PostgreSQL makes of a record: (1,"a ""quoted"" value",,t)."""

import re

_FIELD = re.compile(r'"((?:[^"\\]|""|\\.)*)"|([^,()"\\]*)', re.DOTALL)
_ESCAPED = re.compile(r'""|\\(.)', re.DOTALL)


def parse_records(text: str) -> list[list[str | None]]:
    """The values of each record of a text that is nothing but records.

    >>> parse_records('(1,"a, b",,t)(2,c,d,e)')
    [['1', 'a, b', None, 't'], ['2', 'c', 'd', 'e']]

    :raises ValueError: it is something else
    """
    records: list[list[str | None]] = []
    place = 0
    while place < len(text):
        if text[place] != "(":
            raise ValueError(f"no record at {place}")
        values: list[str | None] = []
        while True:
            found = _FIELD.match(text, place + 1)
            if found is None:
                raise ValueError(f"no record at {place}")
            quoted, plain = found.groups()
            values.append(_plain(quoted) if quoted is not None else plain or None)
            place = found.end()
            if text[place : place + 1] != ",":
                break
        if text[place : place + 1] != ")":
            raise ValueError(f"no record at {place}")
        records.append(values)
        place += 1
    return records


def _plain(quoted: str) -> str:
    return _ESCAPED.sub(lambda found: found[1] or '"', quoted)
