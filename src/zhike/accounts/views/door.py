"""Coming in and going out."""

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.internal.stagekit import clear_login
from allauth.account.models import Login
from allauth.mfa.webauthn.internal.flows import perform_passwordless_login
from allauth.mfa.webauthn.views import LoginWebAuthnView
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from zhike.accounts import factor_forms, forms, services, sign_on
from zhike.accounts.address import client_address
from zhike.accounts.device import known_device
from zhike.accounts.models import User
from zhike.core.forms import accepted
from zhike.core.http import ActorRequest
from zhike.core.pages import render_page


@sensitive_post_parameters("password")
@never_cache
@login_not_required
@require_http_methods(["GET", "POST"])
def log_in(request: ActorRequest) -> HttpResponse:
    if request.actor.user_id is not None:
        return redirect(safe_next(request))
    form = forms.LogIn(request.POST or None)
    found: list[User] = []
    if accepted(form, lambda: found.append(_check(request, form))):
        (user,) = found
        clear_login(request)
        entry = Login(user=user, redirect_url=safe_next(request))
        response: HttpResponse = perform_password_login(request, {"username": user.username}, entry)
        return response
    context = {"form": form, "next": safe_next(request), "passkey_form": factor_forms.PasskeyLogIn()}
    return render_page(request, "accounts/log_in.html", {**context, "sign_on": sign_on.offer()})


def _check(request: ActorRequest, form: forms.LogIn) -> User:
    device = known_device(request, name=form.cleaned_data["username"])
    return services.check_log_in(
        request=request, **form.cleaned_data, address=client_address(request), device=device, at=now()
    )


class LogInByPasskey(LoginWebAuthnView):
    """allauth's log-in with a passkey alone, which comes back to where the person wanted to go."""

    def form_valid(self, form: factor_forms.PasskeyLogIn) -> HttpResponse:
        authenticator = form.cleaned_data["credential"]
        entry = Login(user=authenticator.user, redirect_url=safe_next(self.request))
        response: HttpResponse = perform_passwordless_login(self.request, authenticator, entry)
        return response


log_in_by_passkey = never_cache(login_not_required(LogInByPasskey.as_view()))


@login_not_required
@require_POST
def log_out(request: ActorRequest) -> HttpResponse:
    """Leave; where the person came in through the company's sign-on, offer to leave that too."""
    end_url = sign_on.plan_end(request)
    logout(request)
    if end_url:
        request.session[sign_on.END] = end_url
    response = redirect("logged_out" if end_url else "log_in")
    response.headers["Clear-Site-Data"] = '"storage"'  # drafts of forms, in every tab of this browser
    return response


@login_not_required
@never_cache
def logged_out(request: ActorRequest) -> HttpResponse:
    context = {"sign_on": sign_on.offer(), "end_url": request.session.pop(sign_on.END, "")}
    return render_page(request, "accounts/logged_out.html", context)


def safe_next(request: ActorRequest) -> str:
    """Where the person wanted to go, if that is a page of ours."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else "/"
