"""What can be granted about people and places."""

from django.utils.translation import gettext_lazy as _

from zhike.core.access import Permission

MANAGE = "accounts.manage_users"
USE_API = "accounts.use_api"
SHARE_VIEWS = "accounts.share_views"

ALL = [
    Permission(code=MANAGE, label=_("Manage users, teams and roles"), is_scoped=False),
    Permission(code=USE_API, label=_("Use the API with own keys"), is_scoped=False),
    Permission(code=SHARE_VIEWS, label=_("Show saved views to one's team, or to everybody")),
]
