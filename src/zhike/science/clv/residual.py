"""What the customers of today are still worth: purchases to come, those of later years counted for less."""

from __future__ import annotations

from zhike.science.clv.histories import Floats, Histories
from zhike.science.clv.scoring import RepeatModel

YEAR_WEEKS = 365.25 / 7


def discounted_purchases(
    model: RepeatModel, histories: Histories, *, annual_rate: float, weeks: int, step_weeks: int = 4
) -> Floats:
    """Expected purchases of a customer of each history in the weeks to come, discounted.

    annual_rate: of discount, 0.1 for 10 % a year, compounded. Purchases of a step count as if made in its middle.
    Times a purchase's margin (:mod:`zhike.science.clv.gamma_gamma`) it is the residual lifetime value, before costs.

    :raises ValueError: a rate of -1 or less, or nothing to look at
    """
    if annual_rate <= -1 or weeks < 1 or step_weeks < 1:
        raise ValueError(f"a rate above -1, and a week or more: {annual_rate}, {weeks}, {step_weeks}")
    ends = [*range(step_weeks, weeks, step_weeks), weeks]
    known = model.expected_purchases(histories, time=0.0)
    found = known * 0
    start = 0
    for end in ends:
        until = model.expected_purchases(histories, time=float(end))
        found += (until - known) * (1 + annual_rate) ** (-(start + end) / 2 / YEAR_WEEKS)
        known, start = until, end
    return found
