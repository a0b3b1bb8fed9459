from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class CommerceConfig(AppConfig):
    name = "zhike.commerce"
    label = "commerce"
    verbose_name = _("Orders and products")

    def ready(self) -> None:
        from zhike.audit.wording import link_records
        from zhike.commerce import customer_orders, findable, guarded, listing, permissions, rollups
        from zhike.commerce.exchange.importable import Orders
        from zhike.commerce.exchange.reasons import REASONS
        from zhike.commerce.models import Order, Product
        from zhike.commerce.services.restoring import ORDERS
        from zhike.core import finder, merging
        from zhike.core.access import declare
        from zhike.core.finder import Place
        from zhike.core.lists import panels, registry
        from zhike.customers import timeline
        from zhike.exchange.reasons import ROW_REASONS
        from zhike.exchange.registry import register
        from zhike.metadata import registry as designed
        from zhike.metadata.rollups import register as register_collection
        from zhike.recovery import kinds

        declare(permissions.ALL)
        kinds.register(ORDERS)
        link_records("commerce_order", "show_order_history", "commerce.view_order")
        finder.register(findable.KIND)
        finder.register(findable.PRODUCTS)
        finder.add_place(
            Place(
                url_name="imports",
                query="kind=orders",
                label=_("Import orders"),
                icon="file-import",
                permission="exchange.import_file",
                is_command=True,
            )
        )
        guarded.register()
        designed.register_target(
            designed.Target(
                key=guarded.RECORD,
                label=pgettext_lazy("purchase", "Order"),
                model=Order,
                name="number",
                name_field=guarded.NUMBER,
                url_name="show_order",
                permission="commerce.view_order",
                is_numbered=False,
                called=findable.called,
            )
        )
        designed.register_target(
            designed.Target(
                key=findable.PRODUCTS.key,
                label=_("Product"),
                model=Product,
                name="name",
                name_field=guarded.PRODUCT,
                code="code",
                url_name="show_product",
                permission="commerce.view_order",
                is_numbered=False,
            )
        )
        merging.declare(Order, "customer", merging.Move())
        for collection in rollups.COLLECTIONS:
            register_collection(collection)
        registry.get("customers").add(*listing.FIELDS)
        register(Orders())
        ROW_REASONS.update(REASONS)
        timeline.register(customer_orders.source())
        panels.register(
            panels.Panel(
                page="customer",
                key="orders",
                label=_("Orders"),
                url_name="show_orders_panel",
                permission="commerce.view_order",
                order=20,
                is_printed=True,
            )
        )
