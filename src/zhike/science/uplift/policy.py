"""What treating only some customers costs and brings, against nobody, everybody and as many chosen by chance.

Every figure is a mean of effects, a number for each customer whose mean over any group is what treating that group
brings: by the arms' shares alone (:func:`weighted_effects`), or by models that take noise off
(:func:`zhike.science.uplift.learners.robust_scores`).
Sources: Athey and Wager, Policy learning with observational data (2021); Hitsch, Misra and Zhang, Heterogeneous
treatment effects and optimal targeting policy evaluation (2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from zhike.science.experiments.arms import Arm
from zhike.science.experiments.comparing import Estimate, Metric, compare
from zhike.science.uplift.trial import Floats, NotNumbers, Trial, TrialInvalid

TENTHS = tuple(place / 10 for place in range(1, 11))


@dataclass(frozen=True, kw_only=True)
class Costs:
    """margin: of one more of the outcome (of an order, or share of an amount). contact: of treating one customer.

    :raises ValueError: a negative cost
    """

    margin: float
    contact: float

    def __post_init__(self) -> None:
        if not (np.isfinite(self.margin) and 0 <= self.contact < np.inf):
            raise ValueError(f"a margin, and costs of 0 or more: {self}")


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Treating the customers with the best scores, as many as `share` says, of all that the scores are of.

    contacts: customers treated. gain: outcomes that this brings. profit: gain by margin, less the cost of all contacts.
    against_chance: profit less that of as many contacts chosen by chance: what the choice itself is worth.
    against_everybody: profit less that of treating everybody.
    cost_per_gain: of one outcome more, with its interval; None where it is not sure that any is brought, and the
    interval has no upper end (infinite) there.
    """

    share: float
    contacts: int
    gain: Estimate
    profit: Estimate
    against_chance: Estimate
    against_everybody: Estimate
    cost_per_gain: float | None
    cost_low: float
    cost_high: float


def uplift_at(scores: Any, trial: Trial, *, share: float) -> Estimate:
    """How much more of the outcome the treated have than the others, among the share with the best scores.

    As scikit-uplift's `uplift_at_k(strategy="overall")`, with its error; of equal scores by lot (seeded).

    :raises EmptyArm: fewer than two of an arm are among them
    """
    chosen = _best(scores, len(trial.outcome), share)
    treated, control = (trial.outcome[chosen & arm] for arm in (trial.treated, ~trial.treated))
    return compare(Arm.of_values(y=treated), Arm.of_values(y=control), metric=Metric(of="y")).difference


def weighted_effects(trial: Trial) -> Floats:
    """An effect for each customer by the arms' shares: plus the outcome of the treated, minus that of the others."""
    return trial.outcome * np.where(trial.treated, 1 / trial.share, -1 / (1 - trial.share))


def policy_of(scores: Any, effects: Floats, *, share: float, costs: Costs) -> Policy:
    """Costs and gains of treating that share of the customers.

    scores: of who comes first, made without the customer's own outcome; of equal ones by lot (seeded).
    effects: of each, as above. Shares that were themselves chosen by these figures look better than they are; judge
    them by another trial.

    :raises ValueError: a share that is not above 0 and at most 1
    :raises NotNumbers: an effect or a score is no number
    """
    if len(effects) < 2 or not np.isfinite(effects).all():
        raise NotNumbers("two effects at least, and each a number")
    size = len(effects)
    chosen = _best(scores, size, share)
    contacts = int(chosen.sum())
    gain = _total(effects * chosen)
    worth = costs.margin * effects - costs.contact
    cost = contacts * costs.contact
    low, high = gain.interval()
    return Policy(
        share=share,
        contacts=contacts,
        gain=gain,
        profit=_total(worth * chosen),
        against_chance=_total(worth * (chosen - contacts / size)),
        against_everybody=_total(worth * (chosen - 1.0)),
        cost_per_gain=cost / gain.value if low > 0 else None,
        cost_low=cost / high if high > 0 else float("inf"),
        cost_high=cost / low if low > 0 else float("inf"),
    )


def profit_curve(scores: Any, effects: Floats, *, costs: Costs, shares: Sequence[float] = TENTHS) -> list[Policy]:
    """The policy of each share, smallest first."""
    return [policy_of(scores, effects, share=share, costs=costs) for share in sorted(shares)]


def _best(scores: Any, size: int, share: float) -> np.ndarray[Any, np.dtype[np.bool_]]:
    ranked = np.asarray(scores, dtype=np.float64)
    if len(ranked) != size:
        raise TrialInvalid("a score for each customer")
    if not np.isfinite(ranked).all():
        raise NotNumbers("a score is no number")
    if not 0 < share <= 1:
        raise ValueError(f"a share above 0 and at most 1: {share}")
    chosen = np.zeros(size, dtype=np.bool_)
    # Trees tell many the same score. Were the first of them taken, a table in the order of its outcomes would decide.
    lot = np.random.default_rng(0).permutation(size)
    chosen[np.lexsort((lot, -ranked))[: int(size * share + 1e-9)]] = True
    return chosen


def _total(values: Floats) -> Estimate:
    """The sum over the customers; its error that of drawing as many customers anew."""
    size = len(values)
    return Estimate(
        value=float(values.sum()),
        standard_error=float(values.std(ddof=1)) * sqrt(size),
        degrees=size - 1,
        count=size,
    )
