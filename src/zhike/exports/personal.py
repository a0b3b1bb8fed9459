"""What exports hold about people: files, until their days are over."""

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from zhike.core.personal import Class, Place, Traces, classify, look_in
from zhike.exports import grounds
from zhike.exports.models import Export, Schedule, exports_dir
from zhike.exports.services import keeping, making

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
    """A file that holds the person goes as a whole: it can be made anew without them.

    Whoever makes one at the moment begins anew: who is in it is written down before anything of them is read.
    """
    holding = _holding(traces)
    count = 0
    for export in Export.objects.filter(code__in=holding).order_by("pk"):
        making.in_hand(export).update(tries=F("tries") + 1)
        export.refresh_from_db()
        if export.status == Export.Status.DONE:
            keeping.remove_for_good(export)
            count += 1
    return count


def search_files(traces: Traces) -> int:
    """With those that are being made: their erasure stays open until they are not."""
    return len(_holding(traces))


def _holding(traces: Traces) -> list[str]:
    """By the files that lie there, for an export may not be committed yet."""
    there = sorted(exports_dir().glob("*.ids"))
    return [path.stem for path in there if grounds.contains(path, traces.customer_ids)]
