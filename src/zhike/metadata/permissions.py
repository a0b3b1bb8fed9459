"""What can be granted about the design of records."""

from django.utils.translation import gettext_lazy as _

from zhike.core.access import Permission

MANAGE = "metadata.manage_fields"

ALL = [Permission(code=MANAGE, label=_("Design fields of records"), is_scoped=False)]
