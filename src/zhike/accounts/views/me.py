"""What people set for themselves: preferences, password, API keys."""

from datetime import timedelta

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import translation
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from zhike.accounts import forms, selectors, services
from zhike.accounts.address import client_address
from zhike.accounts.device import known_device
from zhike.accounts.models import Token, User
from zhike.accounts.permissions import USE_API
from zhike.accounts.services import sessions
from zhike.accounts.views.door import safe_next
from zhike.accounts.views.tabs import my_tabs
from zhike.core.actor import Actor
from zhike.core.forms import accepted
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import go_to, render_page


@require_http_methods(["GET", "POST"])
def my_settings(request: ActorRequest) -> HttpResponse:
    actor = request.actor
    form = forms.Preferences(
        request.POST or None, initial={"locale": actor.locale, "zone": actor.zone, "theme": actor.theme}
    )
    if accepted(form, lambda: services.put_preferences(actor=actor, **form.cleaned_data)):
        with translation.override(form.cleaned_data["locale"]):
            return go_to(request, "my_settings", message=_("Saved."))
    return render_page(
        request, "accounts/my_settings.html", {"form": form, "tabs": my_tabs("my_settings", request.actor)}
    )


@login_not_required
@require_POST
def preferences(request: ActorRequest) -> HttpResponse:
    """A switch of the top bar; guests have the language only, which a cookie remembers."""
    response = redirect(safe_next(request))
    form = forms.QuickPreferences(request.POST)
    if not form.is_valid():
        return response
    if request.actor.user_id is not None:
        services.put_preferences(actor=request.actor, **form.chosen())
    elif form.cleaned_data["locale"]:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            form.cleaned_data["locale"],
            max_age=timedelta(days=365),
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def change_password(request: ActorRequest) -> HttpResponse:
    form = forms.PasswordChange(request.POST or None)
    if accepted(form, lambda: _change_password(request, form)):
        return go_to(request, "my_security", message=_("Password changed. Your other sessions have ended."))
    context = {"form": form, "tabs": my_tabs("my_security", request.actor), "is_duty": request.duty}
    return render_page(request, "accounts/change_password.html", context)


def _change_password(request: ActorRequest, form: forms.PasswordChange) -> None:
    name = User.objects.values_list("username", flat=True).get(pk=request.actor.user_id or 0)
    where = {"address": client_address(request), "device": known_device(request, name=name)}
    try:  # counted like a log-in: whoever holds a session is not to guess the password here
        services.check_log_in(request=request, username=name, password=form.cleaned_data["old"], at=now(), **where)
    except services.WrongNameOrPassword:
        raise services.PasswordWrong from None
    changed = services.change_password(actor=request.actor, **form.cleaned_data)
    update_session_auth_hash(request, changed)
    sessions.note_session(request, changed)


@never_cache
@needs(USE_API)
@require_http_methods(["GET", "POST"])
def my_keys(request: ActorRequest) -> HttpResponse:
    form = forms.Key(request.POST or None, owner=request.actor)
    made: list[str] = []
    if request.method == "POST":
        raise_if_reauthentication_required(request, app="zhike.accounts")
    if accepted(form, lambda: made.append(_create_key(request.actor, form))):
        form = forms.Key(owner=request.actor)
    key = made[0] if made else ""
    context = {"form": form, "key": key, "tabs": my_tabs("my_keys", request.actor)}
    context["tokens"] = selectors.list_tokens(actor=request.actor, at=now())
    return render_page(request, "accounts/my_keys.html", context)


def _create_key(actor: Actor, form: forms.Key) -> str:
    _token, key = services.create_token(
        actor=actor,
        user=User.objects.get(pk=actor.user_id or 0),
        name=form.cleaned_data["name"],
        at=now(),
        lifetime=form.lifetime(),
        permissions=form.chosen(),
    )
    return key


@require_POST
def revoke_key(request: ActorRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(Token, pk=pk, user_id=request.actor.user_id)
    services.revoke_token(actor=request.actor, token=token, at=now())
    messages.success(request, _("Revoked. Programs with this key are refused from now on."))
    return redirect("my_keys")
