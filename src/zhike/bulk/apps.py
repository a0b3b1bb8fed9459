from functools import partial

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class BulkConfig(AppConfig):
    name = "zhike.bulk"
    label = "bulk"
    verbose_name = _("Changes of many customers")

    def ready(self) -> None:
        from zhike.accounts.views.tabs import add_settings_tab
        from zhike.audit.wording import name_events
        from zhike.bulk import timeline
        from zhike.bulk.models import Act, Verb
        from zhike.core.lists import actions
        from zhike.customers.models import EDIT
        from zhike.customers.services.bin import DELETE
        from zhike.customers.timeline import register
        from zhike.metadata import copies
        from zhike.recovery import kinds
        from zhike.ui import navigation

        copies.declare("bulk_record", "UPDATE bulk_record SET before = before - %(name)s WHERE before ? %(name)s")
        copies.declare(
            "bulk_act",
            "UPDATE bulk_act SET change = jsonb_set(change, ARRAY['fields', %(name)s], to_jsonb(%(mark)s::text))"
            " WHERE change -> 'fields' ? %(name)s AND finished_at IS NOT NULL",
            copies.without_values("bulk_act"),
        )
        copies.declare(
            "bulk_selection",
            "DELETE FROM bulk_selection WHERE change -> 'fields' ? %(name)s",
            "DELETE FROM bulk_selection WHERE query ~ %(asks)s",
        )
        copies.declare_running("SELECT FROM bulk_act WHERE finished_at IS NULL AND change -> 'fields' ? %(name)s")
        action = partial(actions.Action, list="customers", url_name="choose_customers", takes_all=True)
        for one in (
            action(key="edit", label=Verb.EDIT.label, icon="pencil", permission=EDIT, order=1),
            action(key="assign", label=Verb.ASSIGN.label, icon="user-share", permission=EDIT, order=2),
            action(key="tag", label=Verb.TAG.label, icon="tags", permission=EDIT, order=3),
            action(key="delete", label=Verb.DELETE.label, icon="trash", permission=DELETE, order=20),
        ):
            actions.register(one)
        navigation.register(
            navigation.NavItem(
                url_name="list_acts",
                label=_("Changes of many customers"),
                icon="list-check",
                order=20,
                permission=EDIT,
                section="person",
            )
        )
        add_settings_tab("list_tags", _("Tags"))
        kinds.register_act(kinds.Act(model=Act, url_name="show_act"))
        register(timeline.source())
        name_events(
            {
                "bulk.edit_customers": pgettext_lazy("history", "Edited many customers"),
                "bulk.assign_customers": pgettext_lazy("history", "Assigned many customers"),
                "bulk.tag_customers": pgettext_lazy("history", "Tagged many customers"),
                "bulk.delete_customers": pgettext_lazy("history", "Moved many customers to the recycle bin"),
                "bulk.undo": pgettext_lazy("history", "Took a change of many customers back"),
            }
        )
