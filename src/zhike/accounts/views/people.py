"""Users and teams, for administrators."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhike.accounts import forms, selectors, services
from zhike.accounts.models import Team, User
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
    found = selectors.list_users(actor=request.actor, page=Page(size=100, after=request.GET.get("after", "")))
    return render_page(request, "accounts/users.html", {"users": found, "tabs": settings_tabs("users")}, partial="rows")


@sensitive_post_parameters("password")
@needs(MANAGE)
@require_http_methods(["GET", "POST"])
def create_user(request: ActorRequest) -> HttpResponse:
    form = forms.CreateUser(request.POST or None)
    if accepted(form, lambda: services.create_user(actor=request.actor, **form.cleaned_data)):
        return go_to(request, "users", message=_("User created."))
    return render_page(request, "accounts/create_user.html", {"form": form, "tabs": settings_tabs("users")})


@needs(MANAGE)
@require_http_methods(["GET", "POST"])
def edit_user(request: ActorRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    present = {"name": user.name, "email": user.email, "team": user.team_id, "is_active": user.is_active}
    form = forms.EditUser(request.POST or None, initial={**present, "roles": list(user.roles.all())})
    if accepted(form, lambda: services.edit_user(actor=request.actor, user=user, **form.cleaned_data)):
        return go_to(request, "users", message=_("Saved."))
    context = {"form": form, "password_form": forms.PasswordReset(), "user": user, "tabs": settings_tabs("users")}
    return render_page(request, "accounts/edit_user.html", context)


@sensitive_post_parameters()
@needs(MANAGE)
@require_POST
def reset_password(request: ActorRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    form = forms.PasswordReset(request.POST)
    if accepted(
        form, lambda: services.reset_password(actor=request.actor, user=user, password=form.cleaned_data["new"])
    ):
        return go_to(request, "users", message=_("Password reset. All their sessions have ended."))
    present = {"name": user.name, "email": user.email, "team": user.team_id, "is_active": user.is_active}
    edit = forms.EditUser(initial={**present, "roles": list(user.roles.all())})
    context = {"form": edit, "password_form": form, "user": user, "tabs": settings_tabs("users")}
    return render_page(request, "accounts/edit_user.html", context)


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
