"""What can be granted about the history."""

from django.utils.translation import gettext_lazy as _

from zhike.core.access import Permission

VIEW = "audit.view_history"
ERASE = "audit.erase_history"

ALL = [
    Permission(code=VIEW, label=_("See the whole history"), is_scoped=False),
    Permission(code=ERASE, label=_("Erase personal data from the history"), is_scoped=False),
]
