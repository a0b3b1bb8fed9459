"""What Spark has a way of its own for: factors by MLlib, and duplicates by Splink."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from pyarrow import array

from zhike.duplicates import measures
from zhike.engine.backend import spark_session
from zhike.science.recommending.evaluation import evaluate, time_split
from zhike.science.recommending.factors import fit_als
from zhike.science.recommending.interactions import Interactions
from zhike.science.recommending.lists import recommend
from zhike.science.recommending.models import UNKNOWN
from zhike.science.recommending.simulation import simulate_interactions

CUT = date(1970, 1, 1) + timedelta(days=270)
SURNAMES, GIVEN, ROADS = "赵钱孙李周吴郑王冯陈", "伟芳娜敏静强磊洋艳勇军杰", ("南京路", "中山路", "解放街")


def test_als_on_the_cluster_is_as_good_as_here(spark_engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert spark_session() is None
    monkeypatch.setenv("ZHIKE_ENGINE", spark_engine)
    split = time_split(simulate_interactions(400, 100, seed=3), cut=CUT)
    here = fit_als(split.train, factors=16)
    there, again = (fit_als(split.train, factors=16, session=spark_session()) for _ in range(2))
    assert there.users.tolist() == again.users.tolist()
    one, other = (evaluate([model], split, draws=10).to_pylist()[0]["ndcg"] for model in (here, there))
    assert other == pytest.approx(one, rel=0.05)
    assert (there.score(np.array([UNKNOWN])) == -np.inf).all()
    bought = split.train.held.indices[: split.train.held.indptr[1]]
    assert set(there.because(0, int(bought[0]))) <= set(bought)


def test_whoever_bought_nothing_is_told_nothing(spark_engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIKE_ENGINE", spark_engine)
    places = np.array([0, 0, 2, 2, 2])
    shop = Interactions.of_codes(array([1, 2, 3]), array(["a", "b", "c"]), places, np.array([0, 1, 0, 1, 1]), places)
    model = fit_als(shop, factors=2, session=spark_session())
    assert np.isneginf(model.score(np.array([0, 1, 2]))).any(axis=1).tolist() == [False, True, False]
    assert model.items[2].tolist() == [0, 0]
    assert {row["customer_id"] for row in recommend(model, shop, customers=[1, 2, 3]).to_pylist()} == {1, 2, 3}


def test_the_scan_for_duplicates_finds_the_same(spark_engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    customers = with_doubles(160, 40)
    here = measures.scan(customers, session=spark_session())
    monkeypatch.setenv("ZHIKE_ENGINE", spark_engine)
    there = measures.scan(customers, session=spark_session())
    for one, other in ((here.persons, there.persons), (here.firms, there.firms)):
        assert one.pairs.schema == other.pairs.schema
        rows, others = ({(row["left"], row["right"]): row for row in each.pairs.to_pylist()} for each in (one, other))
        assert rows.keys() == others.keys()
        for pair, row in rows.items():
            assert others[pair] == pytest.approx(row, rel=1e-9)
        assert [worth.pair_count for worth in one.worths] == [worth.pair_count for worth in other.worths]
    likely = {(row["left"], row["right"]) for row in there.persons.pairs.to_pylist() if row["probability"] > 0.9}
    true = {(number, 1000 + number) for number in range(40)}
    assert len(likely & true) > 30


def with_doubles(count: int, twice: int) -> pl.DataFrame:
    """Persons and firms; the first so many once more, with a slip in the phone number or the birthday."""
    chance = np.random.default_rng(5)

    def drawn(choices: str) -> str:
        return choices[int(chance.integers(len(choices)))]

    rows = []
    for number in range(count):
        name = drawn(SURNAMES) + drawn(GIVEN) + drawn(GIVEN)
        person = {
            "id": number,
            "kind": "person",
            "name": name,
            "reading": " ".join(f"x{ord(each)}" for each in name),
            "province": "江苏省",
            "city": ("南京市", "苏州市")[number % 2],
            "birthday": str(date(1960, 1, 1) + timedelta(days=int(chance.integers(15_000)))),
            "phones": f"13{chance.integers(10**9):09d}",
            "emails": f"u{number}@example.com" if number % 3 else "",
            "codes": "",
            "address": f"{ROADS[number % 3]}{chance.integers(300)}号",
        }
        firm = person | {"id": 5000 + number, "kind": "organisation", "name": f"{name}贸易有限公司", "birthday": ""}
        firm["phones"] = f"025{chance.integers(10**8):08d}"
        rows += [person, firm]
        if number < twice:
            slip = {"phones": person["phones"][:-1] + "0"} if number % 2 else {"birthday": "", "emails": ""}
            rows += [person | {"id": 1000 + number} | slip, firm | {"id": 6000 + number, "emails": ""}]
    return pl.DataFrame(rows)
