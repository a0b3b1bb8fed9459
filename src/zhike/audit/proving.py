"""Proofs that an entry, or a row of it, is in the tree, and that a tree grew out of another; `check_proof.py` checks
them without us."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from zhike.audit.canonical import LINES, text_hashes
from zhike.audit.paths import path_between, path_in
from zhike.audit.sealing import reading_connection
from zhike.audit.tree import path_of
from zhike.core.errors import DomainError

FORMAT = "zhike audit proof 1"
CONSISTENCY = "zhike audit consistency 1"


class EntryNotSealed(DomainError):
    """No head covers the entry, or there is none of this number."""

    code = "entry_not_sealed"
    status = 404

    def __init__(self, entry_id: int) -> None:
        super().__init__(_("No signed head covers entry %(entry)s.") % {"entry": entry_id})


class HeadNotThere(DomainError):
    """There is no head of this number, or it is older than the one that it shall go on from."""

    code = "head_not_there"
    status = 404

    def __init__(self) -> None:
        super().__init__(_("There are no such heads, or the second one is older than the first."))


class RowNotThere(DomainError):
    code = "row_not_there"
    status = 404

    def __init__(self) -> None:
        super().__init__(_("The entry holds nothing about this row, or it was erased."))


def prove(
    *, entry_id: int, row_id: int | None = None, head_number: int | None = None, with_text: bool = True
) -> dict[str, Any]:
    """Everything a stranger needs to check the entry against a head.

    row_id: of an entry about many rows, the one whose text is shown; the others stay hidden behind their hashes. An
    entry about one row shows it. head_number: the head that the stranger has; the latest where it is left out.
    with_text: false for those who may know that there is such an entry, and not what it says.

    :raises EntryNotSealed: there is nothing to prove yet, or that head is older than the entry
    :raises RowNotThere: the row's text is not there
    """
    connection = reading_connection()
    row = connection.execute(
        f"""
        SELECT l.position, l.commitment, {LINES}, e.ids, e.row_count, p.texts, p.seed, p.salts, p.hashes
        FROM audit_leaf AS l JOIN audit_entry AS e ON e.id = l.entry_id AND e.at = l.at
        LEFT JOIN audit_payload AS p ON p.entry_id = e.id AND p.at = e.at WHERE l.entry_id = %s
        """,  # noqa: S608
        [entry_id],
    ).fetchone()
    head = connection.execute(
        "SELECT size, statement, signature FROM audit_head WHERE number = coalesce(%s, (SELECT max(number) FROM"
        " audit_head))",
        [head_number],
    ).fetchone()
    if row is None or head is None or row[0] >= head[0]:
        raise EntryNotSealed(entry_id)
    position, commitment, lines, ids, row_count, texts, seed, salts, hashes = row
    proof = {
        "format": FORMAT,
        "entry": {"position": position, "lines": lines, "commitment": commitment.hex()},
        "path": [node.hex() for node in path_in(connection, position=position, size=head[0])],
        "head": _head(head),
    }
    if not with_text:
        return proof
    place = 0 if row_id is None else ids.index(row_id) if row_id in ids else -1
    if row_id is None and row_count > 1:
        return proof
    if place < 0 or texts is None or place >= len(texts) or texts[place] is None:
        if row_id is None:
            return proof
        raise RowNotThere
    return proof | {"row": _row_proof(place, texts, seed, salts, hashes)}


def prove_consistency(*, old_number: int, new_number: int | None = None) -> dict[str, Any]:
    """Everything a stranger needs to check that the history of one head goes on from that of an older one.

    Nothing that the older one covers was changed then, taken out, or put in between.

    new_number: the latest where it is left out.

    :raises HeadNotThere: one of them is not there, or the new one is the older
    """
    connection = reading_connection()
    found = connection.execute(
        "SELECT number, size, statement, signature FROM audit_head WHERE number = %(old)s"
        " OR number = coalesce(%(new)s, (SELECT max(number) FROM audit_head)) ORDER BY number",
        {"old": old_number, "new": new_number},
    ).fetchall()
    if not found or found[0][0] != old_number or new_number not in (None, found[-1][0]):
        raise HeadNotThere
    old, new = found[0][1:], found[-1][1:]
    return {
        "format": CONSISTENCY,
        "old": _head(old),
        "path": [node.hex() for node in path_between(connection, old=old[0], new=new[0])],
        "head": _head(new),
    }


def _head(row: Any) -> dict[str, str]:
    _size, statement, signature = row
    return {"statement": statement, "signature": signature.hex()}


def _row_proof(place: int, texts: list[str | None], seed: bytes | None, salts: Any, hashes: Any) -> dict[str, Any]:
    from zhike.audit.canonical import salt_of

    salt = salt_of(seed, place) if seed is not None else salts[place]
    path = path_of(text_hashes(texts, seed=seed, salts=salts, hashes=hashes), place)
    return {
        "place": place,
        "count": len(texts),
        "text": texts[place],
        "salt": salt.hex(),
        "path": [node.hex() for node in path],
    }
