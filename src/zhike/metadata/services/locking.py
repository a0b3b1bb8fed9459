"""One at a time changes the fields of a kind of record."""

import secrets
from typing import Any

from zhike.metadata import registry
from zhike.metadata.models import Design, FieldDefinition
from zhike.metadata.selectors import forget


def lock(record: str) -> Any:
    """The fields of a kind of record, which nobody else changes until this is done; what processes remember is old."""
    registry.get(record)
    Design.objects.update_or_create(record=record, defaults={"token": secrets.token_hex(16)})
    forget()
    return FieldDefinition.objects.filter(record=record)
