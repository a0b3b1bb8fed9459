"""The sealer: new entries become leaves, and a signed head covers them.

A marker in `audit_unsealed`, written in the transaction of its entry, says what is new. So an entry is sealed once it
is committed, however long other transactions last; none can be missed, whichever order they commit in, and writers
wait for nobody: only sealers wait for one another. Of two entries about one row the later has the higher number, since
its writer waited for the row; so numbers are the order within a batch.
"""

import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, transaction

from zhike.audit import keys
from zhike.audit.canonical import LINES, NO_PREVIOUS, Statement, commitment_of, digest_of, leaf_text, moment
from zhike.audit.published import head_json
from zhike.audit.tree import Edge, leaf_hash

OWNER = "owner"
LOCK = 0x7A6B_6175  # one sealer at a time
BATCH = 10_000
TEXTS = 100_000  # of one batch, so that it fits into memory
FILE = "audit-heads.jsonl"


class TreeBroken(Exception):
    """The last head is not what we signed: nothing is sealed on top of it before somebody has looked."""


@dataclass
class Sealed:
    """What one run did."""

    entries: int = 0
    texts: int = 0
    heads: list[tuple[str, bytes]] = field(default_factory=list)


def seal_all(*, at: datetime) -> Sealed:
    """Seal what is committed, batch by batch, each with a head of its own.

    :raises TreeBroken: the last head was tampered with
    """
    done = Sealed()
    while _seal_batch(done, at):
        pass
    publish(done.heads)
    return done


def publish(heads: list[tuple[str, bytes]]) -> None:
    """Append heads to the file that somebody carries away: one JSON object a line."""
    if not heads:
        return
    with heads_file().open("a", encoding="utf-8") as file:
        for statement, signature in heads:
            file.write(head_json(statement, signature) + "\n")


def heads_file() -> Path:
    named = os.environ.get("ZHIKE_AUDIT_HEADS")
    return Path(named) if named else Path(settings.HOME.path) / FILE


def _seal_batch(done: Sealed, at: datetime) -> bool:
    """One batch in one transaction; whether there may be more."""
    with transaction.atomic(using=OWNER):
        connection = owner_connection()
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        prefer_indexes(connection)
        taken = _take(connection)
        if not taken:
            return False
        number, edge, previous = _last_head(connection)
        rows = _read(connection, taken)
        with connection.cursor().copy("COPY audit_leaf (position, entry_id, at, commitment, leaf) FROM STDIN") as copy:
            for position, (entry_id, made_at, lines, texts, seed, salts, hashes) in enumerate(rows, edge.size):
                commitment = commitment_of(texts, seed=seed, salts=salts, hashes=hashes)
                leaf = leaf_hash(leaf_text(position=position, lines=lines, commitment=commitment).encode())
                edge.add(leaf)
                copy.write(f"{position}\t{entry_id}\t{made_at}\t\\\\x{commitment.hex()}\t\\\\x{leaf.hex()}\n")
                done.texts += len(texts or ())
        done.heads.append(_sign(connection, number + 1, edge, previous, at))
        done.entries += len(taken)
        connection.execute("DELETE FROM audit_unsealed WHERE entry_id = ANY(%s)", [[one[0] for one in taken]])
    return True


def _take(connection: "psycopg.Connection[Any]") -> list[tuple[int, datetime]]:
    """The first unsealed entries, as many as fit into memory; a marker without its entry stays for `verify` to find."""
    found = connection.execute(
        "SELECT u.entry_id, u.at, e.text_count FROM audit_unsealed AS u"
        " JOIN audit_entry AS e ON e.id = u.entry_id AND e.at = u.at ORDER BY u.entry_id LIMIT %s",
        [BATCH],
    )
    taken: list[tuple[int, datetime]] = []
    texts = 0
    for entry_id, at, text_count in found:
        texts += text_count
        if taken and texts > TEXTS:
            break
        taken.append((entry_id, at))
    return taken


def _read(connection: "psycopg.Connection[Any]", taken: list[tuple[int, datetime]]) -> list[tuple[Any, ...]]:
    times = [at for _entry_id, at in taken]
    return (
        binary_cursor(connection)
        .execute(
            f"""
        SELECT e.id, e.at::text, {LINES}, p.texts, p.seed, p.salts, p.hashes
        FROM audit_entry AS e LEFT JOIN audit_payload AS p ON p.entry_id = e.id AND p.at = e.at
        WHERE e.id = ANY(%(ids)s) AND e.at BETWEEN %(first)s AND %(last)s ORDER BY e.id
        """,  # noqa: S608
            {"ids": [entry_id for entry_id, _at in taken], "first": min(times), "last": max(times)},
            binary=True,
        )
        .fetchall()
    )


def _last_head(connection: "psycopg.Connection[Any]") -> tuple[int, Edge, str]:
    row = connection.execute(
        "SELECT number, size, root, edge, statement, signature FROM audit_head ORDER BY number DESC LIMIT 1"
    ).fetchone()
    if row is None:
        return 0, Edge(), NO_PREVIOUS
    number, size, root, nodes, statement, signature = row
    edge = Edge(size, list(nodes))
    said = Statement.parse(statement)
    is_ours = keys.is_signed(statement, signature=signature, key=said.key)
    if not is_ours or (said.number, said.size, said.root) != (number, size, root.hex()) or edge.root() != root:
        raise TreeBroken(number)
    return number, edge, digest_of(statement)


def _sign(
    connection: "psycopg.Connection[Any]", number: int, edge: Edge, previous: str, at: datetime
) -> tuple[str, bytes]:
    root = edge.root()
    statement = Statement(
        key=keys.public_key(),
        number=number,
        size=edge.size,
        root=root.hex(),
        sealed_at=moment(at),
        previous=previous,
    ).text()
    signature = keys.signing_key().sign(statement.encode())
    connection.execute(
        "INSERT INTO audit_head (number, size, root, edge, sealed_at, statement, signature)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [number, edge.size, root, edge.nodes, at, statement, signature],
    )
    return statement, signature


def owner_connection() -> "psycopg.Connection[Any]":
    """As the owner of the tables: the application's role may only read them."""
    return _connection(OWNER)


def reading_connection() -> "psycopg.Connection[Any]":
    """As the application, which may read everything of the history."""
    return _connection(DEFAULT_DB_ALIAS)


def _connection(alias: str) -> "psycopg.Connection[Any]":
    wrapper: Any = connections[alias]
    wrapper.ensure_connection()
    wrapper.tell_who_acts()
    found: psycopg.Connection[Any] = wrapper.connection
    return found


def binary_cursor(connection: "psycopg.Connection[Any]") -> "psycopg.Cursor[Any]":
    """One that takes results in binary, unlike those that Django asks for: arrays arrive several times faster."""
    return psycopg.Cursor(connection)


def prefer_indexes(connection: "psycopg.Connection[Any]", *, is_on: bool = True) -> None:
    """For the rest of the transaction: after an import the tables are far larger than their statistics say."""
    for setting in ("enable_hashjoin", "enable_mergejoin", "enable_seqscan"):
        connection.execute(f"SET LOCAL {setting} = {'off' if is_on else 'on'}")
