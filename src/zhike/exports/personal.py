"""What exports hold about people: files, until their days are over."""

from django.utils.translation import gettext_lazy as _

from zhike.core.personal import Class, Place, Traces, classify, look_in
from zhike.exports import grounds
from zhike.exports.models import Export, Schedule, exports_dir
from zhike.exports.services import keeping

classify(
    Export,
    Class.NONE,
    {
        Class.FREE: ("query", "sentence", "reason", "error"),
        Class.NONE: ("code", "kind", "format", "columns", "grounds"),
        Class.STAFF: ("owner", "team", "shared_with", "taken_by"),
    },
)
classify(
    Schedule,
    Class.NONE,
    {
        Class.FREE: ("name", "query", "reason"),
        Class.NONE: ("kind", "format"),
        Class.STAFF: ("owner", "team", "share_with"),
    },
)


def register() -> None:
    label = _("Files of exports")
    look_in(Place(name="exports.files", label=label, order=30, sweep=sweep_files, search=search_files))


def sweep_files(traces: Traces) -> int:
    """A file that holds the person goes as a whole: it can be made anew without them."""
    found = _holding(traces)
    for export in found:
        keeping.remove_for_good(export)
    return len(found)


def search_files(traces: Traces) -> int:
    return len(_holding(traces))


def _holding(traces: Traces) -> list[Export]:
    if not exports_dir().exists():
        return []
    kept = Export.objects.filter(status=Export.Status.DONE).order_by("pk")
    return [one for one in kept if grounds.contains(one.ids_file, traces.customer_ids)]
