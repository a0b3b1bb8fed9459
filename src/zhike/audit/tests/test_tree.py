"""The tree is the one of RFC 6962: compared with its recursive definition, and with the RFC's own hashes."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhike.audit.check_proof import climb, grow
from zhike.audit.tree import Edge, leaf_hash, node_hash, path_of, root_by_path, root_of, stretches_between


def slow_root(leaves: list[bytes]) -> bytes:
    """The definition in section 2.1."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + slow_root(leaves[:split]) + slow_root(leaves[split:])).digest()


def slow_path(leaves: list[bytes], place: int) -> list[bytes]:
    """The definition in section 2.1.1."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if place < split:
        return [*slow_path(leaves[:split], place), slow_root(leaves[split:])]
    return [*slow_path(leaves[split:], place - split), slow_root(leaves[:split])]


def leaves_of(count: int) -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(count)]


def test_the_known_tree_of_certificate_transparency() -> None:
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    leaves = [leaf_hash(bytes.fromhex(text)) for text in inputs]
    roots = {
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    }
    assert {size: root_of(leaves[:size]).hex() for size in roots} == roots


@given(st.integers(0, 70))
def test_roots_and_growth_are_those_of_the_definition(count: int) -> None:
    leaves, edge = leaves_of(count), Edge()
    for leaf in leaves:
        edge.add(leaf)
    assert root_of(leaves) == edge.root() == slow_root(leaves)
    assert edge.size == count


@given(st.integers(1, 70), st.data())
def test_paths_are_those_of_the_definition_and_lead_to_the_root(count: int, data: st.DataObject) -> None:
    leaves = leaves_of(count)
    place = data.draw(st.integers(0, count - 1))
    path = path_of(leaves, place)
    assert path == slow_path(leaves, place)
    assert root_by_path(leaves[place], place=place, size=count, path=path) == root_of(leaves)
    assert climb(leaves[place], place, count, [step.hex() for step in path]) == root_of(leaves)


@pytest.mark.parametrize("change", ["longer", "shorter", "other place", "other leaf"])
def test_no_other_path_leads_there(change: str) -> None:
    leaves = leaves_of(11)
    path, place, leaf = path_of(leaves, 6), 6, leaves[6]
    if change == "longer":
        path = [*path, leaf]
    elif change == "shorter":
        path = path[:-1]
    elif change == "other place":
        place = 7
    else:
        leaf = leaves[5]
    assert root_by_path(leaf, place=place, size=11, path=path) != root_of(leaves)
    assert climb(leaf, place, 11, [step.hex() for step in path]) != root_of(leaves)


def slow_proof(leaves: list[bytes], old: int, *, is_known: bool = True) -> list[bytes]:
    """The definition in section 2.1.2, SUBPROOF."""
    if old == len(leaves):
        return [] if is_known else [slow_root(leaves)]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if old <= split:
        return [*slow_proof(leaves[:split], old, is_known=is_known), slow_root(leaves[split:])]
    return [*slow_proof(leaves[split:], old - split, is_known=False), slow_root(leaves[:split])]


def proof_of(leaves: list[bytes], old: int) -> list[bytes]:
    return [root_of(leaves[start:end]) for start, end in stretches_between(old, len(leaves))]


def grown(path: list[bytes], old: int, leaves: list[bytes], *, root: bytes | None = None) -> tuple[str, str] | None:
    """Both roots as the checker of RFC 9162, 2.1.4.2, works them out from a proof."""
    return grow([step.hex() for step in path], old, len(leaves), (root or root_of(leaves[:old])).hex())


def test_the_proofs_of_consistency_of_the_rfc() -> None:
    """Section 2.1.3 of RFC 6962 with its own names of nodes."""
    leaves = leaves_of(7)
    a, b, c, d, e, f, j = leaves
    g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
    k, l = node_hash(g, h), node_hash(i, j)  # noqa: E741
    assert root_of(leaves) == node_hash(k, l)
    assert proof_of(leaves, 3) == [c, d, g, l]
    assert proof_of(leaves, 4) == [l]
    assert proof_of(leaves, 6) == [i, j, k]


@given(st.integers(1, 130), st.data())
def test_proofs_of_consistency_are_those_of_the_definition_and_hold(count: int, data: st.DataObject) -> None:
    leaves = leaves_of(count)
    old = data.draw(st.integers(1, count))
    path = proof_of(leaves, old)
    assert path == slow_proof(leaves, old)
    assert grown(path, old, leaves) == (root_of(leaves[:old]).hex(), root_of(leaves).hex())


@given(st.integers(2, 70), st.data())
def test_another_history_is_not_consistent(count: int, data: st.DataObject) -> None:
    """Whoever changes, swaps or takes out something old has no proof: neither the true one nor one of that tree."""
    leaves = leaves_of(count)
    old = data.draw(st.integers(1, count - 1))
    place = data.draw(st.integers(0, old - 1))
    other = [*leaves[:place], leaf_hash(b"another"), *leaves[place + 1 :]]
    kept = root_of(leaves[:old]).hex()
    for path in (proof_of(leaves, old), proof_of(other, old)):
        assert grown(path, old, other, root=root_of(leaves[:old])) != (kept, root_of(other).hex())
    true = proof_of(leaves, old)
    for path in ([*true, leaves[0]], true[:-1], [leaf_hash(b"x"), *true[1:]], []):
        assert grown(path, old, leaves) != (kept, root_of(leaves).hex())
    assert grown(true, 0, leaves, root=b"") is None
    assert grown(true, count + 1, leaves) is None
