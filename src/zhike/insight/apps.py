from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InsightConfig(AppConfig):
    name = "zhike.insight"
    label = "insight"
    verbose_name = _("Insight")

    def ready(self) -> None:
        from zhike.core.access import declare
        from zhike.insight import permissions

        declare(permissions.ALL)
