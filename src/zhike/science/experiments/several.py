"""Several arms and metrics at once, and how many of the findings are chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from zhike.science.contrast import adjust
from zhike.science.experiments.arms import Arm, OneArm
from zhike.science.experiments.comparing import Effect, Metric, NoVariance, compare


def holm(ps: Sequence[float]) -> list[float]:
    """Each p-value so that at the level where it is compared, any false finding at all is no likelier than that level.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]

    Source: Holm, A simple sequentially rejective multiple test procedure (1979).
    """
    found, worst = [1.0] * len(ps), 0.0
    for rank, place in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        worst = max(worst, min(1.0, ps[place] * (len(ps) - rank)))
        found[place] = worst
    return found


CORRECTIONS: Mapping[str, Callable[[Sequence[float]], list[float]]] = MappingProxyType(
    {"holm": holm, "benjamini_hochberg": adjust}
)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """effect: None where no value differs from another in either arm, so that nothing says how sure it is.
    adjusted_p: of its difference, among all that were compared; 1 without an effect."""

    arm: str
    metric: Metric
    effect: Effect | None
    adjusted_p: float


def compare_all(
    arms: Mapping[str, Arm],
    metrics: Sequence[Metric],
    *,
    control: str,
    correction: str = "holm",
    tuning: float | None = None,
) -> list[Finding]:
    """Every metric of every arm against the control, in the order given.

    A metric without variance is no hypothesis, and does not count among them.

    correction: "holm" against any false finding, "benjamini_hochberg" against a share of them (0.05 of what is found).
    tuning: with it, always-valid p-values are adjusted, which hold under continuous looking.

    :raises OneArm: there is none but the control, or no control
    :raises zhike.science.experiments.arms.EmptyArm: an arm of fewer than two
    """
    if control not in arms or len(arms) < 2:
        raise OneArm(f"wants {control!r} and another arm")
    pairs = [(name, metric) for name in arms if name != control for metric in metrics]
    effects = [_compare(arms[name], arms[control], metric) for name, metric in pairs]
    differences = [effect.difference for effect in effects if effect]
    ps = [one.p if tuning is None else one.always_valid_p(tuning=tuning) for one in differences]
    adjusted = iter(CORRECTIONS[correction](ps))
    return [
        Finding(arm=name, metric=metric, effect=effect, adjusted_p=next(adjusted) if effect else 1.0)
        for (name, metric), effect in zip(pairs, effects, strict=True)
    ]


def _compare(arm: Arm, control: Arm, metric: Metric) -> Effect | None:
    try:
        return compare(arm, control, metric=metric)
    except NoVariance:
        return None
