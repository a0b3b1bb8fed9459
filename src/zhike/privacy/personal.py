"""What this app holds about people: hashes, and for a while an encrypted note of whom to look for."""

from zhike.core.personal import Class, classify
from zhike.privacy.models import Erasure


def register() -> None:
    classify(
        Erasure,
        Class.NONE,
        {
            Class.SECRET: ("person", "identifiers", "traces"),
            Class.NONE: ("removed", "found", "digest"),
            Class.STAFF: ("requested_by",),
        },
    )
