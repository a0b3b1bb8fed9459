"""What can be granted about files in and out."""

from django.utils.translation import gettext_lazy as _

from zhike.core.access import Permission

ALL = [
    Permission(code="exchange.view_import", label=_("See imports")),
    Permission(code="exchange.import_file", label=_("Import files and undo imports")),
]
