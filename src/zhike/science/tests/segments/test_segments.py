"""Segments that are known come out again, by every method, whatever the order, the scale and the counting."""

import tracemalloc

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhike.science.segments import methods
from zhike.science.segments.choosing import adjusted_rand, try_segments
from zhike.science.segments.customers import (
    FeatureConstant,
    FeaturesInvalid,
    Qualities,
    Quantities,
    TooFewCustomers,
    distinct,
)
from zhike.science.segments.latent_classes import LatentClasses, LatentClassModel
from zhike.science.segments.methods import Density, KMeans, Method, Mixture, NotConverged, Ward
from zhike.science.segments.segmentation import NONE, MethodUnfit, fit_segments
from zhike.science.tests.segments.companies import conflicts, three_groups

METHODS: list[Method] = [KMeans(segments=3), Mixture(segments=3), Ward(segments=3), Density(smallest=0.1)]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_three_groups_are_found_and_new_customers_put_into_them(method: Method) -> None:
    from sklearn.metrics import adjusted_rand_score

    customers, truth = three_groups()
    found = fit_segments(customers, method=method, seed=1)
    inside = found.labels != NONE
    assert adjusted_rand_score(truth[inside], found.labels[inside]) > 0.98
    assert inside.mean() > 0.9
    assert found.shares == pytest.approx([0.5, 0.3, 0.2], abs=0.06)
    again = found.assign(customers.values)
    assert np.array_equal(again.segment, found.labels)
    assert not again.is_far[inside].any()
    new = found.assign(np.expm1([[2.0, 3.5, 5.0], [6.0, 0.8, 3.0], [9.0, 9.0, 9.0]]))
    assert new.segment[:2].tolist() == [0, 1]
    assert new.is_far.tolist() == [False, False, True]


def test_ward_merges_as_scikit_learn_does() -> None:
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.metrics import adjusted_rand_score

    customers, _ = three_groups(120, seed=4)
    rows, weights = distinct(customers.preparation().transform(customers.values), None)
    for count in (3, 5, 9):
        ours = Ward(segments=count).fit(rows, weights, seed=1).assign(rows)
        theirs = AgglomerativeClustering(count, linkage="ward").fit_predict(rows)
        assert adjusted_rand_score(theirs, ours) == 1


def test_latent_classes_are_those_of_goodman() -> None:
    found = fit_segments(conflicts(), method=LatentClasses(segments=2), seed=1)
    model = found.assigner
    assert isinstance(model, LatentClassModel)
    assert model.log_likelihood == pytest.approx(-504.4677, abs=1e-4)
    assert model.bic == pytest.approx(1057.313, abs=1e-3)
    assert sorted(model.share) == pytest.approx([0.279, 0.721], abs=1e-3)
    told = [["+", "+", "?", "+"], ["+", "+", None, "+"], ["-", "-", "-", "-"]]
    assigned = found.assign(np.array(told, dtype=object))
    assert assigned.segment.tolist() == [1, 1, 0]
    assert assigned.is_far[0]


@given(st.data())
@settings(max_examples=15, deadline=None)
def test_neither_order_nor_scale_nor_counting_makes_a_difference(data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.tuples(*[st.integers(0, 40)] * 2), min_size=8, max_size=24))
    values = np.array([*rows, (0, 50), (50, 0), (50, 50)], dtype=float)
    counts = np.array(data.draw(st.lists(st.integers(1, 4), min_size=len(values), max_size=len(values))))
    order = np.array(data.draw(st.permutations(range(len(values)))))
    names = ("a", "b")
    whole = fit_segments(Quantities(names=names, values=values, counts=counts), method=KMeans(segments=3), seed=2)
    mixed = fit_segments(
        Quantities(names=names, values=values[order], counts=counts[order]), method=KMeans(segments=3), seed=2
    )
    assert np.array_equal(mixed.labels, whole.labels[order])
    each = Quantities(names=names, values=np.repeat(values, counts, axis=0))
    assert np.array_equal(fit_segments(each, method=KMeans(segments=3), seed=2).labels, np.repeat(whole.labels, counts))
    plain, scaled = (
        fit_segments(
            Quantities(names=names, values=factor * values, counts=counts, is_logged=False),
            method=Ward(segments=3),
            seed=2,
        )
        for factor in (1.0, 1024.0)
    )
    assert np.array_equal(plain.labels, scaled.labels)


@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 3), st.integers(1, 3)), min_size=2, max_size=30))
def test_the_rand_index_is_that_of_scikit_learn_with_every_customer_told(rows: list[tuple[int, int, int]]) -> None:
    from sklearn.metrics import adjusted_rand_score

    first, second, counts = np.array(rows).T
    slow = adjusted_rand_score(np.repeat(first, counts), np.repeat(second, counts))
    assert adjusted_rand(first, second, counts.astype(float)) == pytest.approx(slow)


def test_what_cannot_be_grouped_is_refused_by_name() -> None:
    values = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 9.0]])

    def of(values: object, *, is_logged: bool = True) -> Quantities:
        return Quantities(names=("a", "b"), values=np.asarray(values, dtype=float), is_logged=is_logged)

    with pytest.raises(FeaturesInvalid, match="missing or endless: b"):
        of([[1, np.nan]])
    with pytest.raises(FeaturesInvalid, match=r"below 0, .*: a"):
        of([[-1, 2]])
    with pytest.raises(FeaturesInvalid):
        of([[1, 2, 3]])
    with pytest.raises(TooFewCustomers, match="nobody"):
        of(np.empty((0, 2)))
    with pytest.raises(FeatureConstant, match="b"):
        fit_segments(of([[1, 2], [3, 2]]), method=KMeans(segments=2), seed=1)
    for method in (KMeans(segments=4), Mixture(segments=4), Ward(segments=4), Density()):
        few = of([[1, 2], [1, 2]]) if isinstance(method, Density) else of(values)
        with pytest.raises((TooFewCustomers, FeatureConstant)):
            fit_segments(few, method=method, seed=1)
    with pytest.raises(FeaturesInvalid):
        fit_segments(of(values), method=KMeans(segments=2), seed=1).assign([[np.inf, 1]])
    with pytest.raises(NotConverged):
        fit_segments(conflicts(), method=LatentClasses(segments=3, rounds=2), seed=1)
    with pytest.raises(FeatureConstant):
        Qualities(names=("a",), values=np.array([["x"], [None]], dtype=object)).preparation()


def test_customers_come_from_tables() -> None:
    rows = pa.table({"a": [1, 2, 5], "kind": ["x", "y", None], "customers": [2, 1, 4]})
    taken = Quantities.of_arrow(rows, names=["a"])
    assert taken.values.tolist() == [[1], [2], [5]]
    assert taken.counts is not None
    assert taken.counts.tolist() == [2, 1, 4]
    assert Qualities.of_arrow(rows, names=["kind"]).values.tolist() == [["x"], ["y"], [None]]
    with pytest.raises(FeaturesInvalid):
        Quantities.of_arrow(pa.table({"a": [1, None]}), names=["a"])


def test_a_method_is_not_given_what_it_cannot_measure() -> None:
    customers, _ = three_groups()
    with pytest.raises(MethodUnfit, match="takes qualities"):
        fit_segments(customers, method=LatentClasses(segments=2), seed=1)
    with pytest.raises(MethodUnfit, match="takes quantities"):
        fit_segments(conflicts(), method=KMeans(segments=2), seed=1)


def test_what_differs_by_rounding_alone_is_constant() -> None:
    values = np.array([[0.1 + 0.2, 1.0], [0.3, 2.0], [0.3, 9.0]])
    with pytest.raises(FeatureConstant, match="a"):
        Quantities(names=("a", "b"), values=values, is_logged=False).preparation()


@pytest.mark.parametrize("method", METHODS[1::2], ids=lambda method: method.name)
def test_as_many_customers_as_a_country_has_take_no_more_memory_than_their_patterns(
    method: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("MOST_MIXED", "MOST_DENSE"):
        monkeypatch.setattr(methods, limit, 1_000)
    customers, truth = three_groups()
    many = Quantities(names=customers.names, values=customers.values, counts=np.full(len(truth), 1_000_000))
    tracemalloc.start()
    try:
        tried = try_segments(many, method, seed=1, rounds=2)
        assert tracemalloc.get_traced_memory()[1] < 400e6  # a row for each is 7 GB
    finally:
        tracemalloc.stop()
    assert tried.segmentation.shares == pytest.approx(np.sort(np.bincount(truth))[::-1] / len(truth), abs=0.06)
    assert tried.silhouette is not None
    assert tried.silhouette > 0.5
