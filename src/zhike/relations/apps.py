from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RelationsConfig(AppConfig):
    name = "zhike.relations"
    label = "relations"
    verbose_name = _("Relations")

    def ready(self) -> None:
        from zhike.audit.wording import name_events
        from zhike.core import merging
        from zhike.core.lists import advice, panels
        from zhike.customers.services.bin import CODE
        from zhike.recovery import kinds
        from zhike.relations import advising, guarded, permissions
        from zhike.relations.models import Relation
        from zhike.relations.services import merged, restoring

        guarded.register()
        advice.register(advising.ADVISER)
        kinds.add_part(CODE, Relation._meta.db_table, restoring.RELATION)
        # One row, two keys: the first one's rule sees to both.
        merging.declare(Relation, "customer", merging.ByService(merge=merged.merge, undo=merged.undo))
        merging.declare(Relation, "other", merging.ByService(merge=merged.merge_other, undo=merged.undo))
        name_events({permissions.RELATED: _("A relation with this customer was added, changed or removed")})
        panels.register(
            panels.Panel(
                page="customer",
                key="relations",
                label=_("Related people and organisations"),
                url_name="show_relations_panel",
                permission="customers.view_customer",
                order=20,
                is_printed=True,
            )
        )
