"""What can be granted about files in and out."""

from django.utils.translation import gettext_lazy as _

from zhike.core.access import Permission

VIEW_IMPORT = "exchange.view_import"
IMPORT_FILE = "exchange.import_file"

ALL = [
    Permission(code=VIEW_IMPORT, label=_("See imports")),
    Permission(code=IMPORT_FILE, label=_("Import files and undo imports"), is_scoped=False),
]
