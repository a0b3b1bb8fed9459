from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "zhike.accounts"
    label = "accounts"
    verbose_name = _("Users and roles")

    def ready(self) -> None:
        from zhike.accounts import permissions
        from zhike.core.access import declare
        from zhike.ui.navigation import NavItem, register, use_route

        declare(permissions.ALL)
        manage = permissions.MANAGE
        register(
            NavItem(url_name="settings", label=_("Settings"), icon="settings", order=900, permission=manage, key="g s")
        )
        register(NavItem(url_name="my_settings", label=_("My settings"), icon="user-cog", order=10, section="person"))
        use_route("preferences", "preferences")
        use_route("log_out", "log_out")
