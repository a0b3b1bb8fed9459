"""What can be granted about customers."""

from django.utils.translation import gettext_lazy as _

from zhike.core.access import Permission

REVEAL = "customers.reveal_customer"
MANAGE_TAGS = "customers.manage_tags"
CONTAINED = "customers.contained_in_export"  # an event; what it needs is the permission to export

ALL = [
    Permission(code="customers.view_customer", label=_("See customers")),
    Permission(code="customers.create_customer", label=_("Create customers")),
    Permission(code="customers.edit_customer", label=_("Edit customers and their time line")),
    Permission(code="customers.delete_customer", label=_("Delete customers")),
    Permission(code="customers.export_customer", label=_("Export customers")),
    Permission(code=MANAGE_TAGS, label=_("Rename, merge and delete tags"), is_scoped=False),
    Permission(code=REVEAL, label=_("See masked values in full, giving a reason")),
]
