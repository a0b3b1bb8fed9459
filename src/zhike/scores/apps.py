from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ScoresConfig(AppConfig):
    name = "zhike.scores"
    label = "scores"
    verbose_name = _("Scores")

    def ready(self) -> None:
        from zhike.core.access import declare
        from zhike.core.lists import registry
        from zhike.scores import listing, permissions

        declare(permissions.ALL)
        registry.get("customers").add(*listing.FIELDS)
