"""The root of every refusal. A concrete refusal stands beside the service that raises it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django.utils.functional import Promise


class DomainError(Exception):
    """A decision the business rules refuse; its text is for people.

    code: a stable word for programs ("order_already_refunded").
    status: what HTTP answers (409 by default).
    members: what a program may need to go on, for example the id of the record that is in the way.
    """

    code = "refused"
    status = 409
    members: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, message: str | Promise) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return str(self.message)
