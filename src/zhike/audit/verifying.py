"""Does the history still say what was sealed? Everything is computed anew from entries and payloads."""

import json
import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg

from zhike.audit import keys
from zhike.audit.canonical import ENTRY_FORMAT, LINES, NO_PREVIOUS, Statement, commitment_of, digest_of
from zhike.audit.keeping import ended_ranges
from zhike.audit.published import read_heads
from zhike.audit.sealing import binary_cursor, owner_connection, prefer_indexes
from zhike.audit.tree import Edge
from zhike.audit.triggers import TRANSITIONS, list_captures

BATCH = 4096
INLINE = 8  # texts of an entry that come with it; more are fetched entry by entry
MOST_NAMED = 1000
GONE = "the entry is gone, or its time was changed"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something that is not as it was sealed. entry, position: where, as far as it is known.

    kind: "changed" · "missing" · "inserted" · "payload" · "order" · "head" · "published" · "capture".
    """

    kind: str
    detail: str
    entry: int | None = None
    position: int | None = None


@dataclass
class Report:
    """entries and texts: those that a head covers. erased: texts that an erasure took away. ended: entries of months
    that are not kept any more."""

    entries: int = 0
    ended: int = 0
    texts: int = 0
    erased: int = 0
    unsealed: int = 0
    heads: int = 0
    root: str = ""
    key: str = ""
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0

    @property
    def is_sound(self) -> bool:
        return self.problem_count == 0

    def found(self, kind: str, detail: str, *, entry: int | None = None, position: int | None = None) -> None:
        self.problem_count += 1
        if len(self.problems) < MOST_NAMED:
            self.problems.append(Problem(kind=kind, detail=detail, entry=entry, position=position))


def verify(*, against: Path | None = None) -> Report:
    """Check every entry, leaf, head and signature, and the published heads in the file `against`.

    :raises ValueError: the file holds no heads
    """
    published = read_heads(against) if against else []
    connection = owner_connection()
    report = Report(key=keys.public_key())
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        prefer_indexes(connection)
        heads = _Heads(connection, report)
        heads.expect(published)
        walk = _Walk(connection, report)
        edge = Edge()
        for position, leaf in walk.leaves():
            while edge.size < position:
                report.found("missing", "the tree has no leaf here", position=edge.size)
                edge.add(bytes(32))
            edge.add(leaf)
            if edge.size in heads.sizes:
                heads.reached(edge)
        heads.finish(edge)
        walk.finish()
        prefer_indexes(connection, is_on=False)
        _check_strays(connection, report)
        _check_capture(connection, report)
    report.root = edge.root().hex()
    return report


class _Heads:
    """The chain of heads, and what each says the tree was."""

    def __init__(self, connection: "psycopg.Connection[Any]", report: Report) -> None:
        self.report = report
        self.sizes: dict[int, list[tuple[str, str]]] = defaultdict(list)
        self.last_good = 0
        previous, number, self.size = NO_PREVIOUS, 0, 0
        rows = connection.execute("SELECT number, size, root, statement, signature FROM audit_head ORDER BY number")
        for found, size, root, text, signature in rows:
            number += 1
            said = self._read(text, signature, f"head {found}")
            if said is None:
                continue
            if found != number or said.previous != previous or said.size < self.size:
                report.found("head", f"head {found} does not follow the one before")
                number = found
            if (said.number, said.size, said.root) != (found, size, root.hex()):
                report.found("head", f"head {found} was changed")
            self.sizes[said.size].append((f"head {found}", said.root))
            previous, self.size = digest_of(text), said.size
            report.heads += 1

    def expect(self, published: list[tuple[str, bytes]]) -> None:
        for text, signature in published:
            said = self._read(text, signature, "a published head")
            if said is not None:
                self.sizes[said.size].append((f"published head {said.number}", said.root))

    def reached(self, edge: Edge) -> None:
        root = edge.root().hex()
        for name, expected in self.sizes.pop(edge.size):
            if root == expected:
                self.last_good = edge.size
            else:
                detail = f"{name} does not match: something between {self.last_good} and {edge.size} was changed"
                self.report.found("published" if name.startswith("published") else "head", detail)

    def finish(self, edge: Edge) -> None:
        for size, missed in sorted(self.sizes.items()):
            for name, root in missed:
                if size == 0 and root == Edge().root().hex():
                    continue
                kind = "published" if name.startswith("published") else "head"
                self.report.found(kind, f"{name} covers {size} entries, the tree holds {edge.size}: its tail was cut")
        if edge.size > self.size:
            self.report.found("inserted", f"leaves from {self.size} on are covered by no head", position=self.size)

    def _read(self, text: str, signature: bytes, name: str) -> Statement | None:
        try:
            said = Statement.parse(text)
        except ValueError:
            self.report.found("head", f"{name} is no statement")
            return None
        if not keys.is_signed(text, signature=signature, key=said.key):
            self.report.found("head", f"{name} is not signed by the key that it names")
        elif said.key != self.report.key:
            self.report.found("head", f"{name} is signed by another key: {said.key}")
        return said


class _Walk:
    """Every leaf with its entry and payload, in the tree's order."""

    def __init__(self, connection: "psycopg.Connection[Any]", report: Report) -> None:
        self.connection = connection
        self.report = report
        self.absent: dict[int, set[int]] = {}
        self.erased: dict[int, set[int]] = defaultdict(set)
        self.ended = ended_ranges(connection, report.found)

    def leaves(self) -> Iterator[tuple[int, bytes]]:
        report = self.report
        for rows in self._batches():
            for row in rows:
                position, entry, kept, kept_commitment, lines, count, action, texts, seed, salts, hashes = row
                if lines is None:
                    if self._has_ended(position):
                        report.ended += 1
                    else:
                        report.found("missing", GONE, entry=entry, position=position)
                    yield position, kept
                    continue
                if count > INLINE:
                    texts = self._texts(entry)
                if texts is None or len(texts) != count:
                    report.found("payload", "the payload is gone or has another length", entry=entry, position=position)
                    commitment = kept_commitment
                elif count == 1 and seed is not None and texts[0] is not None:
                    salt = sha256(seed + b"\0\0\0\0").digest()
                    commitment = sha256(b"\0" + salt + texts[0].encode()).digest()
                else:
                    commitment = commitment_of(texts, seed=seed, salts=salts, hashes=hashes)
                    self._note_absent(entry, texts)
                if action == "erase" and texts:
                    self._note_erasure(texts[0])
                if commitment != kept_commitment:
                    report.found("payload", "the payload is not what was sealed", entry=entry, position=position)
                text = f"{ENTRY_FORMAT}\n{position}\n{lines}\n{commitment.hex()}"
                leaf = sha256(b"\0" + text.encode()).digest()
                if leaf != kept and commitment == kept_commitment:
                    report.found("changed", "the entry is not what was sealed", entry=entry, position=position)
                report.entries += 1
                report.texts += count
                yield position, leaf

    def _has_ended(self, position: int) -> bool:
        place = bisect_right(self.ended, (position, sys.maxsize)) - 1
        return place >= 0 and self.ended[place][0] <= position <= self.ended[place][1]

    def finish(self) -> None:
        """Only an erasure that is on record explains why a text is gone."""
        for text in self.connection.execute(
            "SELECT p.texts[1] FROM audit_unsealed AS u JOIN audit_entry AS e ON e.id = u.entry_id AND e.at = u.at"
            " JOIN audit_payload AS p ON p.entry_id = e.id AND p.at = e.at WHERE e.action = 'erase'"
        ):
            self._note_erasure(text[0])
        for entry, places in self.absent.items():
            self.report.erased += len(places)
            if places - self.erased[entry]:
                self.report.found("payload", "texts are gone that no erasure took away", entry=entry)

    def _batches(self) -> Iterator[list[tuple[Any, ...]]]:
        """Batch after batch; the database gathers the next one while this one is hashed."""
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="audit-verify") as pool:
            following = pool.submit(self._batch, 0)
            while rows := following.result():
                following = pool.submit(self._batch, rows[-1][0] + 1)
                yield rows

    def _batch(self, position: int) -> list[tuple[Any, ...]]:
        return (
            binary_cursor(self.connection)
            .execute(
                f"""
            SELECT l.position, l.entry_id, l.leaf, l.commitment, CASE WHEN e.id IS NULL THEN NULL ELSE {LINES} END,
                e.text_count, e.action, CASE WHEN e.text_count <= %(inline)s THEN p.texts END, p.seed, p.salts,
                p.hashes
            FROM audit_leaf AS l
            LEFT JOIN audit_entry AS e ON e.id = l.entry_id AND e.at = l.at
            LEFT JOIN audit_payload AS p ON p.entry_id = l.entry_id AND p.at = l.at
            WHERE l.position >= %(position)s ORDER BY l.position LIMIT %(batch)s
            """,  # noqa: S608
                {"position": position, "batch": BATCH, "inline": INLINE},
                binary=True,
            )
            .fetchall()
        )

    def _texts(self, entry: int) -> list[str | None] | None:
        query = "SELECT texts FROM audit_payload WHERE entry_id = %s"
        row = binary_cursor(self.connection).execute(query, [entry], binary=True).fetchone()
        return row[0] if row else None

    def _note_absent(self, entry: int, texts: list[str | None]) -> None:
        absent = {place for place, text in enumerate(texts, 1) if text is None}
        if absent:
            self.absent[entry] = absent

    def _note_erasure(self, text: str) -> None:
        said = json.loads(text)
        self.erased[said["entry"]].update(said["texts"])


def _check_strays(connection: "psycopg.Connection[Any]", report: Report) -> None:
    """What no leaf covers: announced to the sealer, or slipped in."""
    row = connection.execute("SELECT count(*) FROM audit_unsealed").fetchone()
    report.unsealed = row[0] if row else 0
    for query, kind, detail in (
        (
            "SELECT e.id FROM audit_entry AS e LEFT JOIN audit_leaf AS l ON l.entry_id = e.id AND l.at = e.at"
            " LEFT JOIN audit_unsealed AS u ON u.entry_id = e.id"
            " WHERE l.entry_id IS NULL AND u.entry_id IS NULL ORDER BY 1 LIMIT 1000",
            "inserted",
            "the entry is in no tree and was never announced to the sealer",
        ),
        (
            "SELECT p.entry_id FROM audit_payload AS p LEFT JOIN audit_entry AS e ON e.id = p.entry_id AND e.at = p.at"
            " WHERE e.id IS NULL ORDER BY 1 LIMIT 1000",
            "inserted",
            "a payload without an entry",
        ),
        (
            "SELECT u.entry_id FROM audit_unsealed AS u"
            " LEFT JOIN audit_entry AS e ON e.id = u.entry_id AND e.at = u.at WHERE e.id IS NULL ORDER BY 1 LIMIT 1000",
            "missing",
            "the entry was announced to the sealer and is gone",
        ),
        (
            "SELECT u.entry_id FROM audit_unsealed AS u JOIN audit_leaf AS l ON l.entry_id = u.entry_id"
            " ORDER BY 1 LIMIT 1000",
            "order",
            "the entry is announced to the sealer although it is sealed",
        ),
    ):
        for (entry,) in connection.execute(query):
            report.found(kind, detail, entry=entry)


def _check_capture(connection: "psycopg.Connection[Any]", report: Report) -> None:
    """Whether every table that is to be captured is, now."""
    rows = connection.execute(
        "SELECT tgrelid::regclass::text, tgname::text FROM pg_trigger"
        " WHERE starts_with(tgname, 'audit_') AND tgenabled IN ('O', 'A')"
    )
    present = {(str(table), str(name)) for table, name in rows}
    for capture in list_captures():
        for event in TRANSITIONS:
            if (capture.table, f"audit_{event}") not in present:
                report.found("capture", f"{event} on {capture.table} is not captured: the trigger is off or gone")
