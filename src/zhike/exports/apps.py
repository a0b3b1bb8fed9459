from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ExportsConfig(AppConfig):
    name = "zhike.exports"
    label = "exports"
    verbose_name = _("Exports")

    def ready(self) -> None:
        from zhike.audit.wording import name_events
        from zhike.core.access import declare
        from zhike.exports import permissions, telling

        declare(permissions.ALL)
        telling.register()
        name_events(
            {
                "exports.download": pgettext_lazy("history", "Took the file of an export"),
                "exports.share": pgettext_lazy("history", "Shared an export"),
                "exports.unshare": pgettext_lazy("history", "Ended the sharing of an export"),
                "exports.remove": pgettext_lazy("history", "Removed the file of an export"),
            }
        )
