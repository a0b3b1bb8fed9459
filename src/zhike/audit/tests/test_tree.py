"""The tree is the one of RFC 6962: compared with its recursive definition, and with the RFC's own hashes."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhike.audit.check_proof import climb
from zhike.audit.tree import Edge, leaf_hash, path_of, root_by_path, root_of


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
