"""What can be granted about duplicates. Comparing asks for seeing the customers, merging for this as well."""

from django.utils.translation import gettext_lazy as _

from zhike.core.access import Permission

MERGE = "duplicates.merge_customers"
SCAN = "duplicates.scan_customers"

ALL = [
    Permission(code=MERGE, label=_("Merge customers and take merges back")),
    Permission(code=SCAN, label=_("Scan for duplicates and set the rules of merging"), is_scoped=False),
]
