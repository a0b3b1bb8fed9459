from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CustomersConfig(AppConfig):
    name = "zhike.customers"
    label = "customers"
    verbose_name = _("Customers")

    def ready(self) -> None:
        from zhike.audit.wording import link_records, name_events
        from zhike.core import ownership
        from zhike.core.access import declare
        from zhike.customers import guarded, listing, merging, own_copies, own_fields, permissions, timeline
        from zhike.customers.exchange.importable import Customers
        from zhike.customers.exchange.reasons import REASONS
        from zhike.customers.models import Customer
        from zhike.customers.rollups import ACTIVITIES
        from zhike.customers.selectors import activities
        from zhike.customers.services.bin import CUSTOMERS, DELETE
        from zhike.exchange.reasons import ROW_REASONS
        from zhike.exchange.registry import register
        from zhike.metadata.rollups import register as register_collection
        from zhike.recovery import kinds
        from zhike.ui import navigation
        from zhike.ui.navigation import NavItem

        declare(permissions.ALL)
        self._offer()
        self._let_out()
        kinds.register(CUSTOMERS)
        guarded.register()
        own_fields.define()
        own_copies.register()
        register_collection(ACTIVITIES)
        merging.register()
        ownership.register(
            ownership.Owned(kind="customers.customer", label=_("Customers"), model=Customer, counts_edits=True)
        )
        register(Customers())
        ROW_REASONS.update(REASONS)
        listing.define()
        timeline.register(activities.source())
        name_events(
            {
                "customers.export_customer": _("Exported customers"),
                permissions.CONTAINED: _("Contained in an export"),
                permissions.REVEAL: _("Saw a value in full"),
            }
        )
        link_records("customers_customer", "show_customer_history", "customers.view_customer")
        self._stand_beside()
        see, create = "customers.view_customer", "customers.create_customer"
        navigation.register(
            NavItem(url_name="list_customers", label=_("Customers"), icon="users", order=20, permission=see, key="g c")
        )
        navigation.register(
            NavItem(
                url_name="create_customer",
                label=_("New customer"),
                icon="user-plus",
                order=10,
                permission=create,
                section="create",
            )
        )
        navigation.register(
            NavItem(
                url_name="bin",
                label=_("Recycle bin"),
                icon="trash",
                order=880,
                permission=DELETE,
                key="g b",
                words=(_("Restore what was deleted"),),
            )
        )
        navigation.use_route("customers", "list_customers")
        navigation.use_route("mentions", "list_mentions", permission=see)
        navigation.use_route("mentions_count", "count_mentions", permission=see)

    def _offer(self) -> None:
        """To the search box."""
        from zhike.core import finder
        from zhike.core.finder import Place
        from zhike.customers import findable, findable_notes, findable_views

        finder.register(findable.KIND)
        finder.register(findable_notes.KIND)
        finder.register(findable_views.KIND)
        finder.add_place(
            Place(
                url_name="imports",
                query="kind=customers",
                label=_("Import customers"),
                icon="file-import",
                permission="exchange.import_file",
                is_command=True,
            )
        )

    def _let_out(self) -> None:
        """As files."""
        from zhike.customers.exchange.exportable import Customers
        from zhike.customers.models import EXPORT
        from zhike.exports import registry
        from zhike.ui import navigation

        registry.register(Customers())
        navigation.register(
            navigation.NavItem(
                url_name="exports", label=_("Exports"), icon="file-export", order=81, permission=EXPORT, key="g x"
            )
        )

    def _stand_beside(self) -> None:
        """What the customer's page shows beside the time line."""
        from zhike.core.lists import advice
        from zhike.core.lists.panels import Panel, register
        from zhike.customers import advising

        advice.register(advising.ADVISER)
        for key, label, url_name, order in (
            ("next", _("Next step"), "show_next_steps", 5),
            ("collaborators", _("Collaborators"), "show_collaborators", 90),
            ("history", _("Change history"), "show_history_panel", 90),
        ):
            register(
                Panel(
                    page="customer",
                    key=key,
                    label=label,
                    url_name=url_name,
                    permission="customers.view_customer",
                    order=order,
                )
            )
