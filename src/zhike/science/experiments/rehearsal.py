"""An experiment without an effect, many times over: how often one's own data would have raised a false alarm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from zhike.science.experiments.arms import EmptyArm, Floats, NotNumbers
from zhike.science.experiments.sequential import always_valid_half_width

_AT_ONCE = 2_000_000  # values held at a time


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """Shares of the runs in which some look, or the last one, found a difference where there was none.

    always_valid: at any look, by the intervals that allow it. peeking: at any look, by intervals made for one.
    once: at the last look, by those.
    """

    runs: int
    always_valid: float
    peeking: float
    once: float


def rehearse(
    values: Any, *, runs: int, rows: int, first_look: int, tuning: float, seed: int, level: float = 0.95
) -> Rehearsal:
    """Both arms are drawn from the same values, and looked at after every pair.

    values: of the metric, as they were seen in the past. rows: of both arms together. first_look: rows of both arms at
    which the looking begins; before, the normal limit that the intervals rest on has not set in, for rare outcomes less
    so than for even ones, and that is what a rehearsal is for.

    :raises EmptyArm: fewer than two values
    :raises NotNumbers: one is missing
    :raises ValueError: no run, or no look: fewer than four rows, or a first look after the last
    """
    if runs < 1 or rows < max(4, first_look):
        raise ValueError(f"{runs} runs of {rows} rows, looked at from {first_look} on")
    pool = np.asarray(values, dtype=np.float64)
    if len(pool) < 2:
        raise EmptyArm(f"{len(pool)} values to draw from")
    if not np.isfinite(pool).all():
        raise NotNumbers("a value is missing or infinite")
    pool = pool - pool.mean()
    chance = np.random.default_rng(seed)
    pairs = rows // 2
    counts = np.arange(1, pairs + 1, dtype=np.float64)[None, :]
    looked = slice(max(first_look // 2, 2) - 1, None)
    narrow = stats.norm.ppf((1 + level) / 2)
    alarms = np.zeros(3, dtype=np.int64)
    done = 0
    while done < runs:
        size = min(runs - done, max(1, _AT_ONCE // pairs))
        difference, error = _differences(pool, chance, size, counts)
        difference, error, seen = np.abs(difference[:, looked]), error[:, looked], 2 * counts[:, looked]
        # Nothing is said as long as no value differed.
        error = np.where(error > 0, error, np.inf)
        wide = always_valid_half_width(1.0, seen, tuning=tuning, level=level)
        in_errors = difference / error
        alarms += [
            int((in_errors > wide).any(axis=1).sum()),
            int((in_errors > narrow).any(axis=1).sum()),
            int((in_errors[:, -1] > narrow).sum()),
        ]
        done += size
    always, peeking, once = (float(count) / runs for count in alarms)
    return Rehearsal(runs=runs, always_valid=always, peeking=peeking, once=once)


def _differences(pool: Floats, chance: np.random.Generator, runs: int, counts: Floats) -> tuple[Floats, Floats]:
    """Of the means after each pair, and their standard errors; a row for each run."""
    means, variances = [], []
    for _arm in range(2):
        drawn = pool[chance.integers(len(pool), size=(runs, counts.shape[1]))]
        mean = np.cumsum(drawn, axis=1) / counts
        square = np.cumsum(drawn * drawn, axis=1) / counts
        means.append(mean)
        variances.append(np.maximum(square - mean * mean, 0) / np.maximum(counts - 1, 1))
    return means[0] - means[1], np.sqrt(variances[0] + variances[1])
