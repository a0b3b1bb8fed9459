"""Addresses of log-in, own settings, users, teams and roles."""

from django.urls import path
from django.views.generic import RedirectView

from zhike.accounts.views import door, me, people, roles

urlpatterns = [
    path("account/log-in/", door.log_in, name="log_in"),
    path("account/log-out/", door.log_out, name="log_out"),
    path("account/", me.my_settings, name="my_settings"),
    path("account/preferences/", me.preferences, name="preferences"),
    path("account/password/", me.change_password, name="change_password"),
    path("account/keys/", me.my_keys, name="my_keys"),
    path("account/keys/<int:pk>/revoke/", me.revoke_key, name="revoke_key"),
    path("settings/", RedirectView.as_view(pattern_name="users"), name="settings"),
    path("settings/users/", people.users, name="users"),
    path("settings/users/new/", people.create_user, name="create_user"),
    path("settings/users/<int:pk>/", people.edit_user, name="edit_user"),
    path("settings/users/<int:pk>/password/", people.reset_password, name="reset_password"),
    path("settings/teams/", people.teams, name="teams"),
    path("settings/teams/new/", people.create_team, name="create_team"),
    path("settings/teams/<int:pk>/", people.edit_team, name="edit_team"),
    path("settings/teams/<int:pk>/delete/", people.delete_team, name="delete_team"),
    path("settings/roles/", roles.roles, name="roles"),
    path("settings/roles/new/", roles.create_role, name="create_role"),
    path("settings/roles/<int:pk>/", roles.edit_role, name="edit_role"),
    path("settings/roles/<int:pk>/delete/", roles.delete_role, name="delete_role"),
]
