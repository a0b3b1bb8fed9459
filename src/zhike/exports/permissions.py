"""What can be granted about exports. Making one asks for the permission to export such records."""

from django.utils.translation import gettext_lazy as _

from zhike.core.access import Permission

VIEW = "exports.view_export"

ALL = [Permission(code=VIEW, label=_("See who exported what"))]
