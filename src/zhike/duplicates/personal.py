"""What merges hold about people: what the survivor's fields said, and rows as they were."""

from django.utils.translation import gettext_lazy as _

from zhike.core.personal import Class, Holding, classify, hold
from zhike.duplicates.models import Merge, MergedRecord, Pair, Scan, Settings

classify(
    Merge,
    Class.NONE,
    {
        Class.FREE: ("fields", "journal"),
        Class.PERSONAL: ("survivor_id",),
        Class.STAFF: ("merged_by", "undone_by"),
    },
)
classify(MergedRecord, Class.NONE, {Class.NONE: ("moved",), Class.PERSONAL: ("record_id",)})
classify(Settings, Class.NONE, {Class.NONE: ("rules", "sources")})
classify(Scan, Class.NONE, {Class.NONE: ("worths",), Class.STAFF: ("started_by",)})
classify(
    Pair,
    Class.DERIVED,
    {Class.DERIVED: ("weights",), Class.PERSONAL: ("first_id", "second_id"), Class.STAFF: ("decided_by",)},
)


def register() -> None:
    hold(Holding(model=Merge, path="survivor_id", label=_("Merges"), order=15, is_copied=False))
    hold(Holding(model=MergedRecord, path="record_id", label=_("Merged into others"), order=14, is_copied=False))
    for path, order in (("first_id", 12), ("second_id", 13)):
        hold(Holding(model=Pair, path=path, label=_("Possible duplicates"), order=order, is_copied=False))
