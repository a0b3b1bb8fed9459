"""What exactly is hashed and signed: lines of text, so that anybody can read what they check.

A leaf is the RFC 6962 leaf hash of `leaf_text`: a first line that names the format, the entry's position, its fields
one a line in the order of `FIELDS`, and the commitment to its texts. The number of lines is fixed and every field makes
at least one, so no two entries have the same text. A commitment is the root of a small tree with a leaf for each text,
the hash of salt and text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from zhike.audit.tree import root_of

ENTRY_FORMAT = "zhike audit entry 1"
HEAD_FORMAT = "zhike audit head 1"
FIELDS = (
    "id",
    "at",
    "xid",
    "actor",
    "origin",
    "request",
    "action",
    "table",
    "rows",
    "ids",
    "subject",
    "subject ids",
    "fields",
    "texts",
)
# The fields of an entry `e` as text, whatever the session's settings.
LINES = """concat_ws(E'\\n', e.id, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.xid,
    coalesce(e.actor_id::text, ''), e.origin, e.request, e.action, e.table_name, e.row_count, e.ids, e.subject,
    coalesce(e.subject_ids::text, ''), coalesce(e.fields::text, ''), e.text_count)"""
NOTHING = bytes(32)  # the commitment of an entry whose payload was gone before it was sealed

type Texts = Sequence[str | None]


def leaf_text(*, position: int, lines: str, commitment: bytes) -> str:
    return f"{ENTRY_FORMAT}\n{position}\n{lines}\n{commitment.hex()}"


def salt_of(seed: bytes, place: int) -> bytes:
    """The salt of the text at `place`, from 0."""
    return sha256(seed + place.to_bytes(4, "big")).digest()


def text_hashes(
    texts: Texts, *, seed: bytes | None, salts: Sequence[bytes | None] | None, hashes: Sequence[bytes | None] | None
) -> list[bytes]:
    """The leaf of each text; of an erased one, what it was before.

    seed: where nothing was erased yet; salts and hashes otherwise.
    """
    if seed is not None:
        return [
            sha256(b"\x00" + sha256(seed + place.to_bytes(4, "big")).digest() + (text or "").encode()).digest()
            for place, text in enumerate(texts)
        ]
    found = []
    for place, text in enumerate(texts):
        salt = salts[place] if salts else None
        kept = hashes[place] if hashes else None
        if text is not None and salt is not None:
            found.append(sha256(b"\x00" + salt + text.encode()).digest())
        else:
            found.append(kept or NOTHING)
    return found


def commitment_of(
    texts: Texts | None,
    *,
    seed: bytes | None,
    salts: Sequence[bytes | None] | None,
    hashes: Sequence[bytes | None] | None,
) -> bytes:
    if texts is None:
        return NOTHING
    return root_of(text_hashes(texts, seed=seed, salts=salts, hashes=hashes))


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What a head says. key: the public key that signs it, hexadecimal. previous: digest of the statement before."""

    key: str
    number: int
    size: int
    root: str
    sealed_at: str
    previous: str

    def text(self) -> str:
        fields = (self.key, self.number, self.size, self.root, self.sealed_at, self.previous)
        return "\n".join([HEAD_FORMAT, *map(str, fields)])

    @classmethod
    def parse(cls, text: str) -> "Statement":
        """:raises ValueError: it is none"""
        name, key, number, size, root, sealed_at, previous = text.split("\n")
        if name != HEAD_FORMAT:
            raise ValueError(name)
        return cls(key=key, number=int(number), size=int(size), root=root, sealed_at=sealed_at, previous=previous)


NO_PREVIOUS = "0" * 64


def digest_of(statement: str) -> str:
    return sha256(statement.encode()).hexdigest()


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
