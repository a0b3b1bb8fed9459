"""Says nothing about people."""

from zhike.calendars.models import SpecialDay
from zhike.core.personal import Class, classify


def register() -> None:
    classify(SpecialDay, Class.NONE, {Class.NONE: ("name",)})
