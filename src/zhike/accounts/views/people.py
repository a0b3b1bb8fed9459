"""Users and teams, for administrators."""

from typing import Any

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhike.accounts import forms, selectors, services
from zhike.accounts.actors import actor_of
from zhike.accounts.models import Team, Token, User
from zhike.accounts.permissions import MANAGE
from zhike.accounts.views.tabs import settings_tabs
from zhike.core.errors import DomainError
from zhike.core.forms import accepted
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import go_to, render_page
from zhike.core.paging import Page


@needs(MANAGE)
@require_GET
def users(request: ActorRequest) -> HttpResponse:
    text = request.GET.get("q", "").replace("\0", "").strip()[:100]
    page = Page(size=100, after=request.GET.get("after", ""))
    found = selectors.list_users(actor=request.actor, page=page, text=text)
    context = {"users": found, "text": text, "tabs": settings_tabs("users")}
    return render_page(request, "accounts/users.html", context, partial="rows")


@sensitive_post_parameters("password")
@needs(MANAGE)
@require_http_methods(["GET", "POST"])
def create_user(request: ActorRequest) -> HttpResponse:
    form = forms.CreateUser(request.POST or None)
    if accepted(form, lambda: services.create_user(actor=request.actor, is_first=True, **form.cleaned_data)):
        return go_to(request, "users", message=_("User created."))
    return render_page(request, "accounts/create_user.html", {"form": form, "tabs": settings_tabs("users")})


@needs(MANAGE)
@require_http_methods(["GET", "POST"])
def create_service_account(request: ActorRequest) -> HttpResponse:
    form = forms.CreateServiceAccount(request.POST or None)
    made: list[User] = []
    if accepted(form, lambda: made.append(services.create_service_account(actor=request.actor, **form.cleaned_data))):
        return go_to(request, reverse("edit_user", args=[made[0].pk]), message=_("Now make it a key."))
    context = {"form": form, "is_service": True, "tabs": settings_tabs("users")}
    return render_page(request, "accounts/create_user.html", context)


@never_cache
@needs(MANAGE)
@require_http_methods(["GET", "POST"])
def edit_user(request: ActorRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    form = _edit_form(user, request.POST or None)
    if accepted(form, lambda: services.edit_user(actor=request.actor, user=user, **form.cleaned_data)):
        if user.is_active and not form.cleaned_data["is_active"] and _owns_something(request, user):
            message = _("Saved. Their records still belong to them: hand them over here.")
            return go_to(request, reverse("reassign_records", args=[user.pk]), message=message)
        return go_to(request, "users", message=_("Saved."))
    return _show_user(request, user, form=form)


def _present(user: User) -> dict[str, Any]:
    names = ("name", "email", "team", "manager", "is_active")
    several = {"roles": list(user.roles.all()), "other_teams": list(user.other_teams.all())}
    return {**{name: getattr(user, name) for name in names}, **several}


def _owns_something(request: ActorRequest, user: User) -> bool:
    return any(one.count for one in services.count_records(actor=request.actor, user=user))


@sensitive_post_parameters()
@needs(MANAGE)
@require_POST
def reset_password(request: ActorRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    form = forms.PasswordReset(request.POST)
    if accepted(
        form,
        lambda: services.reset_password(
            actor=request.actor,
            user=user,
            password=form.cleaned_data["new"],
            at=now(),
            revokes_keys=form.cleaned_data["revokes_keys"],
        ),
    ):
        said = _("Password reset. All their sessions and API keys have ended.")
        kept = _("Password reset. All their sessions have ended.")
        return go_to(request, "users", message=said if form.cleaned_data["revokes_keys"] else kept)
    return _show_user(request, user, password_form=form)


@needs(MANAGE)
@require_POST
def reset_second_factor(request: ActorRequest, pk: int) -> HttpResponse:
    raise_if_reauthentication_required(request, app="zhike.accounts")
    user = get_object_or_404(User, pk=pk)
    try:
        services.reset_second_factor(actor=request.actor, user=user)
    except DomainError as refusal:
        return _show_user(request, user, refusal=refusal)
    return _back_to(request, user, _("Taken away. At the next log-in the password alone opens."))


@needs(MANAGE)
@require_POST
def end_sessions(request: ActorRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    services.end_sessions(actor=request.actor, user=user)
    return _back_to(request, user, _("Logged out everywhere."))


@never_cache
@needs(MANAGE)
@require_POST
def create_key_for(request: ActorRequest, pk: int) -> HttpResponse:
    """A key for a service account, shown on its page this once."""
    raise_if_reauthentication_required(request, app="zhike.accounts")
    user = get_object_or_404(User, pk=pk)
    form = forms.Key(request.POST, owner=actor_of(user))
    made: list[str] = []
    if accepted(form, lambda: made.append(_create_key(request, user, form))):
        return _show_user(request, user, key=made[0])
    return _show_user(request, user, key_form=form)


def _create_key(request: ActorRequest, user: User, form: forms.Key) -> str:
    _token, key = services.create_token(
        actor=request.actor,
        user=user,
        name=form.cleaned_data["name"],
        at=now(),
        lifetime=form.lifetime(),
        permissions=form.chosen(),
    )
    return key


@needs(MANAGE)
@require_POST
def revoke_key_of(request: ActorRequest, pk: int, token_pk: int) -> HttpResponse:
    token = get_object_or_404(Token, pk=token_pk, user=pk)
    services.revoke_token(actor=request.actor, token=token, at=now())
    return _back_to(request, token.user, _("Revoked. Programs with this key are refused from now on."))


def _back_to(request: ActorRequest, user: User, message: str) -> HttpResponse:
    return go_to(request, reverse("edit_user", args=[user.pk]), message=message)


def _edit_form(user: User, typed: QueryDict | None = None) -> forms.EditUser:
    return forms.EditUser(typed, initial=_present(user))


def _show_user(request: ActorRequest, user: User, **shown: Any) -> HttpResponse:
    """One person or service account, with whatever form or refusal differs from the page as it is opened."""
    actor, at = request.actor, now()
    context = {
        "form": _edit_form(user),
        "password_form": forms.PasswordReset(),
        "key_form": forms.Key(owner=actor_of(user)),
        "user": user,
        "is_self": user.pk == actor.user_id,
        "is_service": user.kind == User.Kind.SERVICE,
        "factors": selectors.get_factors(actor=actor, user_id=user.pk),
        "sessions": selectors.list_sessions(actor=actor, user_id=user.pk, at=at),
        "tokens": selectors.list_tokens(actor=actor, at=at, owner_id=user.pk),
        "tabs": settings_tabs("users"),
    }
    return render_page(request, "accounts/edit_user.html", {**context, **shown})


@needs(MANAGE)
@require_GET
def teams(request: ActorRequest) -> HttpResponse:
    context = {"teams": selectors.list_teams(actor=request.actor), "tabs": settings_tabs("teams")}
    return render_page(request, "accounts/teams.html", context)


@needs(MANAGE)
@require_http_methods(["GET", "POST"])
def create_team(request: ActorRequest) -> HttpResponse:
    form = forms.EditTeam(request.POST or None, initial={"parent": request.GET.get("parent")})
    if accepted(form, lambda: services.create_team(actor=request.actor, **form.cleaned_data)):
        return go_to(request, "teams", message=_("Team created."))
    return render_page(request, "accounts/edit_team.html", {"form": form, "tabs": settings_tabs("teams")})


@needs(MANAGE)
@require_http_methods(["GET", "POST"])
def edit_team(request: ActorRequest, pk: int) -> HttpResponse:
    team = get_object_or_404(Team, pk=pk)
    form = forms.EditTeam(request.POST or None, initial={"name": team.name, "parent": team.parent_id}, team=team)
    if accepted(form, lambda: services.edit_team(actor=request.actor, team=team, **form.cleaned_data)):
        return go_to(request, "teams", message=_("Saved."))
    return render_page(request, "accounts/edit_team.html", {"form": form, "team": team, "tabs": settings_tabs("teams")})


@needs(MANAGE)
@require_POST
def delete_team(request: ActorRequest, pk: int) -> HttpResponse:
    team = get_object_or_404(Team, pk=pk)
    try:
        services.delete_team(actor=request.actor, team=team)
    except DomainError as refusal:
        form = forms.EditTeam(initial={"name": team.name, "parent": team.parent_id}, team=team)
        context = {"form": form, "team": team, "refusal": refusal, "tabs": settings_tabs("teams")}
        return render_page(request, "accounts/edit_team.html", context)
    return go_to(request, "teams", message=_("Team deleted."))
