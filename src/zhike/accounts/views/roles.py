"""Roles, for administrators."""

from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhike.accounts import forms, selectors, services
from zhike.accounts.models import Role
from zhike.accounts.permissions import MANAGE
from zhike.accounts.services.roles import BUILT_IN
from zhike.accounts.views.tabs import settings_tabs
from zhike.core.errors import DomainError
from zhike.core.forms import accepted
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import go_to, render_page


@needs(MANAGE)
@require_GET
def roles(request: ActorRequest) -> HttpResponse:
    context = {"roles": selectors.list_roles(actor=request.actor), "tabs": settings_tabs("roles")}
    return render_page(request, "accounts/roles.html", context)


@needs(MANAGE)
@require_http_methods(["GET", "POST"])
def create_role(request: ActorRequest) -> HttpResponse:
    form = forms.EditRole(request.POST or None, teams=selectors.list_teams(actor=request.actor))
    if accepted(form, lambda: _create(request, form)):
        return go_to(request, "roles", message=_("Role created."))
    return render_page(request, "accounts/edit_role.html", {"form": form, "tabs": settings_tabs("roles")})


def _create(request: ActorRequest, form: forms.EditRole) -> None:
    services.create_role(
        actor=request.actor, name=form.cleaned_data["name"], grants=form.grants(), chosen=form.chosen()
    )


@needs(MANAGE)
@require_http_methods(["GET", "POST"])
def edit_role(request: ActorRequest, pk: int) -> HttpResponse:
    role = get_object_or_404(Role, pk=pk)
    is_built_in = role.code in BUILT_IN
    form = _form(request, role, request.POST or None, is_fixed=is_built_in)
    if accepted(form, lambda: _edit(request, role, form)):
        return go_to(request, "roles", message=_("Saved."))
    return _show_role(request, role, form=form)


def _show_role(request: ActorRequest, role: Role, **shown: Any) -> HttpResponse:
    rule = forms.SecondFactorRule(initial={"is_required": role.requires_second_factor})
    context = {"role": role, "is_built_in": role.code in BUILT_IN, "rule": rule, "tabs": settings_tabs("roles")}
    return render_page(request, "accounts/edit_role.html", {**context, **shown})


def _edit(request: ActorRequest, role: Role, form: forms.EditRole) -> None:
    services.edit_role(
        actor=request.actor, role=role, name=form.cleaned_data["name"], grants=form.grants(), chosen=form.chosen()
    )


def _form(request: ActorRequest, role: Role, data: QueryDict | None, *, is_fixed: bool = False) -> forms.EditRole:
    actor = request.actor
    return forms.EditRole(
        data,
        initial={"name": role.name},
        grants=selectors.get_grants(actor=actor, role=role),
        chosen=selectors.get_chosen(actor=actor, role=role),
        teams=selectors.list_teams(actor=actor),
        is_fixed=is_fixed,
    )


@needs(MANAGE)
@require_POST
def put_second_factor_rule(request: ActorRequest, pk: int) -> HttpResponse:
    role = get_object_or_404(Role, pk=pk)
    form = forms.SecondFactorRule(request.POST)
    form.is_valid()
    services.put_second_factor_rule(actor=request.actor, role=role, is_required=form.cleaned_data["is_required"])
    return go_to(request, reverse("edit_role", args=[role.pk]), message=_("Saved."))


@needs(MANAGE)
@require_POST
def delete_role(request: ActorRequest, pk: int) -> HttpResponse:
    role = get_object_or_404(Role, pk=pk)
    try:
        services.delete_role(actor=request.actor, role=role)
    except DomainError as refusal:
        return _show_role(request, role, form=_form(request, role, None), refusal=refusal)
    return go_to(request, "roles", message=_("Role deleted."))
