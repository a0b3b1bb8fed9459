"""The Merkle tree of RFC 6962: leaves are hashed behind a zero byte, inner nodes behind a one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

EMPTY = sha256(b"").digest()
NO_PATH: tuple[bytes, ...] = ()


def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The tree's hash over leaf hashes.

    >>> root_of([]).hex()[:8]
    'e3b0c442'
    """
    level = list(leaves)
    if not level:
        return EMPTY
    while len(level) > 1:
        level = _above(level)
    return level[0]


def path_of(leaves: Sequence[bytes], place: int) -> list[bytes]:
    """The hashes that lead from the leaf at `place` (from 0) to the root, the lowest first."""
    level, path = list(leaves), []
    while len(level) > 1:
        beside = place ^ 1
        if beside < len(level):
            path.append(level[beside])
        level, place = _above(level), place // 2
    return path


def stretches_between(old: int, new: int) -> list[tuple[int, int]]:
    """Which stretches of a tree's leaves prove by their roots that it began as the tree of its first `old` ones; in the
    order of RFC 6962, 2.1.2. Empty where that is the whole tree.

    >>> stretches_between(3, 7)
    [(2, 3), (3, 4), (0, 2), (4, 7)]
    """
    start, end, is_known = 0, new, True  # is_known: the stretch up to `old` is the old tree itself
    found: list[tuple[int, int]] = []
    while old < end:
        middle = start + (1 << ((end - start - 1).bit_length() - 1))
        if old <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start, is_known = middle, False
    if not is_known:
        found.append((start, end))
    return found[::-1]


def root_by_path(leaf: bytes, *, place: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that a leaf and its path lead to; None where the path has not the length that place and size ask for."""
    reached, last, steps = leaf, size - 1, list(path)
    if not 0 <= place <= last:
        return None
    while last:
        if place & 1 or place < last:
            if not steps:
                return None
            beside = steps.pop(0)
            reached = node_hash(beside, reached) if place & 1 else node_hash(reached, beside)
        place, last = place >> 1, last >> 1
    return None if steps else reached


def _above(level: list[bytes]) -> list[bytes]:
    # An odd last node rises as it is, which is how the RFC's split at the largest power of two comes out.
    above = [sha256(b"\x01" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
    if len(level) & 1:
        above.append(level[-1])
    return above


@dataclass
class Edge:
    """A tree that grows to the right; it keeps only the roots of its whole subtrees, the widest first."""

    size: int = 0
    nodes: list[bytes] = field(default_factory=list)

    def add(self, leaf: bytes) -> None:
        nodes, size = self.nodes, self.size
        while size & 1:
            leaf = sha256(b"\x01" + nodes.pop() + leaf).digest()
            size >>= 1
        nodes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        if not self.nodes:
            return EMPTY
        reached = self.nodes[-1]
        for node in reversed(self.nodes[:-1]):
            reached = node_hash(node, reached)
        return reached
