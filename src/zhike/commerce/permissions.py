"""What can be granted about orders."""

from django.utils.translation import gettext_lazy as _

from zhike.core.access import Permission

ALL = [
    Permission(code="commerce.view_order", label=_("See orders")),
    Permission(code="commerce.create_order", label=_("Create orders")),
]
