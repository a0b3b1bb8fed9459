"""What the memory of opened records says about people: whom a colleague looked at."""

from django.utils.translation import gettext_lazy as _

from zhike.core.personal import Class, Holding, classify, hold
from zhike.finder.models import Visit

classify(Visit, Class.STAFF, {Class.NONE: ("kind",), Class.PERSONAL: ("record_id", "customer_id")})


def register() -> None:
    hold(
        Holding(model=Visit, path="customer_id", label=_("Recently opened"), order=20, is_copied=False, is_theirs=False)
    )
