"""Shapes of what people type about accounts; whether it is allowed is decided by the services."""

import zoneinfo
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Any

from allauth.account.forms import ReauthenticateForm
from allauth.core import context
from django import forms
from django.apps import apps
from django.db.models import QuerySet
from django.utils.functional import Promise, lazy
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from zhike.accounts import services
from zhike.accounts.address import client_address
from zhike.accounts.device import known_device
from zhike.accounts.models import Role, Team, User
from zhike.accounts.permissions import USE_API
from zhike.accounts.selectors import TeamRow
from zhike.core.access import list_permissions
from zhike.core.actor import Actor, Scope

SCOPES = [
    (Scope.NONE.value, _("Not allowed")),
    (Scope.OWN.value, _("Own records")),
    (Scope.SUBORDINATES.value, _("Own and subordinates")),
    (Scope.TEAM.value, _("Own team")),
    (Scope.TEAM_AND_BELOW.value, _("Own team and below")),
    (Scope.CHOSEN.value, _("Chosen teams")),
    (Scope.ALL.value, _("Whole company")),
]
PLAIN_SCOPES = [SCOPES[0], (Scope.ALL.value, _("Allowed"))]
EXPLAINED = [
    (
        _("Own records"),
        _("What one is the owner of, what one has been made a collaborator on, and what one stands in for."),
    ),
    (_("Own and subordinates"), _("Also what belongs to those who report to one, directly or through others.")),
    (_("Own team"), _("Also every record of the teams one is a member of.")),
    (_("Own team and below"), _("Also the records of all teams below these in the tree.")),
    (_("Chosen teams"), _("Own records, and those of exactly the teams ticked below.")),
    (_("Whole company"), _("Every record, also those that nobody owns.")),
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
    revokes_keys = forms.BooleanField(
        label=_("Revoke their API keys too"),
        required=False,
        help_text=_("When somebody else may have been in the account. Programs that use these keys stop at once."),
    )


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
        label=_("Main team"), queryset=Team.objects.order_by("path"), required=False, empty_label=_("No team")
    )
    other_teams = forms.ModelMultipleChoiceField(
        label=_("Other teams"),
        queryset=Team.objects.order_by("path"),
        required=False,
        help_text=_("Works there too. New records belong to the main team above. Hold Ctrl or ⌘ to choose several."),
    )
    manager = forms.ModelChoiceField(
        label=_("Reports to"),
        queryset=User.objects.filter(is_active=True, kind=User.Kind.PERSON).order_by("name", "pk"),
        required=False,
        empty_label=_("Nobody above them"),
    )
    roles = forms.ModelMultipleChoiceField(
        label=_("Roles"),
        queryset=Role.objects.order_by("pk"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Several roles add up: what any of them reaches, is reached."),
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
    field_order = ["username", "name", "password", "email", "team", "other_teams", "manager", "roles"]


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


@dataclass(frozen=True, kw_only=True)
class PermissionField:
    """A row of the role's table."""

    code: str
    scope: forms.BoundField
    teams: forms.BoundField | None


class EditRole(forms.Form):
    """A name, and for each permission a scope and, where that is chosen teams, which ones."""

    name = forms.CharField(label=_("Role name"), max_length=100)

    def __init__(
        self,
        *args: Any,
        grants: Mapping[str, Scope] | None = None,
        chosen: Mapping[str, Collection[int]] | None = None,
        teams: Sequence[TeamRow] = (),
        is_fixed: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        tree = [(team.pk, f"{team.lead}{team.name}") for team in teams]
        for permission in list_permissions():
            scope = (grants or {}).get(permission.code, Scope.NONE)
            if scope and not permission.is_scoped:
                scope = Scope.ALL
            self.fields[permission.code] = forms.TypedChoiceField(
                label=str(permission.label),
                choices=SCOPES if permission.is_scoped else PLAIN_SCOPES,
                coerce=int,
                widget=forms.RadioSelect,
                initial=scope.value,
            )
            if permission.is_scoped:
                self.fields[_teams_of(permission.code)] = forms.TypedMultipleChoiceField(
                    label=str(permission.label),
                    choices=tree,
                    coerce=int,
                    required=False,
                    widget=forms.CheckboxSelectMultiple,
                    initial=list((chosen or {}).get(permission.code, ())),
                )
        for field in self.fields.values():
            field.disabled = is_fixed

    def groups(self) -> list[tuple[str | Promise, list[PermissionField]]]:
        """The permissions' fields by app."""
        found = [
            PermissionField(
                code=permission.code,
                scope=self[permission.code],
                teams=self[_teams_of(permission.code)] if permission.is_scoped else None,
            )
            for permission in list_permissions()
        ]
        by_app = groupby(found, key=lambda one: one.code.split(".")[0])
        return [(apps.get_app_config(label).verbose_name, list(fields)) for label, fields in by_app]

    def explained(self) -> list[tuple[str | Promise, str | Promise]]:
        return list(EXPLAINED)

    def grants(self) -> dict[str, Scope]:
        """What was chosen, permissions that are not allowed left out."""
        chosen = {one.code: Scope(self.cleaned_data[one.code]) for one in list_permissions()}
        return {code: scope for code, scope in chosen.items() if scope is not Scope.NONE}

    def chosen(self) -> dict[str, list[int]]:
        """The teams ticked for the permissions that reach chosen teams."""
        codes = [code for code, scope in self.grants().items() if scope is Scope.CHOSEN]
        return {code: self.cleaned_data[_teams_of(code)] for code in codes}


def _teams_of(code: str) -> str:
    return f"{code}.teams"


def _colleagues(but: int) -> QuerySet[User]:
    people = User.objects.filter(is_active=True, kind=User.Kind.PERSON)
    return people.exclude(pk=but).order_by("name", "pk")


class NewDelegation(forms.Form):
    """Who stands in, and from when to when."""

    field_order = ["to_user", "starts_on", "ends_on", "note"]
    starts_on = forms.DateField(label=_("First day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    ends_on = forms.DateField(label=_("Last day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    note = forms.CharField(label=_("Reason"), max_length=200, required=False)

    def __init__(self, *args: Any, but: int | None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["to_user"] = forms.ModelChoiceField(
            label=_("Colleague"),
            queryset=_colleagues(but or 0),
            empty_label="",
        )
        self.order_fields(self.field_order)


class Reassign(forms.Form):
    """Who takes over; several people share evenly."""

    def __init__(self, *args: Any, but: int, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["to_users"] = forms.ModelMultipleChoiceField(
            label=_("New owners"),
            queryset=_colleagues(but),
            widget=forms.CheckboxSelectMultiple,
            help_text=_("Several people get equal shares. Records move to the main team of their new owner."),
        )
