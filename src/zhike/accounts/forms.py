"""Shapes of what people type about accounts; whether it is allowed is decided by the services."""

import zoneinfo
from collections.abc import Mapping
from itertools import groupby
from typing import Any

from django import forms
from django.apps import apps
from django.utils.functional import Promise, lazy
from django.utils.translation import gettext_lazy as _

from zhike.accounts.models import Role, Team, User
from zhike.core.access import list_permissions
from zhike.core.actor import Scope

SCOPES = [
    (Scope.NONE.value, _("Not allowed")),
    (Scope.OWN.value, _("Own records")),
    (Scope.TEAM.value, _("Own team")),
    (Scope.TEAM_AND_BELOW.value, _("Own team and below")),
    (Scope.ALL.value, _("Whole company")),
]
LIFETIMES = [("30", _("30 days")), ("90", _("90 days")), ("365", _("1 year")), ("", _("Until revoked"))]


NEW_PASSWORD = _("At least 10 characters; not one that everybody uses.")


def _zones() -> list[tuple[str, str]]:
    regions = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
    names = (name for name in zoneinfo.available_timezones() if name.split("/")[0] in regions or name == "UTC")
    return [(name, name.replace("_", " ")) for name in sorted(names)]


def _password(label: Any, *, is_new: bool) -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,  # spaces at the ends belong to the password
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password" if is_new else "current-password"}),
        help_text=NEW_PASSWORD if is_new else "",
    )


class LogIn(forms.Form):
    username = forms.CharField(
        label=_("User name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "username"})
    )
    password = _password(_("Password"), is_new=False)


class Preferences(forms.Form):
    locale = forms.ChoiceField(label=_("Language"), choices=User.Locale.choices)
    zone = forms.ChoiceField(label=_("Time zone"), choices=lazy(_zones, list)())
    theme = forms.ChoiceField(label=_("Appearance"), choices=User.Theme.choices, widget=forms.RadioSelect)


class QuickPreferences(forms.Form):
    """One switch of the top bar."""

    locale = forms.ChoiceField(choices=User.Locale.choices, required=False)
    theme = forms.ChoiceField(choices=User.Theme.choices, required=False)

    def chosen(self) -> dict[str, str]:
        return {name: value for name, value in self.cleaned_data.items() if value}


class PasswordChange(forms.Form):
    old = _password(_("Present password"), is_new=False)
    new = _password(_("New password"), is_new=True)


class PasswordReset(forms.Form):
    new = _password(_("New password"), is_new=True)


class Key(forms.Form):
    name = forms.CharField(label=_("What for"), max_length=100, help_text=_("For example: cash register, web shop"))
    lifetime_days = forms.ChoiceField(label=_("Valid for"), choices=LIFETIMES, required=False, initial="365")


class UserFields(forms.Form):
    """What is common to a new and a known user."""

    name = forms.CharField(label=_("Name"), max_length=100)
    email = forms.EmailField(label=_("E-mail"), required=False)
    team = forms.ModelChoiceField(
        label=_("Team"), queryset=Team.objects.order_by("path"), required=False, empty_label=_("No team")
    )
    roles = forms.ModelMultipleChoiceField(
        label=_("Roles"),
        queryset=Role.objects.order_by("pk"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Several roles add up: the widest scope counts."),
    )


class EditUser(UserFields):
    is_active = forms.BooleanField(
        label=_("May log in"), required=False, help_text=_("Without it, sessions and API keys stop working at once.")
    )


class CreateUser(UserFields):
    username = forms.CharField(
        label=_("User name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    password = _password(_("Password"), is_new=True)
    field_order = ["username", "name", "password", "email", "team", "roles"]


class EditTeam(forms.Form):
    """Name and place; `team` is not offered as a place for itself."""

    name = forms.CharField(label=_("Team name"), max_length=100)
    parent = forms.ModelChoiceField(
        label=_("Belongs to"), queryset=Team.objects.order_by("path"), required=False, empty_label=_("Top level")
    )

    def __init__(self, *args: Any, team: Team | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        if team:
            places = Team.objects.exclude(path__startswith=team.path).order_by("path")
            self.fields["parent"] = forms.ModelChoiceField(
                label=_("Belongs to"), queryset=places, required=False, empty_label=_("Top level")
            )


class EditRole(forms.Form):
    """A name, and a scope for each permission."""

    name = forms.CharField(label=_("Role name"), max_length=100)

    def __init__(
        self, *args: Any, grants: Mapping[str, Scope] | None = None, is_fixed: bool = False, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        for permission in list_permissions():
            self.fields[permission.code] = forms.TypedChoiceField(
                label=str(permission.label),
                choices=SCOPES,
                coerce=int,
                widget=forms.RadioSelect,
                initial=(grants or {}).get(permission.code, Scope.NONE).value,
            )
        for field in self.fields.values():
            field.disabled = is_fixed

    def groups(self) -> list[tuple[str | Promise, list[forms.BoundField]]]:
        """The permissions' fields by app."""
        fields = [self[permission.code] for permission in list_permissions()]
        by_app = groupby(fields, key=lambda field: field.name.split(".")[0])
        return [(apps.get_app_config(label).verbose_name, list(found)) for label, found in by_app]

    def scopes(self) -> list[str | Promise]:
        return [label for _value, label in SCOPES]

    def grants(self) -> dict[str, Scope]:
        """What was chosen, permissions that are not allowed left out."""
        chosen = ((code, Scope(value)) for code, value in self.cleaned_data.items() if code != "name")
        return {code: scope for code, scope in chosen if scope is not Scope.NONE}
