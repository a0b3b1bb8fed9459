"""What acts on many customers hold: values that stood in records before, and filters that may name somebody."""

from django.utils.translation import gettext_lazy as _

from zhike.bulk.models import Act, Batch, Record, Selection, TagRemoval
from zhike.core.personal import Class, Holding, classify, hold

classify(Selection, Class.STAFF, {Class.FREE: ("query", "change"), Class.NONE: ("ids",)})
classify(Act, Class.NONE, {Class.FREE: ("query", "change"), Class.NONE: ("failure",), Class.STAFF: ("user", "undo_by")})
classify(Batch, Class.NONE, {Class.NONE: ("ids",)})
classify(Record, Class.NONE, {Class.PERSONAL: ("record_id", "before")})
classify(
    TagRemoval,
    Class.NONE,
    {Class.FREE: ("name",), Class.NONE: ("tone", "customer_ids", "added_ids"), Class.STAFF: ("removed_by",)},
)


def register() -> None:
    hold(Holding(model=Record, path="record_id", label=_("Bulk change"), order=11, is_copied=False))
