from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UiConfig(AppConfig):
    name = "zhike.ui"
    label = "ui"
    verbose_name = _("Interface")

    def ready(self) -> None:
        from django.core.checks import register

        from zhike.ui.assets import check_built

        register(check_built)
