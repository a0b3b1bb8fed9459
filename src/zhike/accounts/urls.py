"""Addresses of log-in, own settings, users, teams and roles."""

from allauth.account import views as account
from allauth.mfa.base import views as factors
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from django.urls import include, path
from django.views.decorators.cache import never_cache
from django.views.generic import RedirectView

from zhike.accounts import sign_on
from zhike.accounts.views import door, field_access, me, people, roles, security, standing_in

TO_LOG_IN = RedirectView.as_view(pattern_name="log_in")
TO_SECURITY = RedirectView.as_view(pattern_name="my_security")

# What allauth brings, under its own names, at our addresses; there is no sign-up, and no mail.
ALLAUTH = [
    path("log-in/", door.log_in, name="account_login"),
    path("log-in/second-step/", factors.authenticate, name="mfa_authenticate"),
    path("log-in/passkey/", door.log_in_by_passkey, name="mfa_login_webauthn"),
    path("confirm/", account.reauthenticate, name="account_reauthenticate"),
    path("confirm/code/", factors.reauthenticate, name="mfa_reauthenticate"),
    path("confirm/passkey/", passkeys.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("security/all/", TO_SECURITY, name="mfa_index"),
    path("security/passkeys/", TO_SECURITY, name="mfa_list_webauthn"),
    path("security/passkeys/new/", security.add_passkey, name="mfa_add_webauthn"),
    path("security/passkeys/<int:pk>/", passkeys.edit_webauthn, name="mfa_edit_webauthn"),
    path("security/passkeys/<int:pk>/remove/", passkeys.remove_webauthn, name="mfa_remove_webauthn"),
    path("security/app/", never_cache(totp.activate_totp), name="mfa_activate_totp"),
    path("security/app/remove/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("security/codes/", security.recovery_codes, name="mfa_view_recovery_codes"),
    path("security/codes/new/", recovery_codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("sign-on/cancelled/", TO_LOG_IN, name="socialaccount_login_cancelled"),
    path("sign-on/<slug:provider_id>/", sign_on.start, name="openid_connect_login"),
    path("sign-on/<slug:provider_id>/back/", sign_on.come_back, name="openid_connect_callback"),
]

ACCOUNT = [
    *ALLAUTH,
    path("log-in/", door.log_in, name="log_in"),
    path("log-out/", door.log_out, name="log_out"),
    path("logged-out/", door.logged_out, name="logged_out"),
    path("security/", security.my_security, name="my_security"),
    path("security/notices/seen/", security.see_notices, name="see_notices"),
    path("security/sessions/end-others/", security.end_other_sessions, name="end_other_sessions"),
    path("security/sessions/<int:pk>/end/", security.end_session, name="end_session"),
    path("security/sign-on/leave/", security.leave_sign_on, name="leave_sign_on"),
    path("", me.my_settings, name="my_settings"),
    path("preferences/", me.preferences, name="preferences"),
    path("password/", me.change_password, name="change_password"),
    path("keys/", me.my_keys, name="my_keys"),
    path("keys/<int:pk>/revoke/", me.revoke_key, name="revoke_key"),
    path("delegations/", standing_in.my_delegations, name="my_delegations"),
    path("delegations/<int:pk>/end/", standing_in.end_delegation, name="end_delegation"),
]

SETTINGS = [
    path("", RedirectView.as_view(pattern_name="users"), name="settings"),
    path("users/", people.users, name="users"),
    path("users/new/", people.create_user, name="create_user"),
    path("users/new-service/", people.create_service_account, name="create_service_account"),
    path("users/<int:pk>/", people.edit_user, name="edit_user"),
    path("users/<int:pk>/password/", people.reset_password, name="reset_password"),
    path("users/<int:pk>/second-factor/", people.reset_second_factor, name="reset_second_factor"),
    path("users/<int:pk>/sessions/end/", people.end_sessions, name="end_sessions"),
    path("users/<int:pk>/keys/", people.create_key_for, name="create_key_for"),
    path("users/<int:pk>/keys/<int:token_pk>/revoke/", people.revoke_key_of, name="revoke_key_of"),
    path("users/<int:pk>/records/", standing_in.reassign_records, name="reassign_records"),
    path("reassignments/<int:pk>/undo/", standing_in.undo_reassignment, name="undo_reassignment"),
    path("teams/", people.teams, name="teams"),
    path("teams/new/", people.create_team, name="create_team"),
    path("teams/<int:pk>/", people.edit_team, name="edit_team"),
    path("teams/<int:pk>/delete/", people.delete_team, name="delete_team"),
    path("roles/", roles.roles, name="roles"),
    path("field-access/", field_access.field_access, name="field_access"),
    path("roles/new/", roles.create_role, name="create_role"),
    path("roles/<int:pk>/", roles.edit_role, name="edit_role"),
    path("roles/<int:pk>/second-factor/", roles.put_second_factor_rule, name="put_second_factor_rule"),
    path("roles/<int:pk>/delete/", roles.delete_role, name="delete_role"),
]

# Two prefixes, so that a request for anything else is compared with no more than these.
urlpatterns = [path("account/", include(ACCOUNT)), path("settings/", include(SETTINGS))]
