"""What to offer next: lists for a million customers, and one table of all models, those of implicit among them."""

import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from implicit.cpu.als import AlternatingLeastSquares
from implicit.cpu.bpr import BayesianPersonalizedRanking
from implicit.cpu.lmf import LogisticMatrixFactorization
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender

from contests import ours
from harness import emit, missed
from zhike.science.recommending.blend import fit_blend
from zhike.science.recommending.evaluation import TimeSplit, evaluate, ndcg, time_split
from zhike.science.recommending.factors import fit_als, fit_bpr
from zhike.science.recommending.interactions import Interactions
from zhike.science.recommending.models import Recommender, fit_bought_before, fit_popularity
from zhike.science.recommending.neighbours import fit_ease, fit_item_item
from zhike.science.recommending.rhythm import fit_rhythm
from zhike.science.recommending.simulation import simulate_interactions

CUSTOMERS = int(os.environ.get("ZHIKE_BENCH_CUSTOMERS", 1_000_000))
PRODUCTS = 10_000
LAST_DAY, WEEKS = date(2011, 12, 9), 13


def plant(file: Path) -> None:
    """A long tail of products, customers with tastes, fifteen purchases each on average."""
    made = simulate_interactions(CUSTOMERS, PRODUCTS)
    columns = {
        "customer_id": made.users.take(pa.array(made.user)),
        "product_id": made.items.take(pa.array(made.item)),
        "placed_on": pa.array(made.day.astype(np.int32)).cast(pa.date32()),
    }
    pq.write_table(pa.table(columns), file)


def published_split(file: Path) -> TimeSplit:
    table = ibis.duckdb.connect().read_parquet(file)
    is_sold = [table.CustomerID.notnull(), table.Quantity > 0, table.UnitPrice > 0, ~table.InvoiceNo.startswith("C")]
    sold = table.filter(*is_sold)
    lines = sold.select(
        customer_id=sold.CustomerID.cast("int64"),
        product_id=sold.StockCode,
        placed_on=sold.InvoiceDate.date(),
        quantity=sold.Quantity,
    )
    return time_split(Interactions.of_table(lines), cut=LAST_DAY - timedelta(weeks=WEEKS))


def our_models(train: Interactions) -> list[Recommender]:
    parts = {"before": fit_bought_before, "EASE": fit_ease, "rhythm": fit_rhythm}
    return [
        fit_blend(train, parts),
        fit_bought_before(train),
        fit_rhythm(train),
        fit_ease(train),
        fit_item_item(train),
        fit_item_item(train, similarity="jaccard"),
        fit_als(train),
        fit_bpr(train),
        fit_popularity(train),
    ]


def their_models() -> Iterator[tuple[str, Any]]:
    """As implicit makes them, over a grid each, so that the best of them is met; bought again may be recommended."""
    shared = {"random_state": 1, "num_threads": 1}
    for factors, penalty in ((64, 1.0), (64, 5.0), (128, 5.0), (128, 20.0), (256, 20.0)):
        yield f"ALS {factors}/{penalty}", AlternatingLeastSquares(factors=factors, regularization=penalty, **shared)
    for factors, rate in ((64, 0.01), (64, 0.05)):
        model = BayesianPersonalizedRanking(factors=factors, learning_rate=rate, iterations=200, **shared)
        yield f"BPR {factors}/{rate}", model
    yield "LMF 32", LogisticMatrixFactorization(factors=32, **shared)
    for neighbours in (20, 100, 400):
        yield f"cosine {neighbours}", CosineRecommender(K=neighbours, num_threads=1)
        yield f"TF-IDF {neighbours}", TFIDFRecommender(K=neighbours, num_threads=1)
        yield f"BM25 {neighbours}", BM25Recommender(K=neighbours, num_threads=1)


def best_of_theirs(split: TimeSplit) -> tuple[str, float]:
    found = {}
    for name, model in their_models():
        model.fit(split.train.counted, show_progress=False)
        given = split.train.counted[split.users]
        ids, scores = model.recommend(split.users, given, N=10, filter_already_liked_items=False)
        places = np.where(np.isfinite(scores), ids, -1).astype(np.int64)
        found[name] = float(ndcg(places, split.bought[split.users]).mean())
        emit("reco_ndcg_implicit", found[name], "nDCG@10", model=name)
    best = max(found, key=found.__getitem__)
    return best, found[best]


def tell_quality(file: Path) -> None:
    """Emit reco_ndcg a model, and reco_ndcg_ratio: our best by the best of implicit's."""
    split = published_split(file)
    rows = evaluate(our_models(split.train), split).to_pylist()
    for row in rows:
        told = {name: round(value, 4) for name, value in row.items() if isinstance(value, float) and name != "ndcg"}
        emit("reco_ndcg", row["ndcg"], "nDCG@10", model=row["model"], **told)
    name, best = best_of_theirs(split)
    emit("reco_ndcg_ratio", rows[0]["ndcg"] / best, "x", target=">= 1", ours=rows[0]["model"], theirs=name)


def main() -> int:
    published = Path(os.environ.get("ZHIKE_TRIAL_DATA", "")) / "online_retail" / "online_retail.parquet"
    if published.is_file():
        tell_quality(published)
    with tempfile.TemporaryDirectory(prefix="zhike-bench-", dir=os.environ.get("ZHIKE_BENCH_FOLDER")) as folder:
        file = Path(folder) / "purchases.parquet"
        plant(file)
        told = ours("recommend_zhike", file)
        seconds = {name: round(value, 1) for name, value in told.found.items()}
        used = {"cpu_s": round(told.cpu_seconds, 1), "peak_mb": round(told.peak_mb)}
        emit("reco_1m_s", told.wall_seconds, "s", target="<= 600", **used, **seconds)
    return 1 if missed() else 0


if __name__ == "__main__":
    sys.exit(main())
