"""In and out."""

from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from zhike.accounts import forms, services
from zhike.accounts.address import client_address
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
    if accepted(form, lambda: _enter(request, form)):
        return redirect(safe_next(request))
    return render_page(request, "accounts/log_in.html", {"form": form, "next": safe_next(request)})


def _enter(request: ActorRequest, form: forms.LogIn) -> None:
    login(
        request, services.check_log_in(request=request, **form.cleaned_data, address=client_address(request), at=now())
    )


@require_POST
def log_out(request: ActorRequest) -> HttpResponse:
    logout(request)
    return redirect("log_in")


def safe_next(request: ActorRequest) -> str:
    """Where the person wanted to go, if that is a page of ours."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else "/"
