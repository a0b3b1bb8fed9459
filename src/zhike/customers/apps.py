from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CustomersConfig(AppConfig):
    name = "zhike.customers"
    label = "customers"
    verbose_name = _("Customers")

    def ready(self) -> None:
        from zhike.core.access import declare
        from zhike.customers import listing, permissions
        from zhike.customers.exchange.importable import Customers
        from zhike.customers.exchange.reasons import REASONS
        from zhike.exchange.reasons import ROW_REASONS
        from zhike.exchange.registry import register

        declare(permissions.ALL)
        register(Customers())
        ROW_REASONS.update(REASONS)
        listing.define()
