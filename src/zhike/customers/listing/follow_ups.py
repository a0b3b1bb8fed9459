"""What customers can be filtered by of their time line: whether somebody got in touch, when, and how often."""

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from zhike.core.lists.linked import Figure, Linked, Rows, midnight, since
from zhike.core.lists.operators import Asking, Kind
from zhike.core.lists.registry import Field
from zhike.customers.guarded import ACTIVITY
from zhike.customers.models import Activity

# As the index has them.
CONTACTS = (Activity.Kind.FOLLOW_UP, Activity.Kind.CALL, Activity.Kind.VISIT, Activity.Kind.MAIL)


def _contacts(operator: str, values: list[Any], asking: Asking) -> Rows:
    """Notes and changes are nothing that the customer notices."""
    rows = Activity.objects.filter(kind__in=CONTACTS)
    match operator:
        case "last" | "idle":
            return rows.filter(happened_at__gte=since(values[0], asking))
        case "from":
            return rows.filter(happened_at__gte=midnight(values[0], asking))
        case "to":
            return rows.filter(happened_at__lt=midnight(values[0] + timedelta(days=1), asking))
        case "between":
            low, high = midnight(values[0], asking), midnight(values[1] + timedelta(days=1), asking)
            return rows.filter(happened_at__gte=low, happened_at__lt=high)
    return rows


def _linked(operator: str) -> Linked:
    return Linked(rows=lambda values, asking: _contacts(operator, values, asking))


def _ask(operator: str, values: list[Any], asking: Asking) -> Q:
    return _linked(operator).any_of(operator, values, asking)


def _sweep(operator: str, values: list[Any], asking: Asking) -> Q:
    return _linked(operator).any_of_swept(operator, values, asking)


_COUNTED = Figure(rows=lambda values, asking: _contacts("last", values, asking))
_SECTION = pgettext_lazy("filter", "Follow-ups")

FIELDS = (
    Field(
        key="follow_up",
        reads=(ACTIVITY,),
        label=_("Follow-up"),
        kind=Kind.DATE,
        compile=_ask,
        sweep=_sweep,
        operators=("idle", "last", "between", "from", "to", "empty", "filled"),
        section=_SECTION,
    ),
    Field(
        key="follow_ups_in",
        reads=(ACTIVITY,),
        label=_("Follow-ups in the last … days"),
        kind=Kind.INTEGER,
        is_within=True,
        compile=_COUNTED.compared,
        sweep=_COUNTED.compared_swept,
        operators=("from", "to", "between"),
        section=_SECTION,
    ),
)
