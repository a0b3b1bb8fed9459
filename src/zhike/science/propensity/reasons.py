"""Why a customer got their probability."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zhike.science.propensity.inputs import Floats, Inputs
from zhike.science.propensity.learning import Propensity

if TYPE_CHECKING:
    import pyarrow as pa

MOST = 3


def reasons(propensity: Propensity, inputs: Inputs, *, most: int = MOST) -> pa.Table:
    """The features that move each customer's probability most, up or down.

    What a feature adds to the logarithm of the odds before calibration: exact Shapley values of trees; of the logit,
    its distance from the average customer's; of both, the mean. A calibration keeps the order, and so the direction.

    Returns a row for each customer and reason: row (the place in `inputs`), rank (1: the strongest), feature, value (as
    text; null where missing), contribution (to the log odds), raises (whether it makes it likelier).

    :raises zhike.science.propensity.inputs.InputsInvalid: other features than were learnt
    """
    import pyarrow as pa

    taken = propensity.taken(inputs)
    told = propensity.model.contributions(taken)[:, :-1]
    shown = min(most, told.shape[1])
    strongest = np.argsort(-np.abs(told), axis=1, kind="stable")[:, :shown]
    row = np.repeat(np.arange(len(taken)), shown)
    place = strongest.ravel()
    contribution = told[row, place]
    return pa.table(
        {
            "row": row,
            "rank": np.tile(np.arange(1, shown + 1), len(taken)),
            "feature": np.array(taken.names)[place],
            "value": pa.array(_said(taken, row, place), pa.string()),
            "contribution": contribution,
            "raises": contribution > 0,
        }
    )


def importance(propensity: Propensity, inputs: Inputs) -> dict[str, float]:
    """The mean size of what each feature adds, the largest first."""
    taken = propensity.taken(inputs)
    sizes: Floats = np.abs(propensity.model.contributions(taken)[:, :-1]).mean(axis=0)
    return dict(sorted(zip(taken.names, map(float, sizes), strict=True), key=lambda each: (-each[1], each[0])))


def _said(inputs: Inputs, rows: Any, places: Any) -> list[str | None]:
    said: list[str | None] = []
    for row, place in zip(rows, places, strict=True):
        value, levels = inputs.values[row, place], inputs.levels.get(inputs.names[place])
        if np.isnan(value):
            said.append(None)
        else:
            said.append(f"{value:.6g}" if levels is None else levels[int(value)])
    return said
