"""What can be granted about personal information."""

from django.utils.translation import gettext_lazy as _

from zhike.core.access import Permission

VIEW = "privacy.view_inventory"
HANDLE = "privacy.handle_requests"

ALL = [
    Permission(code=VIEW, label=_("See which personal data is kept, and why"), is_scoped=False),
    Permission(code=HANDLE, label=_("Handle requests of persons: copy, correct, erase"), is_scoped=False),
]
