from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "zhike.accounts"
    label = "accounts"
    verbose_name = _("Users and roles")

    def ready(self) -> None:
        from zhike.accounts import findable, permissions
        from zhike.audit.wording import link_records, name_events
        from zhike.core import finder
        from zhike.core.access import declare
        from zhike.ui.navigation import NavItem, register, use_route

        declare(permissions.ALL)
        for kind in findable.KINDS:
            finder.register(kind)
        name_events(
            {
                "accounts.log_in": _("Logged in"),
                "accounts.log_in_refused": _("Log-in refused"),
                "accounts.log_out": _("Logged out"),
                "accounts.end_sessions": _("Sessions ended"),
                "accounts.add_second_factor": _("Second factor added"),
                "accounts.remove_second_factor": _("Second factor removed"),
                "accounts.reset_second_factor": _("Second factor reset"),
                "accounts.make_recovery_codes": _("Recovery codes made"),
                "accounts.change_password": _("Password changed"),
                "accounts.link_sign_on": _("Sign-on connected"),
                "accounts.unlink_sign_on": _("Sign-on disconnected"),
                "accounts.make_key": _("API key made"),
                "accounts.revoke_key": _("API key revoked"),
            }
        )
        manage = permissions.MANAGE
        for table, url_name in (("user", "edit_user"), ("role", "edit_role"), ("team", "edit_team")):
            link_records(f"accounts_{table}", url_name, manage)
        register(
            NavItem(url_name="settings", label=_("Settings"), icon="settings", order=900, permission=manage, key="g s")
        )
        register(NavItem(url_name="my_settings", label=_("My settings"), icon="user-cog", order=10, section="person"))
        use_route("preferences", "preferences")
        use_route("log_out", "log_out")
        self._listen()

    def _listen(self) -> None:
        from allauth.account.signals import authentication_step_completed
        from allauth.account.signals import user_logged_in as came_in
        from allauth.mfa import signals as factors
        from allauth.socialaccount.signals import social_account_added
        from django.contrib.auth.signals import user_logged_in, user_logged_out

        from zhike.accounts import receivers

        user_logged_in.connect(receivers.begin)
        user_logged_out.connect(receivers.farewell)
        came_in.connect(receivers.welcome)
        authentication_step_completed.connect(receivers.renew_key)
        factors.authenticator_added.connect(receivers.note_new_factor)
        factors.authenticator_reset.connect(receivers.note_renewed_codes)
        factors.authenticator_removed.connect(receivers.note_lost_factor)
        factors.authentication_failed.connect(receivers.note_wrong_code)
        social_account_added.connect(receivers.note_sign_on)
