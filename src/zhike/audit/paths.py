"""Ways through a tree of millions of leaves, from a few thousand of them.

Every head keeps the roots of its whole subtrees. So the root of any stretch of the tree follows from the last head
within the stretch and the leaves after it, which are as many as two heads are apart.
"""

from typing import Any

import psycopg

from zhike.audit.tree import Edge, root_of, stretches_between

WINDOW = 4096  # leaves around the one in question that are read at once; a power of two


def path_in(connection: "psycopg.Connection[Any]", *, position: int, size: int) -> list[bytes]:
    """The hashes that lead from a leaf to the root of the tree of that size, the lowest first."""
    start, end = 0, size
    beside: list[tuple[int, int]] = []
    while end - start > 1:
        middle = start + (1 << ((end - start - 1).bit_length() - 1))
        if position < middle:
            beside.append((middle, end))
            end = middle
        else:
            beside.append((start, middle))
            start = middle
    first = position - position % WINDOW
    near = _leaves(connection, first, min(first + WINDOW, size))
    return [
        root_of(near[start - first : end - first])
        if first <= start and end <= first + len(near)
        else _root(connection, start, end)
        for start, end in reversed(beside)
    ]


def path_between(connection: "psycopg.Connection[Any]", *, old: int, new: int) -> list[bytes]:
    """The hashes that show that the tree of the new size began as that of the old one."""
    return [_root(connection, start, end) for start, end in stretches_between(old, new)]


def _root(connection: "psycopg.Connection[Any]", start: int, end: int) -> bytes:
    """The root over a stretch that begins where a whole subtree may. Not of the head at its very end: there, what
    begins at `start` may have grown together with what is before it."""
    head = connection.execute(
        "SELECT size, edge FROM audit_head WHERE size > %s AND size < %s ORDER BY size DESC LIMIT 1", [start, end]
    ).fetchone()
    edge, known = Edge(), start
    if head is not None:
        known = head[0]
        edge = Edge(known - start, [bytes(node) for place, node in _places(known, head[1]) if place >= start])
    for leaf in _leaves(connection, known, end):
        edge.add(leaf)
    return edge.root()


def _places(size: int, nodes: list[bytes]) -> list[tuple[int, bytes]]:
    """Where each whole subtree of a tree begins, the widest first."""
    widths = [1 << bit for bit in reversed(range(size.bit_length())) if size >> bit & 1]
    starts = [sum(widths[:place]) for place in range(len(widths))]
    return list(zip(starts, nodes, strict=True))


def _leaves(connection: "psycopg.Connection[Any]", start: int, end: int) -> list[bytes]:
    found = connection.execute(
        "SELECT leaf FROM audit_leaf WHERE position >= %s AND position < %s ORDER BY position", [start, end]
    )
    return [bytes(leaf) for (leaf,) in found]
