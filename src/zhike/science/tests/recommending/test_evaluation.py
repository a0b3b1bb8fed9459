"""Judging lists: measures by hand and against scikit-learn, and the table of the published invoices."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from zhike.science.recommending.blend import Blend
from zhike.science.recommending.evaluation import MEASURES, evaluate, list_measures, ndcg, time_split
from zhike.science.recommending.interactions import Interactions, NothingBought, calendar_day
from zhike.science.recommending.models import Recommender, SettingInvalid, fit_bought_before, fit_popularity
from zhike.science.recommending.neighbours import fit_ease, fit_item_item
from zhike.science.recommending.rhythm import fit_rhythm
from zhike.science.recommending.rules import not_bought_lately
from zhike.science.recommending.simulation import simulate_interactions
from zhike.science.tests.recommending.shops import FIRST_DAY, retail, shop

CUT = date(2011, 12, 9) - timedelta(days=91)


def test_measures_are_those_worked_out_by_hand() -> None:
    places = np.array([[3, 0, 5, -1], [1, 2, 4, 0]])
    bought = sparse.csr_matrix(np.array([[1, 0, 0, 1, 0, 0], [0, 0, 0, 1, 0, 0]]))
    (first, second) = list_measures(places, bought)
    assert first == pytest.approx([1, 2 / 4, 1, 1, 1])
    assert second == pytest.approx([0, 0, 0, 0, 0])
    late = list_measures(np.array([[5, 3, 1, 0]]), bought[:1])[0]
    discounted = (1 / np.log2(3) + 1 / np.log2(5)) / (1 + 1 / np.log2(3))
    assert late == pytest.approx([discounted, 2 / 4, 1, (1 / 2 + 2 / 4) / 2, 1])


def test_ndcg_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import ndcg_score

    dice = np.random.default_rng(1)
    bought = (dice.random((40, 30)) < 0.2).astype(float)
    bought[:, 0] = 1
    scores = dice.random((40, 30))
    places = np.argsort(-scores, axis=1)[:, :10]
    expected = [ndcg_score(bought[row : row + 1], scores[row : row + 1], k=10) for row in range(40)]
    assert ndcg(places, sparse.csr_matrix(bought)) == pytest.approx(expected)


def test_a_split_is_by_time_and_only_who_bought_on_both_sides_judges() -> None:
    found = shop([(1, "a", 0, 1), (1, "a", 20, 1), (1, "b", 21, 1), (2, "a", 0, 1), (3, "c", 30, 1), (1, "c", 50, 1)])
    cut = FIRST_DAY + timedelta(days=10)
    split = time_split(found, cut=cut, until=FIRST_DAY + timedelta(days=40))
    assert split.users.tolist() == [0]
    assert split.newcomers == 1
    assert split.bought[0].toarray().tolist() == [[1, 1, 0]]
    assert split.train.last_day == (cut - calendar_day(0)).days - 10
    new_only = time_split(found, cut=cut, is_new_only=True)
    assert new_only.bought[0].toarray().tolist() == [[0, 1, 1]]


def test_intervals_hold_the_means_and_the_best_is_behind_nobody() -> None:
    split = time_split(simulate_interactions(300, 60, mean_purchases=20, seed=3), cut=calendar_day(270))
    table = evaluate([fit_popularity(split.train), fit_bought_before(split.train)], split, draws=200).to_pylist()
    assert [row["model"] for row in table] == ["bought before", "popular"]
    for row in table:
        for measure in MEASURES:
            assert row[f"{measure}_low"] <= row[measure] <= row[f"{measure}_high"]
    assert (table[0]["behind"], table[0]["behind_high"]) == (0, 0)
    assert table[1]["behind_low"] > 0
    again = evaluate([fit_popularity(split.train), fit_bought_before(split.train)], split, draws=200).to_pylist()
    assert again == table


def test_without_both_sides_nothing_can_be_judged() -> None:
    found = shop([(1, "a", 0, 1), (2, "a", 20, 1)])
    for day in (-1, 10, 30):
        with pytest.raises(NothingBought):
            time_split(found, cut=FIRST_DAY + timedelta(days=day))
    split = time_split(shop([(1, "a", 0, 1), (1, "a", 20, 1)]), cut=FIRST_DAY)
    with pytest.raises(SettingInvalid):
        evaluate([], split)


@pytest.fixture(scope="module")
def invoices(trial_data: Path) -> Interactions:
    return retail(trial_data)


def test_the_last_quarter_of_the_published_invoices(invoices: Interactions) -> None:
    """The best of implicit's models there, BM25 of 400 neighbours, has an nDCG@10 of .354. The blend's weights are
    those that `fit_blend` finds, which takes longer."""
    split = time_split(invoices, cut=CUT)
    assert (len(split.users), split.newcomers) == (1_921, 968)
    before, ease, rhythm = fit_bought_before(split.train), fit_ease(split.train), fit_rhythm(split.train)
    blend = Blend(models=[before, ease, rhythm], weights=[1, 0.1, 0.1])
    table = {row["model"]: row for row in evaluate([blend, before, ease, rhythm], split, draws=200).to_pylist()}
    found = {name: row["ndcg"] for name, row in table.items()}
    expected = {"blend": 0.392, "bought before": 0.390, "due again": 0.385, "EASE": 0.298}
    assert found == pytest.approx(expected, abs=2e-3)
    assert table["blend"]["ndcg_low"] > 0.354


def test_chances_come_true_in_the_published_invoices(invoices: Interactions) -> None:
    model = fit_rhythm(invoices, horizon_days=91, as_of=CUT)
    pairs = model.interactions.pairs
    split = time_split(invoices, cut=CUT)
    came = np.asarray(split.bought[pairs.user, pairs.item]).ravel() > 0
    for low in (0.05, 0.1, 0.2, 0.4):
        within = (model.chance >= low) & (model.chance < 2 * low)
        assert came[within].mean() == pytest.approx(model.chance[within].mean(), abs=0.08)


def test_what_is_new_to_a_customer_is_told_best_by_what_others_bought(invoices: Interactions) -> None:
    split = time_split(invoices, cut=CUT, is_new_only=True)
    rules = [not_bought_lately(split.train)]
    models: list[Recommender] = [fit_popularity(split.train), fit_item_item(split.train)]
    table = {row["model"]: row for row in evaluate(models, split, rules=rules, draws=100).to_pylist()}
    assert table["item-item cosine"]["ndcg"] > table["popular"]["ndcg"]
    assert table["popular"]["behind_low"] > 0
