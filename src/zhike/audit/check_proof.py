#!/usr/bin/env python3
"""Checks a proof of `zhike audit prove` with nothing but Python: python3 check_proof.py PROOF.json [--key HEX].

The proof holds what an entry says, its way through the tree, and a signed head. What it shows: the entry was in the
history, at that position and with that content, when the head was signed. Compare the key and the head with ones that
you were given earlier: who can sign can also sign another history. Exit code 0: the proof holds; 1: it does not.
"""

import argparse
import json
import sys
from hashlib import sha256, sha512
from typing import Any

Point = tuple[int, int, int, int]

# Ed25519 as in RFC 8032: the curve -x² + y² = 1 + d·x²·y² over the field of P elements, points as (X, Y, Z, T).
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(factor: int, point: Point) -> Point:
    result: Point = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            result = add(result, point)
        point, factor = add(point, point), factor >> 1
    return result


def are_equal(p: Point, q: Point) -> bool:
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def decompress(data: bytes) -> "Point | None":
    """The point, or None where the bytes are none."""
    if len(data) != 32:
        return None
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        return None
    squared = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(squared, (P + 3) // 8, P)
    if (x * x - squared) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - squared) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE_Y = 4 * pow(5, -1, P) % P
BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """RFC 8032, 5.1.7: [S]B = R + [k]A."""
    public, point = decompress(key), decompress(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if public is None or point is None or len(signature) != 64 or scalar >= ORDER:
        return False
    challenge = int.from_bytes(sha512(signature[:32] + key + message).digest(), "little") % ORDER
    return are_equal(multiply(scalar, BASE), add(point, multiply(challenge, public)))


def climb(leaf: bytes, place: int, size: int, path: "list[str]") -> "bytes | None":
    """The root that a leaf and its path lead to (RFC 6962); None where the path has another length than it must."""
    last, steps = size - 1, [bytes.fromhex(step) for step in path]
    if not 0 <= place <= last:
        return None
    while last:
        if place & 1 or place < last:
            if not steps:
                return None
            beside = steps.pop(0)
            leaf = sha256(b"\x01" + (beside + leaf if place & 1 else leaf + beside)).digest()
        place, last = place >> 1, last >> 1
    return None if steps else leaf


def check(proof: Any, key: str = "") -> "dict[str, Any]":
    """What the proof shows, as a dictionary; raises ValueError with what does not hold."""
    if proof["format"] != "zhike audit proof 1":
        raise ValueError("this is another format")
    name, signer, number, size, root, sealed_at, _previous = proof["head"]["statement"].split("\n")
    if name != "zhike audit head 1":
        raise ValueError("the head is another format")
    if key and key != signer:
        raise ValueError("the head is signed by another key: " + signer)
    message, signature = proof["head"]["statement"].encode(), bytes.fromhex(proof["head"]["signature"])
    if not is_signed(bytes.fromhex(signer), message, signature):
        raise ValueError("the signature of the head does not hold")
    entry, row = proof["entry"], proof.get("row")
    if row:
        leaf = sha256(b"\x00" + bytes.fromhex(row["salt"]) + row["text"].encode()).digest()
        reached = climb(leaf, row["place"], row["count"], row["path"])
        if reached is None or reached.hex() != entry["commitment"]:
            raise ValueError("the row is not what the entry commits to")
    text = "\n".join(["zhike audit entry 1", str(entry["position"]), entry["lines"], entry["commitment"]])
    reached = climb(sha256(b"\x00" + text.encode()).digest(), entry["position"], int(size), proof["path"])
    if reached is None or reached.hex() != root:
        raise ValueError("the entry is not in the tree of this head")
    fields = entry["lines"].split("\n")
    names = ("entry", "at", "transaction", "user", "origin", "request", "action", "table", "rows")
    return {
        **dict(zip(names, fields, strict=False)),
        "text": row["text"] if row else None,
        "head": int(number),
        "entries": int(size),
        "root": root,
        "sealed_at": sealed_at,
        "key": signer,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Check a proof of zhike audit prove.")
    parser.add_argument("proof", help="file, or - for standard input")
    parser.add_argument("--key", default="", help="the public key that must have signed, hexadecimal")
    options = parser.parse_args()
    try:
        with sys.stdin if options.proof == "-" else open(options.proof, encoding="utf-8") as file:
            shown = check(json.load(file), options.key)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        sys.stdout.write(f"The proof does NOT hold: {problem}\n")
        return 1
    sys.stdout.write("The proof holds.\n")
    for name, value in shown.items():
        sys.stdout.write(f"  {name}: {value}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
