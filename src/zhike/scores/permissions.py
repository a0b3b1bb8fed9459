"""What can be granted about scores. Seeing a customer's scores goes with seeing the customer."""

from django.utils.translation import gettext_lazy as _

from zhike.core.access import Permission

ALL = [
    Permission(code="scores.record_run", label=_("Record scores of customers"), is_scoped=False),
]
