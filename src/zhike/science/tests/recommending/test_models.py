"""Each recommender against the slow way or its definition, and what it gives as reasons."""

from collections.abc import Callable
from itertools import product
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhike.science.recommending.blend import Blend, fit_blend
from zhike.science.recommending.factors import fit_als, fit_bpr
from zhike.science.recommending.interactions import Interactions
from zhike.science.recommending.lists import recommend
from zhike.science.recommending.models import (
    Recommender,
    SettingInvalid,
    fit_bought_before,
    fit_popularity,
    fit_segment_popularity,
)
from zhike.science.recommending.neighbours import Similarity, fit_content, fit_ease, fit_item_item
from zhike.science.recommending.rhythm import fit_rhythm
from zhike.science.recommending.simulation import simulate_interactions
from zhike.science.tests.recommending.shops import listed, of_pairs, shop, tried

FITS: dict[str, Callable[[Interactions], Recommender]] = {
    "popular": fit_popularity,
    "segment": lambda interactions: fit_segment_popularity(interactions, {1: "x", 2: "y"}),
    "before": fit_bought_before,
    "fading": lambda interactions: fit_bought_before(interactions, half_life_days=30),
    "cosine": fit_item_item,
    "jaccard": lambda interactions: fit_item_item(interactions, similarity="jaccard"),
    "lift": lambda interactions: fit_item_item(interactions, similarity="lift"),
    "ease": fit_ease,
    "als": lambda interactions: fit_als(interactions, factors=3, rounds=2),
    "bpr": lambda interactions: fit_bpr(interactions, factors=3, rounds=2),
    "rhythm": fit_rhythm,
}
LINES = st.lists(
    st.tuples(st.integers(1, 6), st.sampled_from("abcdef"), st.integers(0, 200), st.integers(-1, 2)), max_size=40
)
CAFÉ = [(1, "beans"), (1, "milk"), (2, "beans"), (2, "milk"), (3, "beans"), (3, "tea"), (4, "tea")]


@settings(deadline=None, max_examples=24)
@given(lines=LINES)
def test_order_and_doubling_change_no_score_and_none_is_not_a_number(lines: list[tuple[int, str, int, int]]) -> None:
    one, other = tried(lines), tried([*reversed(lines), *lines])
    if one is None or other is None:
        assert one is other
        return
    users = np.arange(-1, len(one.users))
    for name, fit in FITS.items():
        scores = fit(one).score(users)
        assert scores.shape == (len(users), len(one.items)), name
        assert not np.isnan(scores).any(), name
        assert scores.tolist() == fit(other).score(users).tolist(), name


@pytest.mark.parametrize("name", FITS)
def test_one_product_is_recommended_to_everybody(name: str) -> None:
    interactions = shop([(1, "a", 0, 1), (2, "a", 3, 1), (1, "a", 40, 1)])
    table = recommend(FITS[name](interactions), interactions, customers=[1, 2, 77], reasons=2)
    assert listed(table) == {1: ["a"], 2: ["a"], 77: ["a"]}


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(1, 6), st.sampled_from("abcdef")), min_size=1, max_size=30))
def test_similarities_are_those_of_the_slow_way(pairs: list[tuple[int, str]]) -> None:
    interactions = of_pairs(pairs)
    buyers = {item: {user for user, other in pairs if other == item} for _user, item in pairs}
    names = interactions.items.to_pylist()
    formulas: dict[Similarity, Callable[[int, int, int], float]] = {
        "cosine": lambda n, m, both: both / (sqrt(n * m) + 2),
        "jaccard": lambda n, m, both: both / (n + m - both + 2),
        "lift": lambda n, m, both: both * len(interactions.users) / ((n + 2) * (m + 2)),
    }
    for name, formula in formulas.items():
        weights = fit_item_item(interactions, similarity=name, shrinkage=2).weights.toarray()
        for (i, one), (j, other) in product(enumerate(names), repeat=2):
            n, m, both = len(buyers[one]), len(buyers[other]), len(buyers[one] & buyers[other])
            assert weights[i, j] == pytest.approx(0 if i == j else formula(n, m, both), rel=1e-6)


def test_only_the_nearest_neighbours_count() -> None:
    interactions = simulate_interactions(300, 60, seed=3)
    whole, few = (fit_item_item(interactions, neighbours=count).weights.toarray() for count in (60, 5))
    for product_row, kept in zip(whole.T, few.T, strict=True):
        assert np.sort(kept)[-5:] == pytest.approx(np.sort(product_row)[-5:])
        assert (kept > 0).sum() <= 5


def test_ease_is_the_regression_of_each_product_on_all_others() -> None:
    interactions = simulate_interactions(80, 12, seed=5)
    held, weights = interactions.held.toarray().astype(float), fit_ease(interactions, penalty=3).weights
    for item in range(12):
        others = np.delete(held, item, axis=1)
        ridge = np.linalg.solve(others.T @ others + 3 * np.eye(11), others.T @ held[:, item])
        assert np.delete(weights[:, item], item) == pytest.approx(ridge, abs=1e-5)
        assert weights[item, item] == 0


def test_reasons_are_purchases_that_speak_for_it() -> None:
    interactions = of_pairs(CAFÉ * 3 + [(5, "beans"), (5, "tea")])
    for fit in (fit_item_item, fit_ease):
        table = recommend(fit(interactions), interactions, customers=[4, 99], reasons=2)
        first = table.to_pylist()[0]
        assert first["customer_id"] == 4
        told = {(row["customer_id"], row["product_id"]): row["because"] for row in table.to_pylist()}
        assert told[4, "beans"] == ["tea"]
        assert all(told[99, item] == [] for item in ("beans", "milk", "tea"))
    assert recommend(fit_bought_before(interactions), interactions, customers=[4], reasons=1)["because"][0].as_py() == [
        "tea"
    ]


def test_what_sells_of_late_comes_first() -> None:
    lines = [(user, "old", 0, 1) for user in range(9)] + [(user, "new", 100, 1) for user in range(3)]
    interactions = shop(lines)
    assert listed(recommend(fit_popularity(interactions, days=30), interactions, customers=[1])) == {1: ["new", "old"]}
    assert listed(recommend(fit_popularity(interactions, days=500), interactions, customers=[1])) == {1: ["old", "new"]}


def test_a_segment_sells_what_it_buys_and_a_small_one_what_all_buy() -> None:
    lines = [(user, "toys", 0, 1) for user in range(100)] + [(user, "wine", 0, 1) for user in range(100, 130)]
    interactions = shop([*lines, (200, "rare", 0, 1), (300, "toys", 0, 1)])
    segments = {**dict.fromkeys(range(100), "families"), **dict.fromkeys(range(100, 130), "bars"), 200: "odd"}
    model = fit_segment_popularity(interactions, segments)
    first = {user: items[0] for user, items in listed(recommend(model, interactions)).items()}
    assert (first[5], first[110], first[200], first[300]) == ("toys", "wine", "toys", "toys")


def test_content_finds_products_that_nobody_has_bought() -> None:
    import ibis
    import pyarrow as pa

    known = ibis.memtable(pa.table({"product_id": ["new brush", "new nail"]}))
    interactions = shop([(1, "paint", 0, 1), (2, "hammer", 0, 1)], products=known)
    kinds = {
        "paint": ["decorating"],
        "new brush": ["decorating", "new"],
        "hammer": ["tools"],
        "new nail": ["tools", "new"],
    }
    model = fit_content(interactions, [kinds[item] for item in interactions.items.to_pylist()])
    found = listed(recommend(model, interactions, count=1))
    assert found == {1: ["new brush"], 2: ["new nail"]}
    with pytest.raises(SettingInvalid):
        fit_content(interactions, [["one"]])


def test_factors_put_customers_of_one_taste_together() -> None:
    tastes = ("wxyz", "abcd")
    pairs = [(user, item) for user in range(40) for item in tastes[user % 2] if (user + ord(item)) % 4]
    interactions = of_pairs(pairs)
    for model in (
        fit_als(interactions, factors=2, penalty=0.1),
        fit_bpr(interactions, factors=2, rounds=200, rate=0.1),
    ):
        found = listed(recommend(model, interactions, count=4))
        hits = sum(set(items) == set(tastes[user % 2]) for user, items in found.items())
        assert hits >= 36, model.name
        assert set(model.because(1, 0)) <= {0, 1, 2, 3}


def test_a_blend_is_weighed_by_what_was_held_back() -> None:
    interactions = simulate_interactions(400, 100, mean_purchases=20, seed=2)
    model = fit_blend(interactions, {"before": fit_bought_before, "sells": fit_popularity, "cosine": fit_item_item})
    assert isinstance(model, Blend)
    assert max(model.weights) == model.weights[0] == 1
    row = recommend(model, interactions, customers=[1], reasons=2).to_pylist()[0]
    assert row["because"]
    with pytest.raises(SettingInvalid):
        fit_blend(interactions, {})
    with pytest.raises(SettingInvalid):
        fit_blend(interactions, {"sells": fit_popularity}, held_back_days=4_000)


def test_settings_that_make_no_sense_are_refused() -> None:
    interactions = of_pairs(CAFÉ)
    for refused in (
        lambda: fit_popularity(interactions, days=0),
        lambda: fit_bought_before(interactions, half_life_days=0),
        lambda: fit_item_item(interactions, shrinkage=-1),
        lambda: fit_item_item(interactions, neighbours=0),
        lambda: fit_ease(interactions, penalty=0),
        lambda: fit_als(interactions, factors=0),
        lambda: fit_rhythm(interactions, horizon_days=0),
    ):
        with pytest.raises(SettingInvalid):
            refused()
