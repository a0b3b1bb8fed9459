from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CommerceConfig(AppConfig):
    name = "zhike.commerce"
    label = "commerce"
    verbose_name = _("Orders and products")

    def ready(self) -> None:
        from zhike.commerce import permissions
        from zhike.core.access import declare

        declare(permissions.ALL)
