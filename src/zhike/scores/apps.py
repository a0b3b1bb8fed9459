from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ScoresConfig(AppConfig):
    name = "zhike.scores"
    label = "scores"
    verbose_name = _("Scores")

    def ready(self) -> None:
        from zhike.core import merging
        from zhike.core.access import declare
        from zhike.core.lists import registry
        from zhike.scores import listing, permissions
        from zhike.scores.models import ValueScore

        declare(permissions.ALL)
        merging.declare(
            ValueScore, "customer", merging.Stay(reason="What earlier runs found of each of them stays so.")
        )
        registry.get("customers").add(*listing.FIELDS)
