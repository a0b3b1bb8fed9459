from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExchangeConfig(AppConfig):
    name = "zhike.exchange"
    label = "exchange"
    verbose_name = _("Import and export")

    def ready(self) -> None:
        from zhike.core.access import declare
        from zhike.exchange import permissions

        declare(permissions.ALL)
