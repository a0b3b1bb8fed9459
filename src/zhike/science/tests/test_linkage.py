"""How records are compared, before anything is learnt of them."""

import duckdb
import numpy as np
import pytest

from zhike.science.linkage import slips


@pytest.mark.parametrize("most", [1, 2])
def test_slips_are_those_of_damerau_alone(most: int) -> None:
    chance = np.random.default_rng(1)
    pairs = [["".join(chance.choice([*"abc"], chance.integers(7))) for _ in "lr"] for _ in range(4_000)]
    sides = [list(side) for side in zip(["ab", "ba"], ["abcdef", "badcfe"], *pairs, strict=True)]
    asked = f"SELECT {slips('x', most=most)}, damerau_levenshtein(x_l, x_r) <= {most} FROM given"  # noqa: S608
    with duckdb.connect() as engine:
        engine.execute("CREATE TABLE given AS SELECT unnest($1) AS x_l, unnest($2) AS x_r", sides)
        answers = engine.execute(asked).fetchall()
    assert answers[:2] == [(True, True), (False, False)]
    assert set(answers[2:]) == {(True, True), (False, False)}
