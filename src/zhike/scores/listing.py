"""What scores add to the customer list."""

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zhike.core.lists.operators import Asking, Kind
from zhike.core.lists.registry import Field
from zhike.customers.guarded import GRADE
from zhike.scores import selectors


def _slipped(operator: str, values: list[Any], asking: Asking) -> Q:
    latest = selectors.get_latest_run()
    if latest is None:
        return Q(pk__in=[])
    slipped = selectors.list_slipped(actor=asking.actor, latest=latest, days=values[0])
    return Q(pk__in=slipped.values("customer_id"))


FIELDS = (
    Field(
        key="slipped", reads=(GRADE,), label=_("Slipped a grade"), kind=Kind.DATE, compile=_slipped, operators=("last",)
    ),
)
