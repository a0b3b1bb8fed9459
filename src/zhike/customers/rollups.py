"""What was written into a customer's time line, as fields can sum it up."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from zhike.core.actor import Actor
from zhike.customers.guarded import ACTIVITY, RECORD
from zhike.customers.models import VIEW, Activity
from zhike.metadata.models import Kind
from zhike.metadata.rollups import Collection, Condition, Figure, Rows

_WRITTEN = ~Q(kind=Activity.Kind.CHANGE)


def _activities(_actor: Actor) -> Rows:
    return Activity.objects.filter(_WRITTEN)


ACTIVITIES = Collection(
    record=RECORD,
    key="activities",
    label=_("Follow-ups and notes"),
    permission=VIEW,
    seen=_activities,
    by="customer",
    at="happened_at",
    guards=(ACTIVITY,),
    figures={
        "day": Figure(label=_("day of follow-up"), column="happened_at", kind=Kind.DATE, functions=("first", "last")),
        "author": Figure(label=_("author"), column="author__name", kind=Kind.TEXT, functions=("latest",)),
    },
    conditions={
        "kind": Condition(
            label=_("kind"),
            column="kind",
            choices=lambda: [(one.value, str(one.label)) for one in Activity.Kind if one is not Activity.Kind.CHANGE],
        ),
    },
)
