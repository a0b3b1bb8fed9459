from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class RecoveryConfig(AppConfig):
    name = "zhike.recovery"
    label = "recovery"
    verbose_name = _("Recycle bin")

    def ready(self) -> None:
        from zhike.audit.wording import name_events
        from zhike.core import ownership
        from zhike.core.access import declare
        from zhike.recovery import permissions
        from zhike.recovery.models import Binned

        declare(permissions.ALL)
        ownership.register(ownership.Owned(kind="recovery.binned", label=_("In the recycle bin"), model=Binned))
        name_events(
            {
                "recovery.bin_record": pgettext_lazy("history", "Moved to the recycle bin"),
                "recovery.restore_record": pgettext_lazy("history", "Restored from the recycle bin"),
                "recovery.purge_record": pgettext_lazy("history", "Deleted for good"),
            }
        )
