"""A randomised trial: features, who was treated, what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

type Floats = np.ndarray[Any, np.dtype[np.float64]]
type Flags = np.ndarray[Any, np.dtype[np.bool_]]
type Places = np.ndarray[Any, np.dtype[np.int64]]

LEAST = 2  # customers of an arm


class TrialInvalid(ValueError):
    """The figures of a trial cannot be worked with."""


class OneArm(TrialInvalid):
    """An arm has no two customers."""


class NoOutcomes(TrialInvalid):
    """The outcome is the same for all, so that nothing can be learned from it."""


class NotNumbers(TrialInvalid):
    """A feature is infinite, or an outcome or a score is no number."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One row a customer.

    features: numbers, a column each; NaN is unknown, which boosted trees take as it is. treated: by chance, with a
    probability that does not depend on the features. outcome: 0 and 1, or an amount.

    :raises TrialInvalid: columns of different lengths, and as OneArm, NoOutcomes, NotNumbers say
    """

    features: Floats
    treated: Flags
    outcome: Floats

    def __post_init__(self) -> None:
        sizes = {len(self.features), len(self.treated), len(self.outcome)}
        if len(sizes) != 1 or self.features.ndim != 2:
            raise TrialInvalid(f"columns of different lengths: {sorted(sizes)}")
        check_outcomes(self.treated, self.outcome)
        if np.isinf(self.features).any():
            raise NotNumbers("a feature is infinite")
        if np.ptp(self.outcome) == 0:
            raise NoOutcomes(f"the outcome is {self.outcome[0]} for all")

    @classmethod
    def of_columns(cls, features: Any, treated: Any, outcome: Any) -> Self:
        return cls(
            features=np.asarray(features, dtype=np.float64),
            treated=flags(treated),
            outcome=np.asarray(outcome, dtype=np.float64),
        )

    @property
    def share(self) -> float:
        """Of the treated."""
        return float(self.treated.mean())

    def only(self, places: Any) -> Trial:
        return Trial(features=self.features[places], treated=self.treated[places], outcome=self.outcome[places])


def flags(treated: Any) -> Flags:
    """Booleans, or numbers 0 and 1.

    :raises NotNumbers: anything else, which would be taken for treated
    """
    told = np.asarray(treated)
    if told.dtype != np.bool_ and not np.isin(told, (0, 1)).all():
        raise NotNumbers("treated is 0 or 1")
    return told.astype(np.bool_)


def check_outcomes(treated: Flags, outcome: Floats) -> None:
    """:raises OneArm, NotNumbers: of what is told, only these columns"""
    count = int(treated.sum())
    if count < LEAST or len(treated) - count < LEAST:
        raise OneArm(f"{count} treated and {len(treated) - count} not")
    if not np.isfinite(outcome).all():
        raise NotNumbers("an outcome is no number")
