from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "zhike.audit"
    label = "audit"
    verbose_name = _("Change history")

    def ready(self) -> None:
        from zhike.audit import permissions, triggers
        from zhike.audit.wording import name_events
        from zhike.core.access import declare
        from zhike.ui.navigation import NavItem, register

        declare(permissions.ALL)
        name_events({"audit.export_history": _("Exported the history")})
        register(
            NavItem(
                url_name="history",
                label=_("Change history"),
                icon="history",
                order=890,
                permission=permissions.VIEW,
                key="g h",
            )
        )

        # Sent once all migrations are done, when every table has the columns that its model says.
        post_migrate.connect(triggers.attach_all, sender=self, dispatch_uid="audit.triggers")
