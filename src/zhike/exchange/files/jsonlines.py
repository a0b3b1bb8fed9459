"""JSON Lines: one object a line; numbers keep the digits they were written with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from zhike.exchange.files import dialect
from zhike.exchange.files.encoding import LEFT_OUT, Block, Encoding, find_encoding, read_blocks
from zhike.exchange.files.records import Record, clean, find_damage
from zhike.exchange.files.table import ROW, Batch, Limits, Reading, RefusedRow, Table, check_width
from zhike.exchange.reasons import FileProblem

BLOCK = 4 * 1024 * 1024
SCANNED_BYTES = 64 * 1024 * 1024
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_HALF = re.compile("[\ud800-\udfff]")
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)


def open_jsonlines(path: Path, *, name: str, limits: Limits, reading: Reading) -> JsonLinesTable:
    """The columns are all keys of the first 64 MB, in the order they appear."""
    encoding = find_encoding(path, reading.encoding, name=name)
    keys: dict[str, None] = {}
    rows = scanned = good = 0
    for block in read_blocks(path, encoding, size=BLOCK):
        for line in _lines(block):
            rows += 1
            record = parse_line(line)
            if isinstance(record, dict):
                good += 1
                keys.update(dict.fromkeys(record))
        scanned += len(block.text)
        if scanned >= SCANNED_BYTES:
            break
    if not good:
        raise FileProblem(_("%(file)s holds no JSON objects, one a line") % {"file": name})
    check_width(len(keys), name=name, limits=limits)
    columns, warnings = dialect.name_columns(list(keys), file=name)
    size = path.stat().st_size
    return JsonLinesTable(
        path=path,
        name=name,
        format="jsonl",
        columns=columns,
        limits=limits,
        encoding=encoding.label,
        header_row=0,
        row_estimate=rows if scanned >= size else round(size * rows / max(scanned, 1)),
        warnings=warnings,
        codec=encoding,
        keys=tuple(keys),
    )


def parse_line(line: str) -> dict[str, str | None] | str:
    """The object of a line as text by key, or what is wrong with it."""
    try:
        value = _DECODER.decode(line.strip())
    except (json.JSONDecodeError, RecursionError) as problem:
        return str(getattr(problem, "msg", "nested too deeply"))
    if not isinstance(value, dict):
        return line.strip()[:40]
    record = {key: _text(item) for key, item in value.items()}
    if _SURROGATE.search(line) and _HALF.search("".join(key + (text or "") for key, text in record.items())):
        return "half a character"
    return record


def _text(item: Any) -> str | None:
    if item is None or item == "":
        return None
    if isinstance(item, str):
        return item
    if isinstance(item, bool):
        return "true" if item else "false"
    return json.dumps(item, ensure_ascii=False, separators=(",", ":"))


def _lines(block: Block) -> list[str]:
    """Line feeds alone end a line; other separators may stand inside JSON text."""
    lines = block.text.decode().split("\n")
    return lines if lines[-1] else lines[:-1]


@dataclass(kw_only=True)
class JsonLinesTable(Table):
    """keys: what the columns are called in the file."""

    codec: Encoding = field(default_factory=lambda: Encoding("utf-8"))
    keys: tuple[str, ...] = ()

    def batches(self, size: int = 50_000, skip_rows: int = 0) -> Iterator[Batch]:
        lines = (line for block in read_blocks(self.path, self.codec, size=BLOCK) for line in _lines(block))
        passed = sum(1 for _line in islice(lines, skip_rows))
        while chunk := list(islice(lines, size)):
            yield self._batch(chunk, passed)
            passed += len(chunk)

    def _batch(self, lines: list[str], passed: int) -> Batch:
        import polars as pl

        numbers: list[int] = []
        rows: list[dict[str, str | None]] = []
        refused: list[RefusedRow] = []
        for number, line in enumerate(lines, start=passed + 1):
            if not line.strip():
                continue
            row = self._check(number, line)
            if isinstance(row, RefusedRow):
                refused.append(row)
            elif any(row.values()):
                numbers.append(number)
                rows.append(row)
        data: dict[str, Any] = {ROW: pl.Series(numbers, dtype=pl.Int64)}
        for column, key in zip(self.columns, self.keys, strict=True):
            data[column] = pl.Series([row.get(key) for row in rows], dtype=pl.String)
        return Batch(pl.DataFrame(data), refused, passed + len(lines))

    def _check(self, number: int, line: str) -> dict[str, str | None] | RefusedRow:
        longest = self.limits.max_cell
        record = parse_line(line)
        if isinstance(record, str):
            damage = find_damage(Record([line], -1, 0), longest=len(line))
            reason, value = (damage.reason, damage.value) if damage else ("not_json", record)
            return RefusedRow(number, reason, "", value, self._expected(reason), line=clean(line, longest=longest))
        is_known = record.keys() <= self._known
        if is_known and not self._is_odd(line):
            return record
        cells = [cell or "" for cell in record.values()]
        damage = find_damage(Record(cells, -1, 0), longest=longest)
        if damage is None and is_known:
            return record
        shown = tuple(clean(record.get(key) or "", longest=longest) for key in self.keys)
        if damage is None:
            unknown = next(key for key in record if key not in self._known)
            return RefusedRow(number, "unknown_key", clean(unknown, longest=longest), "", "", shown)
        column = clean(list(record)[damage.cell], longest=longest)
        return RefusedRow(number, damage.reason, column, damage.value, self._expected(damage.reason), shown)

    def _is_odd(self, line: str) -> bool:
        return len(line) > self.limits.max_cell or "\\u0000" in line or any(mark in line for mark in MARKS)

    def _expected(self, reason: str) -> str:
        return str(self.limits.max_cell) if reason == "cell_too_long" else self.encoding

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.keys)


MARKS = ("\0", "\ufdd0", LEFT_OUT)
