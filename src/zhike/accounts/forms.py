"""Shapes of what people type about accounts; whether it is allowed is decided by the services."""

import zoneinfo
from collections.abc import Mapping
from datetime import timedelta
from itertools import groupby
from typing import Any

from allauth.account.forms import ReauthenticateForm
from allauth.core import context
from django import forms
from django.apps import apps
from django.utils.functional import Promise, lazy
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from zhike.accounts import services
from zhike.accounts.address import client_address
from zhike.accounts.device import known_device
from zhike.accounts.models import Role, Team, User
from zhike.accounts.permissions import USE_API
from zhike.core.access import list_permissions
from zhike.core.actor import Actor, Scope

SCOPES = [
    (Scope.NONE.value, _("Not allowed")),
    (Scope.OWN.value, _("Own records")),
    (Scope.TEAM.value, _("Own team")),
    (Scope.TEAM_AND_BELOW.value, _("Own team and below")),
    (Scope.ALL.value, _("Whole company")),
]
LIFETIMES = [("30", _("30 days")), ("90", _("90 days")), ("365", _("1 year")), ("", _("Until revoked"))]


NEW_PASSWORD = _("At least 10 characters. Four words that have nothing to do with each other or with you are good.")
ALL, CHOSEN = "all", "chosen"
REACHES = [(ALL, _("Everything I may do")), (CHOSEN, _("Only what is ticked below"))]


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


class ConfirmByPassword(ReauthenticateForm):
    """Who is logged in shows again that they know the password; counted like a log-in."""

    password = _password(_("Password"), is_new=False)

    def clean_password(self) -> str:
        request, user = context.request, self.user
        details = {"address": client_address(request), "device": known_device(request, name=user.username)}
        try:
            services.check_log_in(
                request=request,
                username=user.username,
                password=self.cleaned_data["password"],
                at=now(),
                **details,
            )
        except services.WrongNameOrPassword as refusal:
            raise forms.ValidationError(_("This is not your present password.")) from refusal
        except services.TooManyAttempts as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        return str(self.cleaned_data["password"])


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
    """A new API key, at most as strong as its owner."""

    name = forms.CharField(label=_("What for"), max_length=100, help_text=_("For example: cash register, web shop"))
    lifetime_days = forms.ChoiceField(label=_("Valid for"), choices=LIFETIMES, required=False, initial="365")
    reach = forms.ChoiceField(label=_("May do"), choices=REACHES, required=False, initial=ALL, widget=forms.RadioSelect)

    def __init__(self, *args: Any, owner: Actor, **options: Any) -> None:
        super().__init__(*args, **options)
        held = [(one.code, one.label) for one in list_permissions() if owner.may(one.code) and one.code != USE_API]
        self.fields["permissions"] = forms.MultipleChoiceField(
            label=_("Permissions"), required=False, choices=held, widget=forms.CheckboxSelectMultiple
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("reach") == CHOSEN and not cleaned.get("permissions"):
            self.add_error("permissions", _("Tick at least one."))
        return cleaned

    def chosen(self) -> list[str] | None:
        """What the key may do; None for everything its owner may."""
        return self.cleaned_data["permissions"] if self.cleaned_data["reach"] == CHOSEN else None

    def lifetime(self) -> timedelta | None:
        days = self.cleaned_data["lifetime_days"]
        return timedelta(days=int(days)) if days else None


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


class CreateServiceAccount(UserFields):
    username = forms.CharField(
        label=_("User name"),
        max_length=100,
        help_text=_("For example: web-shop"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    field_order = ["username", "name", "team", "roles"]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        del self.fields["email"]


class SecondFactorRule(forms.Form):
    is_required = forms.BooleanField(
        label=_("Everybody with this role needs a second factor"),
        required=False,
        help_text=_("Who has none is led to set one up at the next click, and their keys wait until then."),
    )


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
