"""What can be granted about figures of the whole company."""

from django.utils.translation import gettext_lazy as _

from zhike.core.access import Permission

ALL = [
    Permission(code="insight.view_insight", label=_("See insight"), is_scoped=False),
    Permission(code="insight.refresh", label=_("Refresh warehouse and scores"), is_scoped=False),
]
