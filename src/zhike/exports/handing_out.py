"""An export's file as an answer."""

from django.http import FileResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from zhike.exports import registry
from zhike.exports.formats import FORMATS
from zhike.exports.models import Export
from zhike.exports.services.keeping import ExportNotThere


def file_name(export: Export) -> str:
    """What it is called where it is saved; the number stands in it too."""
    exportable = registry.find(export.kind)
    what = str(exportable.label) if exportable else _("Export")
    return f"{what}-{timezone.localtime(export.created_at):%Y%m%d}-{export.code}.{export.format}"


def hand_out(export: Export) -> FileResponse:
    """:raises ExportNotThere: it went this moment: expired, or somebody in it was erased"""
    try:
        file = export.file.open("rb")  # the answer closes it
    except FileNotFoundError:
        raise ExportNotThere from None
    answer = FileResponse(
        file,
        as_attachment=True,
        filename=file_name(export),
        content_type=FORMATS[export.format].media_type,
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
