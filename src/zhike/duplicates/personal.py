"""What merges hold about people: what the survivor's fields said, and rows as they were."""

from django.utils.translation import gettext_lazy as _

from zhike.core.personal import Class, Holding, classify, hold
from zhike.duplicates.models import Merge, MergedRecord, Settings

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


def register() -> None:
    hold(Holding(model=Merge, path="survivor_id", label=_("Merges"), order=15, is_copied=False))
    hold(Holding(model=MergedRecord, path="record_id", label=_("Merged into others"), order=14, is_copied=False))
