"""Rules before scores, variety, and lists for people nobody knows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhike.science.recommending.lists import Variety, list_places, recommend
from zhike.science.recommending.models import SettingInvalid, fit_bought_before, fit_popularity
from zhike.science.recommending.neighbours import fit_ease, fit_item_item
from zhike.science.recommending.rules import Rule, not_bought_lately, not_for, only_offered, only_suitable, refusals
from zhike.science.recommending.simulation import simulate_interactions
from zhike.science.tests.recommending.shops import listed, of_pairs, shop

CLASSES = ["R1", "R2", "R3", "R4", "R5"]
FUNDS = simulate_interactions(60, 20, seed=8)


@settings(deadline=None, max_examples=60)
@given(
    customers=st.dictionaries(st.integers(1, 65), st.sampled_from([*CLASSES, "?", None])),
    products=st.dictionaries(st.integers(1, 20), st.sampled_from([*CLASSES, "?", None])),
    model=st.sampled_from([fit_popularity, fit_ease, fit_item_item, fit_bought_before]),
    is_varied=st.booleans(),
)
def test_nothing_riskier_than_suitable_is_ever_recommended(
    customers: dict[int, str | None], products: dict[int, str | None], model: type, is_varied: bool
) -> None:
    rule = only_suitable(FUNDS, classes=CLASSES, customers=customers, products=products)
    variety = Variety(categories=np.arange(20) % 4, most=2) if is_varied else None
    asked = [*range(1, 66)]  # the last five are unknown
    table = recommend(model(FUNDS), FUNDS, customers=asked, rules=[rule], variety=variety)
    for row in table.to_pylist():
        bears, risk = customers.get(row["customer_id"]), products.get(row["product_id"])
        assert bears in CLASSES
        assert risk in CLASSES
        assert CLASSES.index(risk) <= CLASSES.index(bears)
        assert refusals([rule], FUNDS, customer=row["customer_id"], product=row["product_id"]) == []


def test_rules_are_kept_by_model_and_fallback_alike_and_say_why() -> None:
    interactions = shop([(1, "a", 0, 1), (1, "b", 90, 1), (2, "c", 90, 1), (2, "d", 90, 1), (3, "a", 90, 1)])
    rules: list[Rule] = [
        only_offered(interactions, ["a", "b", "d", "unheard of"]),
        not_bought_lately(interactions, days=30),
        not_for(interactions, [(2, "a"), (9, "a")], reason="declined"),
    ]
    found = listed(recommend(fit_bought_before(interactions), interactions, customers=[1, 2, 3, 9], rules=rules))
    assert {user: set(items) for user, items in found.items()} == {
        1: {"a", "d"},
        2: {"b"},
        3: {"b", "d"},
        9: {"a", "b", "d"},
    }
    assert refusals(rules, interactions, customer=1, product="c") == ["out of stock"]
    assert refusals(rules, interactions, customer=2, product="d") == ["bought already"]
    assert refusals(rules, interactions, customer=2, product="a") == ["declined"]
    assert refusals(rules, interactions, customer=1, product="a") == []
    with pytest.raises(KeyError):
        refusals(rules, interactions, customer=1, product="unheard of")
    never = [not_bought_lately(interactions)]
    assert "a" not in listed(recommend(fit_popularity(interactions), interactions, rules=never))[1]


def test_the_unknown_and_the_silent_get_what_sells_and_it_is_said() -> None:
    interactions = of_pairs([(1, "a"), (2, "a"), (3, "b")])
    rows = recommend(fit_bought_before(interactions), interactions, customers=[3, 42]).to_pylist()
    told = [(row["customer_id"], row["rank"], row["product_id"], row["source"]) for row in rows]
    assert told == [
        (3, 1, "b", "bought before"),
        (3, 2, "a", "popular"),
        (42, 1, "a", "popular"),
        (42, 2, "b", "popular"),
    ]


def test_nobody_asked_for_gets_no_list() -> None:
    interactions = of_pairs([(1, "a"), (2, "b")])
    for model in (fit_popularity(interactions), fit_item_item(interactions), fit_ease(interactions)):
        assert recommend(model, interactions, customers=[], reasons=1).num_rows == 0


def test_without_a_fallback_a_list_ends_where_the_model_does() -> None:
    interactions = of_pairs([(1, "a"), (2, "a"), (2, "b")])
    found = list_places(fit_bought_before(interactions), np.array([0, 1, -1]), count=5)
    assert found.places.tolist() == [[0, -1], [0, 1], [-1, -1]]


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 12), st.integers(0, 50))
def test_lists_are_the_scores_in_order(count: int, seed: int) -> None:
    interactions = simulate_interactions(30, 15, seed=seed)
    model = fit_item_item(interactions)
    users = np.arange(30)
    scores, found = model.score(users), list_places(model, users, count=count)
    for row, places in zip(scores, found.places, strict=True):
        expected = sorted(range(15), key=lambda item: (-row[item], item))[:count]
        assert [place for place in places if place >= 0] == [item for item in expected if row[item] > 0]


def test_batches_and_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    interactions = simulate_interactions(200, 40, seed=4)
    model, sells, users = fit_ease(interactions), fit_popularity(interactions), np.arange(-1, 200)
    expected = list_places(model, users, count=7, fallback=sells).places
    monkeypatch.setattr("zhike.science.recommending.lists._CELLS", 40 * 17)
    assert (list_places(model, users, count=7, fallback=sells, threads=2).places == expected).all()


def test_a_category_fills_no_more_of_a_list_than_its_cap() -> None:
    interactions = simulate_interactions(100, 30, seed=6)
    kinds = np.arange(30) % 5
    variety = Variety(categories=kinds, most=2, pool=10)
    found = list_places(fit_ease(interactions), np.arange(100), count=10, variety=variety)
    for places in found.places:
        assert np.bincount(kinds[places]).max() <= 2
        assert len(set(places)) == 10


def test_variety_trades_score_for_being_different() -> None:
    interactions = simulate_interactions(150, 40, seed=7)
    alike = fit_item_item(interactions, shrinkage=0).weights.toarray()
    model, users = fit_ease(interactions), np.arange(150)

    def sameness(trade_off: float) -> float:
        variety = Variety(similarity=alike, trade_off=trade_off, pool=4)
        places = list_places(model, users, count=8, variety=variety).places
        return float(np.mean([alike[np.ix_(row, row)].sum() for row in places]))

    plain = list_places(model, users, count=8).places
    assert (list_places(model, users, count=8, variety=Variety(similarity=alike)).places == plain).all()
    assert sameness(0.2) < sameness(0.6) < sameness(1)


def test_the_first_by_marginal_relevance_are_those_of_the_slow_way() -> None:
    dice = np.random.default_rng(9)
    scores = -np.sort(-dice.random((5, 12)).astype(np.float32), axis=1)
    alike = dice.random((12, 12))
    places = np.array([dice.permutation(12) for _row in range(5)])
    chosen, _worth = Variety(similarity=alike, trade_off=0.5, pool=3).choose(places, scores, 4)
    for row, own in enumerate(places):
        value = (scores[row] - scores[row].min()) / (scores[row].max() - scores[row].min())
        slow: list[int] = []
        while len(slow) < 4:
            rest = [at for at in range(12) if own[at] not in slow]
            best = max(
                rest, key=lambda at: 0.5 * value[at] - 0.5 * max((alike[one, own[at]] for one in slow), default=0)
            )
            slow.append(int(own[best]))
        assert chosen[row].tolist() == slow


def test_settings_of_lists_that_make_no_sense_are_refused() -> None:
    interactions = of_pairs([(1, "a")])
    for refused in (
        lambda: recommend(fit_popularity(interactions), interactions, count=0),
        lambda: Variety(trade_off=1.1),
        lambda: Variety(most=2),
        lambda: Variety(pool=0),
        lambda: not_bought_lately(interactions, days=0),
        lambda: only_suitable(interactions, classes=["R1", "R1"], customers={}, products={}),
    ):
        with pytest.raises(SettingInvalid):
            refused()
