import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhike.engine import tables

keys = st.lists(st.one_of(st.integers(-5, 40), st.sampled_from([-(2**40), 2**40])), max_size=30)


@pytest.mark.parametrize("limit", [0, tables.TABLE_LIMIT])
@given(held=keys, asked=keys)
def test_a_set_of_keys_knows_what_it_holds(limit: int, held: list[int], asked: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "TABLE_LIMIT", limit)
        found = tables.KeySet([np.array(held, np.int64)])
    assert len(found) == len(set(held))
    assert found.holds(np.array(asked, np.int64)).tolist() == [key in held for key in asked]
