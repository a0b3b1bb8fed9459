from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InsightConfig(AppConfig):
    name = "zhike.insight"
    label = "insight"
    verbose_name = _("Insight")

    def ready(self) -> None:
        from zhike.core.access import declare
        from zhike.core.lists import panels
        from zhike.insight import permissions, subscribers
        from zhike.ui.navigation import NavItem, register, use_route

        declare(permissions.ALL)
        subscribers.subscribe_all()
        register(NavItem(url_name="today", label=_("Today"), icon="sun", order=10, key="g t"))
        register(
            NavItem(
                url_name="insight",
                label=_("Insight"),
                icon="chart-histogram",
                order=700,
                permission="insight.view_insight",
                key="g i",
            )
        )
        use_route("home", "today")
        panels.register(
            panels.Panel(
                page="customer",
                key="why",
                label=_("Customer value"),
                url_name="customer_why",
                permission="customers.view_customer",
                order=10,
                is_printed=True,
            )
        )
