"""What scoring runs hold about people."""

from django.utils.translation import gettext_lazy as _

from zhike.core.personal import Class, Holding, classify, hold
from zhike.scores.models import ScoringRun, ValueScore

classify(ScoringRun, Class.NONE, {Class.NONE: ("measure", "parameters", "metrics", "data_fingerprint", "code_version")})
classify(ValueScore, Class.DERIVED, {Class.DERIVED: ("grade", "stage")})


def register() -> None:
    hold(Holding(model=ValueScore, path="customer", label=_("Earlier scores"), order=20, is_theirs=False))
