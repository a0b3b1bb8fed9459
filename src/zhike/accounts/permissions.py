"""What can be granted about people and places."""

from django.utils.translation import gettext_lazy as _

from zhike.core.access import Permission

ALL = [
    Permission(code="accounts.manage_users", label=_("Manage users, teams and roles")),
    Permission(code="accounts.use_api", label=_("Use the API with own tokens")),
]
