"""How one's own account is kept safe: password, second factor, passkeys, sessions and keys on one page."""

from typing import Any

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.mfa.recovery_codes.views import ViewRecoveryCodesView
from allauth.mfa.webauthn.internal import auth
from allauth.mfa.webauthn.views import AddWebAuthnView
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from zhike.accounts import selectors, services, sign_on
from zhike.accounts.models import User
from zhike.accounts.permissions import USE_API
from zhike.accounts.services import sessions
from zhike.accounts.views.tabs import my_tabs
from zhike.core.http import ActorRequest
from zhike.core.pages import go_to, render_page


@never_cache
@require_GET
def my_security(request: ActorRequest) -> HttpResponse:
    actor, at = request.actor, now()
    user_id = actor.user_id or 0
    notices = selectors.list_notices(actor=actor)
    context = {
        "tabs": my_tabs("my_security", actor),
        "duty": request.duty,
        "notices": notices,
        "has_news": any(notice.is_new for notice in notices),
        "has_password": User.objects.get(pk=user_id).has_usable_password(),
        "factors": selectors.get_factors(actor=actor, user_id=user_id),
        "sign_on": sign_on.offer(),
        "sessions": selectors.list_sessions(
            actor=actor, user_id=user_id, at=at, current_key=request.session.session_key or ""
        ),
        "key_count": len(selectors.list_tokens(actor=actor, at=at)) if actor.may(USE_API) else None,
    }
    return render_page(request, "accounts/my_security.html", context)


@require_POST
def see_notices(request: ActorRequest) -> HttpResponse:
    services.see_notices(actor=request.actor, at=now())
    return go_to(request, "my_security")


@require_POST
def end_session(request: ActorRequest, pk: int) -> HttpResponse:
    raise_if_reauthentication_required(request, app="zhike.accounts")
    session = get_object_or_404(UserSession, pk=pk, user=request.actor.user_id)
    services.end_session(actor=request.actor, session=session)
    return go_to(request, "my_security", message=_("That session has ended."))


@require_POST
def end_other_sessions(request: ActorRequest) -> HttpResponse:
    raise_if_reauthentication_required(request, app="zhike.accounts")
    user = services.end_sessions(actor=request.actor, user=User.objects.get(pk=request.actor.user_id or 0))
    update_session_auth_hash(request, user)
    sessions.note_session(request, user)
    return go_to(request, "my_security", message=_("You are logged out everywhere but here."))


@require_POST
def leave_sign_on(request: ActorRequest) -> HttpResponse:
    """Forget whom the company's sign-on knows this account as; the password stays the way in."""
    raise_if_reauthentication_required(request, app="zhike.accounts")
    try:
        services.leave_sign_on(actor=request.actor)
    except services.NoOtherWayIn as refusal:
        messages.error(request, str(refusal))
        return redirect("my_security")
    return go_to(request, "my_security", message=_("The sign-on no longer opens this account."))


class AddPasskey(AddWebAuthnView):
    """allauth's new passkey, always one that checks its owner and can come in by itself."""

    def get_context_data(self, **details: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**details)
        user = User.objects.get(pk=self.request.actor.user_id)
        context["js_data"] = {"creation_options": auth.begin_registration(user, passwordless=True)}
        return context


class RecoveryCodes(ViewRecoveryCodesView):
    """allauth's page of recovery codes, after which nobody can read them any more."""

    def get_context_data(self, **details: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**details)
        user_id = self.request.actor.user_id
        if context["can_view_codes"]:
            services.seal_recovery_codes(user_id=user_id)
        context["codes_left"] = selectors.get_factors(actor=self.request.actor, user_id=user_id).codes_left
        return context


add_passkey = AddPasskey.as_view()
recovery_codes = never_cache(RecoveryCodes.as_view())
