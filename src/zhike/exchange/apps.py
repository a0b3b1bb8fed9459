from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ExchangeConfig(AppConfig):
    name = "zhike.exchange"
    label = "exchange"
    verbose_name = _("Import and export")

    def ready(self) -> None:
        from zhike.core import finder
        from zhike.core.access import declare
        from zhike.exchange import findable, permissions
        from zhike.exchange.models import Import
        from zhike.recovery import kinds
        from zhike.ui.navigation import NavItem, register

        declare(permissions.ALL)
        finder.register(findable.KIND)
        kinds.register_act(kinds.Act(model=Import, url_name="show_import"))
        register(
            NavItem(
                url_name="imports",
                label=pgettext_lazy("verb", "Import"),
                icon="file-import",
                order=80,
                permission=permissions.VIEW_IMPORT,
                key="g m",
            )
        )
