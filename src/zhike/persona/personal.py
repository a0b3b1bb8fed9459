"""What persona holds about people: filters, in which somebody may be named."""

from zhike.core.personal import Class, classify
from zhike.persona.models import TagRule

classify(TagRule, Class.NONE, {Class.FREE: ("query",), Class.NONE: ("failure",), Class.STAFF: ("created_by",)})


def register() -> None:
    """Nothing beyond the columns above."""
