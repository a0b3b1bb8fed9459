"""What data quality holds about people: that something is odd about a record, and a digest of what."""

from django.utils.translation import gettext_lazy as _

from zhike.core.personal import Class, Holding, classify, hold
from zhike.quality.models import Figure, Finding, Fix, OwnRule, Run, Tally

classify(Run, Class.NONE, {Class.NONE: ("metrics",), Class.STAFF: ("started_by",)})
classify(Figure, Class.NONE, {Class.NONE: ("record", "field", "by", "source")})
classify(Tally, Class.NONE, {Class.NONE: ("rule",)})
classify(OwnRule, Class.NONE, {Class.NONE: ("label", "field", "low", "high", "pattern", "values")})
classify(
    Finding,
    Class.NONE,
    {
        Class.NONE: ("rule",),
        Class.DERIVED: ("stamp",),
        Class.PERSONAL: ("customer_id", "item_id"),
        Class.STAFF: ("decided_by",),
    },
)
classify(Fix, Class.STAFF, {Class.NONE: ("rule",)})


def register() -> None:
    hold(Holding(model=Finding, path="customer_id", label=_("Findings about data quality"), order=11, is_copied=False))
