"""BG/NBD and MBG/NBD with what is known of customers and does not change while they are observed: channel, region.

alpha = alpha0 exp(-buying' z), a = a0 exp(leaving' z), b = b0 exp(staying' z): a positive effect on buying makes
purchases more frequent by that factor, one on leaving or staying moves the probability of leaving up or down.
Source: Fader and Hardie (2007), Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.stats import chi2

from zhike.science.clv._beta_geo_likelihood import BetaGeoLikelihood
from zhike.science.clv._likelihood import maximize, standard_errors
from zhike.science.clv.beta_geo import NAMES, BetaGeo, fit_beta_geo
from zhike.science.clv.histories import KEYS, Floats, Histories, HistoryInvalid, Integers, NotIdentified
from zhike.science.clv.nbd import Nbd

if TYPE_CHECKING:
    import ibis.expr.types as ir

EFFECTS = ("buying", "leaving", "staying")


@dataclass(frozen=True, kw_only=True)
class DescribedHistories(Histories):
    """Distinct histories of customers with the same covariates.

    covariates: numbers by name, an entry for each history; categories as 0 and 1, all but one of them.
    """

    covariates: Mapping[str, Floats]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.covariates:
            raise HistoryInvalid("without covariates there is a model of its own")
        for name, values in self.covariates.items():
            if len(values) != len(self.frequency) or not np.isfinite(values).all():
                raise HistoryInvalid(f"{name} has to be a number for each history")

    @classmethod
    def of_described(cls, histories: Histories, covariates: Mapping[str, Any]) -> Self:
        """covariates: by name, of each of these histories."""
        return cls(
            frequency=histories.frequency,
            recency=histories.recency,
            age=histories.age,
            customers=histories.customers,
            covariates={name: np.asarray(values, dtype=np.float64) for name, values in covariates.items()},
        )

    @classmethod
    def of_described_table(cls, rows: ir.Table, *, covariates: Sequence[str]) -> Self:
        """From :func:`zhike.science.purchases.calibrated_summary` with columns of covariates; the engine groups."""
        keys = (*KEYS, *covariates)
        counted = rows.group_by(*keys).agg(customers=rows.count()).order_by(keys).to_pyarrow()
        values = {name: counted[name].to_numpy(zero_copy_only=False).astype(np.float64) for name in covariates}
        return cls.of_described(Histories.of_arrow(counted), values)

    def patterns(self, names: Sequence[str]) -> tuple[Floats, Integers]:
        """Distinct covariates in the order of these names, a row each, and of each history the place of its own."""
        missing = [name for name in names if name not in self.covariates]
        if missing:
            raise HistoryInvalid(f"nothing is told of {', '.join(missing)}")
        known = np.column_stack([self.covariates[name] for name in names])
        distinct, place = np.unique(known, axis=0, return_inverse=True)
        return distinct, place.reshape(-1)


@dataclass(frozen=True, kw_only=True)
class DescribedBetaGeo:
    """base: of a customer all of whose covariates are 0. buying, leaving, staying: effects by covariate, on a
    logarithmic scale. gain: of log-likelihood over the model without covariates."""

    base: BetaGeo
    buying: Mapping[str, float]
    leaving: Mapping[str, float]
    staying: Mapping[str, float]
    log_likelihood: float
    gain: float

    @property
    def name(self) -> str:
        return f"{self.base.name} with covariates"

    @property
    def p_value(self) -> float:
        """Of the likelihood ratio: how likely such a gain is where the covariates tell nothing."""
        return float(chi2.sf(2 * max(self.gain, 0.0), len(EFFECTS) * len(self.buying)))

    def of_customer(self, covariates: Mapping[str, float]) -> BetaGeo:
        """The model without covariates that holds for customers who have these."""
        buying, leaving, staying = (
            sum(effect * covariates[name] for name, effect in getattr(self, kind).items()) for kind in EFFECTS
        )
        return replace(
            self.base,
            alpha=self.base.alpha * float(np.exp(-buying)),
            a=self.base.a * float(np.exp(leaving)),
            b=self.base.b * float(np.exp(staying)),
        )

    def standard_errors(self, histories: DescribedHistories) -> dict[str, float]:
        """Of r, alpha, a, b and, as `buying web`, of the effects, for the histories that they were fitted to."""
        names = list(self.buying)
        likelihood = _Likelihood(histories, names, is_modified=self.base.is_modified)
        fitted = {name: getattr(self.base, name) for name in NAMES}
        for kind in EFFECTS:
            fitted |= {f"{kind} {name}": getattr(self, kind)[name] for name in names}
        # An effect has no scale of its own, where it is about 0; its covariate's spread does.
        steps = [*(fitted[name] for name in NAMES), *np.tile(1 / _spread(histories, names)[1], len(EFFECTS))]
        return standard_errors(likelihood, fitted, scale=np.array(steps))

    def p_alive(self, histories: DescribedHistories) -> Floats:
        """The probability that a customer of each history has not left."""
        return self._by_pattern(histories, lambda model, some: model.p_alive(some))

    def expected_purchases(self, histories: DescribedHistories, *, time: float) -> Floats:
        """Of one customer of each history, within that time after the end."""
        return self._by_pattern(histories, lambda model, some: model.expected_purchases(some, time=time))

    def _by_pattern(self, histories: DescribedHistories, answer: Any) -> Floats:
        names = list(self.buying)
        distinct, place = histories.patterns(names)
        found = np.zeros(len(histories.frequency))
        order = np.argsort(place, kind="stable")
        bounds = np.searchsorted(place[order], np.arange(len(distinct) + 1))
        for number, known in enumerate(distinct):
            held = order[bounds[number] : bounds[number + 1]]
            some = Histories(
                frequency=histories.frequency[held],
                recency=histories.recency[held],
                age=histories.age[held],
                customers=histories.customers[held],
            )
            found[held] = answer(self.of_customer(dict(zip(names, known, strict=True))), some)
        return found


def fit_described_beta_geo(histories: DescribedHistories, *, is_modified: bool = False) -> DescribedBetaGeo | Nbd:
    """The parameters of the highest likelihood; where drop-out does not earn its parameters, NBD, which says so.

    The cost is that of distinct histories with their covariates: put numbers such as an income into classes.

    :raises zhike.science.clv.histories.NotIdentified: nobody bought again, or a covariate is the same for everybody or
        follows from the others
    """
    names = list(histories.covariates)
    middle, spread = _spread(histories, names)
    plain = fit_beta_geo(histories, is_modified=is_modified)
    if isinstance(plain, Nbd):
        return replace(plain, boundary_of=f"{plain.boundary_of} with covariates")
    likelihood = _Likelihood(histories, names, is_modified=is_modified, middle=middle, spread=spread)
    start = [*(getattr(plain, name) for name in NAMES), *np.zeros(len(EFFECTS) * len(names))]
    found, value = maximize(likelihood, starts=[start], unbounded=len(EFFECTS) * len(names))
    buying, leaving, staying = found[len(NAMES) :].reshape(len(EFFECTS), -1) / spread
    r, alpha, a, b = found[: len(NAMES)]
    base = replace(
        plain,
        r=float(r),
        alpha=float(alpha * np.exp(buying @ middle)),
        a=float(a * np.exp(-leaving @ middle)),
        b=float(b * np.exp(-staying @ middle)),
        log_likelihood=value,
    )
    effects = {
        kind: dict(zip(names, map(float, values), strict=True))
        for kind, values in zip(EFFECTS, (buying, leaving, staying), strict=True)
    }
    return DescribedBetaGeo(base=base, log_likelihood=value, gain=value - plain.log_likelihood, **effects)


class _Likelihood:
    """Of r, alpha0, a0, b0 and the effects, of buying first; covariates are told from their middle, in spreads."""

    def __init__(
        self,
        histories: DescribedHistories,
        names: Sequence[str],
        *,
        is_modified: bool,
        middle: Any = 0.0,
        spread: Any = 1.0,
    ) -> None:
        distinct, place = histories.patterns(names)
        self._known = (distinct - middle) / spread
        self._of = BetaGeoLikelihood(histories, is_modified=is_modified, pattern=place)

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        (r, alpha, a, b), effects = parameters[: len(NAMES)], parameters[len(NAMES) :]
        with np.errstate(over="ignore"):
            buying, leaving, staying = np.exp(effects.reshape(len(EFFECTS), -1) @ self._known.T)
        value, by_r, by_alpha, by_a, by_b = self._of.by_pattern(float(r), alpha / buying, a * leaving, b * staying)
        by_alpha, by_a, by_b = by_alpha / buying, by_a * leaving, by_b * staying
        of_effects = [-(by_alpha * alpha) @ self._known, (by_a * a) @ self._known, (by_b * b) @ self._known]
        return value, np.concatenate([[by_r, by_alpha.sum(), by_a.sum(), by_b.sum()], *of_effects])


def _spread(histories: DescribedHistories, names: Sequence[str]) -> tuple[Floats, Floats]:
    """Mean and standard deviation over customers of each covariate.

    :raises NotIdentified: one tells nothing, or nothing that the others do not
    """
    histories.check_identified()
    known = np.column_stack([histories.covariates[name] for name in names])
    weights = histories.customers / histories.customer_count
    middle = weights @ known
    spread = np.sqrt(weights @ (known - middle) ** 2)
    constant = [name for name, one, mean in zip(names, spread, middle, strict=True) if one <= 1e-12 * (1 + abs(mean))]
    if constant:
        raise NotIdentified(f"the same for everybody: {', '.join(constant)}")
    scaled = (known - middle) / spread
    if np.linalg.matrix_rank((scaled * weights[:, None]).T @ scaled, tol=1e-9) < len(names):
        raise NotIdentified(f"one follows from the others: {', '.join(names)}")
    return middle, spread
