"""vCard 4.0 (RFC 6350): one contact after another, each with the number of the export."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from zhike.exports.formats.head import Head
from zhike.exports.marks import Mark

LONGEST_LINE = 75  # octets, the line break not counted
# The parts of an address, in the order of the property.
ADDRESS = ("", "", "ADR.street", "ADR.locality", "ADR.region", "", "ADR.country")
PLACES = ("ADR.locality", "ADR.region", "ADR.country")


def write(path: Path, heads: Sequence[Head], rows: Iterator[Sequence[Any]], mark: Mark) -> None:
    """heads: named by the property that each column fills; "ADR.street" and the like are parts of one."""
    keys = [head.key for head in heads]
    with path.open("wb") as file:
        for row in rows:
            file.write(card(dict(zip(keys, row, strict=True)), mark=mark))


def card(values: Mapping[str, Any], *, mark: Mark) -> bytes:
    """One contact. Several values of a property are a list; those of CATEGORIES stay in one line."""
    lines = ["BEGIN:VCARD", "VERSION:4.0", f"PRODID:-//Zhike//Export {mark.code}//"]
    for key in (key for key in values if not key.startswith("ADR.")):
        value = values[key]
        if value in (None, "", []):
            continue
        if key == "CATEGORIES":
            lines.append(f"CATEGORIES:{','.join(escape(str(one)) for one in value)}")
        elif isinstance(value, list):
            lines += [_line(key, one) for one in value]
        else:
            lines.append(_line(key, value))
    lines += _addresses(values)
    lines += [f"X-ZHIKE-EXPORT:{mark.code}", "END:VCARD"]
    return b"".join(fold(line) for line in lines)


def _line(key: str, value: Any) -> str:
    match key, value:
        case "REV", datetime():
            return f"REV:{value.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        case _, date():
            return f"{key}:{value:%Y%m%d}"
        case "TEL", _:
            return f"TEL;VALUE=text:{escape(str(value))}"
        case "KIND" | "UID", _:
            return f"{key}:{value}"
    return f"{key}:{escape(str(value))}"


def _addresses(values: Mapping[str, Any]) -> list[str]:
    """A line for each street, the place going with the first."""
    streets = values.get("ADR.street") or []
    places = {key: str(values.get(key) or "") for key in PLACES}
    if not streets and not any(places.values()):
        return []
    lines = []
    for number, street in enumerate(streets or [""]):
        parts = {"ADR.street": street, **(places if number == 0 else {})}
        lines.append(f"ADR:{';'.join(escape(parts.get(key, '')) for key in ADDRESS)}")
    return lines


def escape(text: str) -> str:
    """A text as the value of a property, or as one part of it."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for mark in ("\\", ",", ";"):
        text = text.replace(mark, f"\\{mark}")
    return text.replace("\n", "\\n")


def fold(line: str) -> bytes:
    """The line in pieces of at most 75 octets, none of them ending within a character."""
    content, pieces = line.encode(), []
    room = LONGEST_LINE
    while len(content) > room:
        end = room
        while content[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(content[:end])
        content, room = content[end:], LONGEST_LINE - 1  # the blank that continues a line counts
    pieces.append(content)
    return b"\r\n ".join(pieces) + b"\r\n"
