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
        from zhike.duplicates import guarding, permissions, pointers
        from zhike.metadata import copies
        from zhike.recovery import kinds
        from zhike.ui import navigation

        declare(permissions.ALL)
        # Before and after of what the survivor's column held, each as a text.
        copies.declare(
            "UPDATE duplicates_merge SET fields = jsonb_set(fields, '{custom}', (SELECT jsonb_agg(CASE"
            " WHEN jsonb_typeof(one) = 'string' THEN to_jsonb(((one #>> '{}')::jsonb - %(key)s)::text) ELSE one END"
            " ORDER BY place) FROM jsonb_array_elements(fields -> 'custom') WITH ORDINALITY AS said (one, place)))"
            " WHERE fields ? 'custom' AND EXISTS (SELECT FROM jsonb_array_elements_text(fields -> 'custom') AS one"
            " WHERE one::jsonb ? %(key)s)"
        )
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
            )
        )
