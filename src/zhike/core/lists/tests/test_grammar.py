"""The filter's spelling: read back as written, refused where it cannot be read, bounded."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhike.core.lists.grammar import (
    MAX_DEPTH,
    MAX_LENGTH,
    Condition,
    FilterInvalid,
    Group,
    bounded,
    read,
    write,
)

words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=8)
names = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
conditions = st.builds(Condition, names, names, st.lists(words, max_size=3).map(tuple))


def groups(children: st.SearchStrategy[Condition | Group]) -> st.SearchStrategy[Group]:
    return st.builds(Group, st.sampled_from(["all", "any"]), st.lists(children, min_size=1, max_size=3).map(tuple))


trees = groups(conditions | groups(conditions))


@given(trees)
def test_what_is_written_reads_back(tree: Group) -> None:
    if len(write(tree)) > MAX_LENGTH:
        return
    first = tree.items[0]
    only_group = tree.joiner == "all" and len(tree.items) == 1 and isinstance(first, Group)
    assert read(write(tree)) == (first if only_group else tree)


nested = st.recursive(conditions, groups, max_leaves=60).filter(lambda tree: isinstance(tree, Group))


@given(nested)
def test_a_tree_is_within_bounds_where_its_spelling_can_be_read(tree: Group) -> None:
    def holds(check: Callable[[], object]) -> bool:
        try:
            check()
        except FilterInvalid:
            return False
        return True

    assert holds(lambda: bounded(tree)) is holds(lambda: read(write(tree)))


@given(st.text(max_size=200) | st.text(alphabet="anyl():;,\\is", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(FilterInvalid):
        assert isinstance(read(text), Group)


def test_nothing_filters_nothing() -> None:
    assert read("") == Group("all")
    assert write(Group("all")) == ""


def test_a_readable_address() -> None:
    text = "grade:is:top,high;last_order:older:90;any(city:is:上海;city:is:北京)"
    tree = read(text)
    assert write(tree) == text
    assert tree.items[0] == Condition("grade", "is", ("top", "high"))
    assert tree.items[2] == Group("any", (Condition("city", "is", ("上海",)), Condition("city", "is", ("北京",))))


@pytest.mark.parametrize(
    "text",
    [
        "a" * (MAX_LENGTH + 1),
        "any(" * (MAX_DEPTH + 1) + "a:is:1" + ")" * (MAX_DEPTH + 1),
        ";".join(["a:is:1"] * 41),
        "a:is:" + ",".join(["1"] * 501),
        "a:is:1\0",
        "any()",
        "any(a:is:1",
        "a:is:1)",
        "a",
        ":",
        "a::1",
        "a:is:1;",
    ],
)
def test_what_is_too_much_or_unreadable_is_refused(text: str) -> None:
    with pytest.raises(FilterInvalid):
        read(text)
