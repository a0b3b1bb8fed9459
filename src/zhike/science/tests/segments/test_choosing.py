"""What comes out again on other customers is chosen; segments have names that tell them apart."""

from pathlib import Path

import numpy as np
import pytest

from zhike.science.segments.choosing import NoneLargeEnough, choose_segments, try_segments
from zhike.science.segments.customers import Quantities
from zhike.science.segments.latent_classes import LatentClasses
from zhike.science.segments.methods import Density, KMeans, Method, Ward
from zhike.science.segments.naming import portray
from zhike.science.segments.segmentation import fit_segments
from zhike.science.tests.segments.companies import conflicts, retail, three_groups


def test_the_published_orders_have_the_silhouettes_that_were_measured(trial_data: Path) -> None:
    customers = retail(trial_data)
    assert len(customers.values) == 4_338
    tried = {count: try_segments(customers, KMeans(segments=count), seed=1, rounds=4) for count in (2, 3, 5)}
    found = [one.silhouette for one in tried.values()]
    assert found == pytest.approx([0.4352, 0.3403, 0.3132], abs=1e-3)
    assert tried[2].stability > 0.95
    assert tried[2].stability > tried[5].stability


def test_the_number_of_groups_that_there_are_is_the_stable_one() -> None:
    customers, _ = three_groups()
    methods = [KMeans(segments=count) for count in (3, 4, 6)]
    choice = choose_segments(customers, methods, seed=1, rounds=8)
    assert choice.chosen.segmentation.method == KMeans(segments=3)
    assert choice.chosen.stability > 0.98
    assert choice.chosen.is_stable
    assert choice.reason.startswith("K-means, 3: stability 1.00 is the highest")
    again = choose_segments(customers, methods, seed=1, rounds=8)
    assert [one.stability for one in again.candidates] == [one.stability for one in choice.candidates]


def test_where_nothing_is_apart_the_choice_says_so() -> None:
    even = np.random.default_rng(3).uniform(size=(300, 3))
    customers = Quantities(names=("a", "b", "c"), values=even, is_logged=False)
    choice = choose_segments(customers, [KMeans(segments=5), KMeans(segments=7)], seed=1, rounds=6)
    assert not choice.chosen.is_stable
    assert "not to be relied on" in choice.reason


def test_segments_of_hardly_anybody_are_not_chosen() -> None:
    customers, _ = three_groups()
    odd = Quantities(names=customers.names, values=np.vstack([customers.values, [[1e9, 1e9, 1e9]]]))
    choice = choose_segments(odd, [Ward(segments=2), KMeans(segments=3)], seed=1, rounds=4, smallest=0.1)
    assert choice.chosen.smallest >= 0.1
    with pytest.raises(NoneLargeEnough):
        choose_segments(odd, [KMeans(segments=8)], seed=1, rounds=2, smallest=0.2)


def test_a_method_that_finds_nothing_is_told_and_the_others_are_chosen_from() -> None:
    even = np.random.default_rng(5).uniform(size=(60, 4))
    customers = Quantities(names=("a", "b", "c", "d"), values=even, is_logged=False)
    methods: list[Method] = [Density(smallest=0.4), KMeans(segments=2), KMeans(segments=61)]
    choice = choose_segments(customers, methods, seed=1, rounds=3)
    assert choice.chosen.segmentation.method == methods[1]
    assert [(one.method, one.reason) for one in choice.failed] == [
        (methods[0], "nowhere are customers denser than elsewhere"),
        (methods[2], "60 different customers for 61 segments"),
    ]
    assert "HDBSCAN, 40% failed: nowhere" in choice.reason
    with pytest.raises(NoneLargeEnough, match="40% failed: nowhere"):
        choose_segments(customers, [methods[0], methods[2]], seed=1, rounds=3)


def test_where_a_draw_is_too_few_customers_nothing_came_out_again() -> None:
    values = np.array([[1.0, 2.0], [1.1, 2.0], [9.0, 1.0], [30.0, 7.0]])
    tried = try_segments(Quantities(names=("a", "b"), values=values), KMeans(segments=4), seed=1, rounds=6)
    assert tried.low == 0
    assert tried.stability < 0.75


def test_names_tell_what_is_characteristic() -> None:
    customers, truth = three_groups()
    segmentation = fit_segments(customers, method=KMeans(segments=3), seed=1)
    portraits = portray(segmentation, customers)
    assert len({one.name for one in portraits}) == 3
    assert set(portraits[0].name.split(", ")) == {"high orders", "low recency"}
    assert portraits[2].name.startswith("high amount")
    own = customers.values[truth == 2]
    assert portraits[1].medians["recency"] == pytest.approx(np.median(own[:, 0]))
    for one in portraits:
        sizes = [abs(trait.contrast.effect) for trait in one.traits]
        assert sizes == sorted(sizes, reverse=True)


def test_classes_of_qualities_are_named_by_levels() -> None:
    people = conflicts()
    choice = choose_segments(people, [LatentClasses(segments=2, starts=3)], seed=1, rounds=4)
    assert choice.chosen.silhouette is None
    portraits = portray(choice.chosen.segmentation, people)
    assert len({one.name for one in portraits}) == 2
    assert {trait.level for one in portraits for trait in one.traits} == {"+", "-"}
    assert portraits[0].medians == {}
