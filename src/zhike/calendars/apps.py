from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CalendarsConfig(AppConfig):
    name = "zhike.calendars"
    label = "calendars"
    verbose_name = _("Working days")

    def ready(self) -> None:
        from zhike.accounts.views.tabs import add_settings_tab

        add_settings_tab("working_days", _("Working days"))
