"""What can be granted about orders."""

from django.utils.translation import gettext_lazy as _

from zhike.core.access import Permission

ALL = [
    Permission(code="commerce.view_order", label=_("See orders")),
    Permission(code="commerce.create_order", label=_("Create orders")),
    Permission(code="commerce.edit_order", label=_("Put orders back to what they were")),
    Permission(code="commerce.delete_order", label=_("Delete orders")),
]
