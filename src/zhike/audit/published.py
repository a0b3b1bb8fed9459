"""Signed heads as they are carried away, and read again: a line of JSON each, a saved mail, or an answer of the API."""

import email
import email.policy
import json
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

JSON = "application/json"


def head_json(statement: str, signature: bytes) -> str:
    """One head as everybody gets it; `read_heads` reads it again."""
    return json.dumps({"statement": statement, "signature": signature.hex()})


def read_heads(file: Path) -> list[tuple[str, bytes]]:
    """Statements and signatures in a file: lines of JSON, one JSON text, proofs, or a mail with heads attached.

    :raises ValueError: there are none
    :raises KeyError: it is JSON of something else
    """
    found = [
        (str(head["statement"]), bytes.fromhex(head["signature"]))
        for said in _texts(file.read_bytes())
        for head in _heads_in(said)
    ]
    if not found:
        raise ValueError(file.name)
    return found


def _texts(content: bytes) -> Iterator[Any]:
    text = content.decode("utf-8", errors="replace").strip()
    if text[:1] not in ("{", "["):
        for part in _attached(content):
            yield from _texts(part)
        return
    try:
        yield json.loads(text)
    except ValueError:
        yield from (json.loads(line) for line in text.splitlines() if line.strip())


def _heads_in(said: Any) -> Iterator[Any]:
    if isinstance(said, list):
        yield from said
    elif "items" in said:
        yield from said["items"]
    else:
        yield said.get("head", said)


def _attached(content: bytes) -> Iterator[bytes]:
    mail = email.message_from_bytes(content, policy=email.policy.default)
    if isinstance(mail, EmailMessage):
        for part in mail.iter_attachments():
            if part.get_content_type() == JSON:
                payload = part.get_payload(decode=True)
                yield payload if isinstance(payload, bytes) else b""
