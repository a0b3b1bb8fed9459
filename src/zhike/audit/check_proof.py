#!/usr/bin/env python3
"""Checks a proof of `zhike audit prove` with nothing but Python: python3 check_proof.py PROOF.json [--key HEX]
[--kept FILE].

A proof of an entry holds what it says, its way through the tree, and a signed head. What it shows: the entry was in the
history, at that position and with that content, when the head was signed. A proof of consistency holds two signed heads
and the hashes between their trees. What it shows: nothing that the older head covers was changed, taken out or put in
between until the newer one was signed.
Compare the key and the heads with ones that you were given earlier (--kept: a file with heads, as which the proof must
name them): who can sign can also sign another history. Exit code 0: the proof holds; 1: it does not.
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


def grow(path: "list[str]", old_size: int, new_size: int, old_root: str) -> "tuple[str, str] | None":
    """Both roots that a proof of consistency leads to (RFC 9162, 2.1.4.2); None where it has not the right length."""
    steps = [bytes.fromhex(step) for step in path]
    if not 0 < old_size <= new_size:
        return None
    if old_size == new_size:
        return None if steps else (old_root, old_root)
    if old_size & (old_size - 1) == 0:
        steps.insert(0, bytes.fromhex(old_root))
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    if not steps:
        return None
    old = new = steps.pop(0)
    for beside in steps:
        if not last:
            return None
        if place & 1 or place == last:
            old, new = sha256(b"\x01" + beside + old).digest(), sha256(b"\x01" + beside + new).digest()
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            new = sha256(b"\x01" + new + beside).digest()
        place, last = place >> 1, last >> 1
    return None if last else (old.hex(), new.hex())


def read_head(head: Any, key: str, kept: "tuple[str, ...]") -> "dict[str, Any]":
    """What a signed head says; raises ValueError where it is not what it must be. kept: statements known before."""
    name, signer, number, size, root, sealed_at, _previous = head["statement"].split("\n")
    if name != "zhike audit head 1":
        raise ValueError("the head is another format")
    if key and key != signer:
        raise ValueError("the head is signed by another key: " + signer)
    if not is_signed(bytes.fromhex(signer), head["statement"].encode(), bytes.fromhex(head["signature"])):
        raise ValueError("the signature of the head does not hold")
    if any(one != head["statement"] and one.split("\n")[2:3] == [number] for one in kept):
        raise ValueError("you kept another head " + number)
    return {"number": int(number), "size": int(size), "root": root, "sealed_at": sealed_at, "key": signer}


def check(proof: Any, key: str = "", kept: "tuple[str, ...]" = ()) -> "dict[str, Any]":
    """What the proof shows, as a dictionary; raises ValueError with what does not hold."""
    if proof["format"] == "zhike audit consistency 1":
        return check_consistency(proof, key, kept)
    if proof["format"] != "zhike audit proof 1":
        raise ValueError("this is another format")
    head = read_head(proof["head"], key, kept)
    if kept and proof["head"]["statement"] not in kept:
        raise ValueError("the head of the proof is none of those that you kept")
    entry, row = proof["entry"], proof.get("row")
    if row:
        leaf = sha256(b"\x00" + bytes.fromhex(row["salt"]) + row["text"].encode()).digest()
        reached = climb(leaf, row["place"], row["count"], row["path"])
        if reached is None or reached.hex() != entry["commitment"]:
            raise ValueError("the row is not what the entry commits to")
    text = "\n".join(["zhike audit entry 1", str(entry["position"]), entry["lines"], entry["commitment"]])
    reached = climb(sha256(b"\x00" + text.encode()).digest(), entry["position"], head["size"], proof["path"])
    if reached is None or reached.hex() != head["root"]:
        raise ValueError("the entry is not in the tree of this head")
    fields = entry["lines"].split("\n")
    names = ("entry", "at", "transaction", "user", "origin", "request", "action", "table", "rows")
    return {
        **dict(zip(names, fields, strict=False)),
        "text": row["text"] if row else None,
        "head": head["number"],
        "entries": head["size"],
        "root": head["root"],
        "sealed_at": head["sealed_at"],
        "key": head["key"],
    }


def check_consistency(proof: Any, key: str, kept: "tuple[str, ...]") -> "dict[str, Any]":
    """That the newer head's tree began as the older one's; both signed by the same key."""
    old = read_head(proof["old"], key, kept)
    new = read_head(proof["head"], key or old["key"], kept)
    if kept and proof["old"]["statement"] not in kept:
        raise ValueError("the older head of the proof is none of those that you kept")
    if grow(proof["path"], old["size"], new["size"], old["root"]) != (old["root"], new["root"]):
        raise ValueError("the newer history does not go on from the older one")
    return {
        **{"older " + name: old[name] for name in ("number", "size", "root", "sealed_at")},
        **{"newer " + name: new[name] for name in ("number", "size", "root", "sealed_at")},
        "key": new["key"],
    }


def kept_in(file: str) -> "tuple[str, ...]":
    """The statements of a file with heads: a JSON text or a line of JSON each, such as audit-heads.jsonl."""
    with open(file, encoding="utf-8") as lines:
        text = lines.read()
    try:
        found = json.loads(text)
    except ValueError:
        found = [json.loads(line) for line in text.splitlines() if line.strip()]
    rows = found if isinstance(found, list) else found.get("items", [found.get("head", found)])
    return tuple(row["statement"] for row in rows)


def main() -> int:
    parser = argparse.ArgumentParser(description="Check a proof of zhike audit prove.")
    parser.add_argument("proof", help="file, or - for standard input")
    parser.add_argument("--key", default="", help="the public key that must have signed, hexadecimal")
    parser.add_argument("--kept", default="", help="a file with heads that you kept")
    options = parser.parse_args()
    try:
        with sys.stdin if options.proof == "-" else open(options.proof, encoding="utf-8") as file:
            shown = check(json.load(file), options.key, kept_in(options.kept) if options.kept else ())
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as problem:
        sys.stdout.write(f"The proof does NOT hold: {problem}\n")
        return 1
    sys.stdout.write("The proof holds.\n")
    for name, value in shown.items():
        sys.stdout.write(f"  {name}: {value}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
