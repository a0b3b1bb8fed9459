from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class QualityConfig(AppConfig):
    name = "zhike.quality"
    label = "quality"
    verbose_name = _("Data quality")

    def ready(self) -> None:
        from zhike.audit.wording import name_events
        from zhike.core.access import declare
        from zhike.core.lists import registry
        from zhike.customers.listing import KEY
        from zhike.metadata import copies
        from zhike.quality import listing, permissions
        from zhike.ui import navigation

        declare(permissions.ALL)
        # A finding's stamp is a digest of the value, without a key.
        copies.declare("quality_finding", "DELETE FROM quality_finding WHERE starts_with(rule, %(name)s || '.')")
        registry.get(KEY).add(listing.FIELD)
        name_events(
            {
                "quality.say_right": pgettext_lazy("history", "Said that findings are right so"),
                "quality.open_again": pgettext_lazy("history", "Opened findings again"),
            }
        )
        navigation.register(
            navigation.NavItem(
                url_name="quality",
                label=_("Data quality"),
                icon="checkup-list",
                order=35,
                permission=permissions.FIX,
                key="g d",
            )
        )
