"""The e-mail trial, and invented ones whose effects are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from zhike.science.tests.experiments.hillstrom import NOBODY, hillstrom_rows
from zhike.science.uplift.trial import Floats, Trial


def hillstrom_trial(trial_data: Path, arm: str, outcome: str) -> Trial:
    """One campaign against nobody."""
    rows = hillstrom_rows(trial_data)
    rows = rows.filter(rows["segment"].is_in([arm, NOBODY]))
    plain = [rows[name].to_numpy() for name in ("recency", "history", "mens", "womens", "newbie")]
    kinds = [(rows[name] == kind).to_numpy() for name, kind in KINDS]
    return Trial.of_columns(np.column_stack([*plain, *kinds]), rows["segment"].to_numpy() == arm, rows[outcome])


KINDS = (("zip_code", "Urban"), ("zip_code", "Rural"), ("channel", "Web"), ("channel", "Phone"))


def invented_trial(size: int, *, seed: int, share: float = 0.5, is_rare: bool = False) -> tuple[Trial, Floats]:
    """A trial and the true uplift of each customer: it grows with the first feature, the second moves the outcome only,
    the third nothing."""
    chance = np.random.default_rng(seed)
    features = chance.random((size, 3))
    treated = chance.random(size) < share
    base, uplift = (0.001, 0.0) if is_rare else (0.1 + 0.3 * features[:, 1], 0.4 * features[:, 0])
    outcome = chance.random(size) < base + uplift * treated
    return Trial.of_columns(features, treated, outcome), np.broadcast_to(uplift, size)
