"""Whom a restored backup has to forget again: keyed hashes, in the table of erasures and in a file that only grows.

A backup cannot be edited. So the file lies beside the database, is no part of what a restore puts back, and is
replayed before a restored instance opens. Without the key, which is a secret of the home, the hashes cannot be tried.
"""

import hmac
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from zhike.customers.models import Customer, Identifier
from zhike.runtime.locks import exclusive

SECRET = "erasures"  # noqa: S105
FORMAT = 1
FOLDER, NAME = "erasures", "ledger.jsonl"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One erasure: when, and whom."""

    reference: str
    erased_at: datetime
    person: str
    identifiers: tuple[str, ...]

    def to_json(self) -> str:
        return json.dumps(
            {
                "format": FORMAT,
                "reference": self.reference,
                "erased_at": self.erased_at.isoformat(),
                "person": self.person,
                "identifiers": list(self.identifiers),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "Line":
        """:raises ValueError: it is no line of a ledger"""
        try:
            known: dict[str, Any] = json.loads(text)
            if known["format"] != FORMAT:
                raise ValueError(known["format"])
            return cls(
                reference=known["reference"],
                erased_at=datetime.fromisoformat(known["erased_at"]),
                person=known["person"],
                identifiers=tuple(known["identifiers"]),
            )
        except (KeyError, TypeError) as problem:
            raise ValueError(text[:80]) from problem


def key() -> bytes:
    return str(settings.HOME.secret(SECRET)).encode()


def hash_person(customer: Customer, *, key: bytes) -> str:
    """Number and moment of creation: a number alone may be given out again after a restore."""
    return _hash(key, "customer", str(customer.pk), customer.created_at.isoformat())


def hash_identifier(kind: str, system: str, value_normal: str, *, key: bytes) -> str:
    return _hash(key, "identifier", kind, system, value_normal)


def hash_of(one: Identifier, *, key: bytes) -> str:
    return hash_identifier(one.kind, one.system, one.value_normal, key=key)


def _hash(key: bytes, *parts: str) -> str:
    return hmac.digest(key, "\0".join(parts).encode(), "sha256").hex()


def path() -> Path:
    return Path(settings.HOME.path) / FOLDER / NAME


def append(lines: list[Line]) -> None:
    """Write the lines and wait until they are on disk."""
    target = path()
    target.parent.mkdir(mode=0o700, exist_ok=True)
    with exclusive(target.parent / "lock"), target.open("a", encoding="utf-8") as file:
        target.chmod(0o600)
        file.writelines(line.to_json() + "\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())


def read(source: Path) -> Iterator[Line]:
    """The lines of a ledger; nothing where there is none. The last one may have been cut off by a crash.

    :raises ValueError: another line is no line of a ledger
    """
    if not source.exists():
        return
    lines = source.read_text(encoding="utf-8").split("\n")
    for line in lines[:-1]:
        yield Line.from_json(line)
