"""What can be granted about data quality. Whoever fixes needs to edit the customers and their fields as well."""

from django.utils.translation import gettext_lazy as _

from zhike.core.access import Permission

FIX = "quality.fix_customers"
VIEW = "quality.view_figures"
MANAGE = "quality.manage_rules"

ALL = [
    Permission(code=FIX, label=_("Work off findings about data quality")),
    Permission(code=VIEW, label=_("See data quality of the whole company"), is_scoped=False),
    Permission(code=MANAGE, label=_("Set rules of data quality and check everything"), is_scoped=False),
]
