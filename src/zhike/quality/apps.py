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
        from zhike.quality import listing, own_copies, permissions
        from zhike.ui import navigation

        declare(permissions.ALL)
        copies.declare("quality_finding", own_copies.forget_found)
        copies.declare_running("SELECT FROM quality_run WHERE finished_at IS NULL")
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
