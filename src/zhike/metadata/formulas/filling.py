"""Records with what is computed for them beside what is kept."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from zhike.metadata.formulas.evaluating import LookUp, as_json, evaluate
from zhike.metadata.kinds import Json
from zhike.metadata.selectors.designs import design_of


def filled(record: str, custom: Mapping[str, Json], *, plain: LookUp, today: date) -> dict[str, Json]:
    """A record's values with those of its formulas, for showing; before anything is concealed."""
    design = design_of(record)
    found = dict(custom)
    for key, formula in design.formulas.items():
        value = evaluate(formula.node, custom=custom, plain=plain, today=today)
        if value is not None:
            found[key] = as_json(value)
    return found


def of_instance(instance: Any) -> LookUp:
    """Columns of a loaded record, and of what hangs on it."""

    def look_up(path: str) -> Any:
        found = instance
        for part in path.split("__"):
            found = getattr(found, part, None)
        return found

    return look_up
