"""What the pages about data quality share."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from zhike.core.actor import Actor
from zhike.quality.models import Run
from zhike.quality.permissions import FIX, MANAGE, VIEW
from zhike.quality.selectors import figures
from zhike.ui.parts import Tab

STEPS = (Run.Step.READING, Run.Step.CHECKING, Run.Step.WRITING, Run.Step.DONE)


def frame(actor: Actor, current: str) -> dict[str, Any]:
    """Tabs and the state of runs. current: name of the page's address."""
    pages = (("quality", _("Work list"), FIX), ("quality_figures", _("Figures by field"), VIEW),
             ("quality_rules", _("Rules"), FIX))  # fmt: skip
    newest, latest = figures.newest_run(), figures.latest_run()
    return {
        "tabs": [
            Tab(label=label, url=reverse(name), is_current=name == current)
            for name, label, permission in pages
            if actor.may(permission)
        ],
        "run": newest,
        "latest": latest,
        **progress_of(latest),
        "may_run": actor.may(MANAGE),
    }


def progress_of(run: Run | None) -> dict[str, Any]:
    """How far a run under way has come."""
    is_busy = run is not None and run.finished_at is None
    step = Run.Step(run.step) if run else Run.Step.DONE
    return {
        "is_busy": is_busy,
        "has_failed": step is Run.Step.FAILED,
        "steps_done": STEPS.index(step) if step in STEPS else 0,
        "step_count": len(STEPS) - 1,
    }
