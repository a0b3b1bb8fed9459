from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BackupConfig(AppConfig):
    name = "zhike.backup"
    label = "backup"
    verbose_name = _("Backups")

    def ready(self) -> None:
        from zhike.accounts.views.tabs import add_settings_tab
        from zhike.audit.wording import name_events

        add_settings_tab("backups", _("Backups"))
        name_events({"backup.make_backup": _("Backed up"), "backup.restore": _("Restored from a backup")})
