from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PrivacyConfig(AppConfig):
    name = "zhike.privacy"
    label = "privacy"
    verbose_name = _("Personal information")

    def ready(self) -> None:
        from zhike.audit.wording import name_events
        from zhike.core import merging
        from zhike.core.access import declare
        from zhike.core.lists import panels
        from zhike.customers.services.bin import CODE
        from zhike.privacy import permissions
        from zhike.privacy.models import Consent, Minor, Proposal, Request
        from zhike.privacy.register import register_all
        from zhike.privacy.services.restoring import MINOR
        from zhike.recovery import kinds
        from zhike.ui.navigation import NavItem, register

        declare(permissions.ALL)
        register_all()
        # What somebody agreed to last holds, whichever of their records it was said to.
        merging.declare(Consent, "customer", merging.Move())
        merging.declare(Request, "customer", merging.Move())
        merging.declare(Proposal, "customer", merging.Move())
        merging.declare(Minor, "customer", merging.Move(collide=merging.Newest(by="noted_at")))
        kinds.add_part(CODE, Minor._meta.db_table, MINOR)
        name_events(
            {
                "privacy.erase_person": _("Erased a person"),
                "privacy.copy_person": _("Copied a person's data for them"),
                "privacy.retain": _("Took away what was kept long enough"),
                "privacy.prove_erasure": _("Searched everything for an erased person"),
            }
        )
        panels.register(
            panels.Panel(
                page="customer",
                key="consents",
                label=_("Consent"),
                url_name="show_consents",
                permission="customers.view_customer",
                order=80,
                is_printed=True,
            )
        )
        register(
            NavItem(
                url_name="privacy_desk",
                label=_("Personal information"),
                icon="shield-lock",
                order=880,
                permission=permissions.HANDLE,
                key="g p",
            )
        )
