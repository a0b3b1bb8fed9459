from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class DuplicatesConfig(AppConfig):
    name = "zhike.duplicates"
    label = "duplicates"
    verbose_name = _("Duplicates")

    def ready(self) -> None:
        from zhike.audit.wording import name_events
        from zhike.core import merging, personal
        from zhike.core.access import declare
        from zhike.core.lists import actions, panels
        from zhike.customers.services.bin import CODE
        from zhike.duplicates import guarding, own_copies, permissions, pointers
        from zhike.metadata import copies
        from zhike.recovery import kinds
        from zhike.ui import navigation

        declare(permissions.ALL)
        copies.declare("duplicates_merge", own_copies.forget_merged)
        copies.declare_return(own_copies.return_merged)
        kinds.add_guard(CODE, guarding.refuse_restoring)
        merging.follow_by(pointers.find_successor)
        personal.same_person_by(pointers.list_given_up)
        panels.register(
            panels.Panel(
                page="customer",
                key="duplicates",
                label=_("Duplicates"),
                url_name="show_duplicates_panel",
                permission="customers.view_customer",
                order=85,
            )
        )
        panels.register(
            panels.Panel(
                page="import of customers",
                key="duplicates",
                label=_("Duplicates"),
                url_name="show_import_duplicates",
                permission=permissions.MERGE,
                order=10,
            )
        )
        actions.register(
            actions.Action(
                list="customers",
                key="merge",
                label=_("Merge"),
                icon="arrows-join",
                url_name="compare_customers",
                permission=permissions.MERGE,
                order=10,
            )
        )
        name_events(
            {
                permissions.MERGE: pgettext_lazy("history", "Merged customers"),
                "duplicates.tell_apart": pgettext_lazy("history", "Told customers apart"),
                "duplicates.open_again": pgettext_lazy("history", "Opened a pair again"),
                "duplicates.undo_merge": pgettext_lazy("history", "Took a merge back"),
            }
        )
        navigation.register(
            navigation.NavItem(
                url_name="duplicates",
                label=_("Duplicates"),
                icon="users-group",
                order=30,
                permission=permissions.MERGE,
                key="g u",
                words=(_("Merge customers"), _("Remove duplicates")),
            )
        )
