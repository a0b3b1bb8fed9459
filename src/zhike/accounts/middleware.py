"""Puts `request.actor` on every request, and its language and time zone around the view."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import logout, middleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext

from zhike.accounts import actors, services
from zhike.accounts.models import User
from zhike.accounts.services import sessions
from zhike.core.acting import acting
from zhike.core.actor import ANONYMOUS, Actor
from zhike.core.api.problems import problem
from zhike.core.http import ActorRequest, page_around, wants_fragment

LOCALES = ("zh-hans", "en")
API = "/api/"
DUTY_CODES = {"my_security": "second_factor", "change_password": "password_change"}
BEARER = "bearer "


# What is open to people who have to set up a second factor or change their password before anything else.
WHILE_ON_DUTY = frozenset(
    {
        *("log_out", "log_in", "preferences", "change_password", "my_security"),
        *("account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn"),
        *("mfa_activate_totp", "mfa_add_webauthn", "mfa_view_recovery_codes", "mfa_generate_recovery_codes"),
    }
)


class ActorMiddleware:
    """Everybody is somebody: a key's or a logged-in user's actor, or ANONYMOUS with the cookie's language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request = cast(ActorRequest, request)
        request.duty, request.token_id = "", None
        request.actor = self._actor(request)
        locale = request.actor.locale if request.actor.user_id else self._guest_locale(request)
        origin = "api" if request.path.startswith(API) else "web"
        with acting(request.actor, origin=origin), translation.override(locale), timezone.override(request.actor.zone):
            response = self.get_response(request)
        if response.streaming:
            streamed: Any = response
            streamed.streaming_content = _streamed(streamed.streaming_content, request.actor, origin)
        response.headers.setdefault("Content-Language", locale)
        if request.actor.request_id:
            response.headers["X-Request-Id"] = request.actor.request_id
        return response

    def _actor(self, request: ActorRequest) -> Actor:
        # A key, even a bad one, is never mixed with a session: whoever sends one means to act through it. It opens
        # the API alone, where the permission to use it is asked for.
        header = request.headers.get("Authorization", "") if request.path.startswith(API) else ""
        user: Any = _user_of_key(header) if header else request.user
        if isinstance(user, User) and not header and not sessions.keep_session(request, user):
            logout(request)
            user = None
        if not isinstance(user, User):
            return ANONYMOUS
        request.duty, request.token_id = _duty_of(user, by_key=bool(header)), getattr(user, "token_id", None)
        return actors.actor_of(user, request_id=uuid.uuid4().hex)

    def _guest_locale(self, request: HttpRequest) -> str:
        wanted = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        return wanted if wanted in LOCALES else settings.LANGUAGE_CODE


def _duty_of(user: Any, *, by_key: bool) -> str:
    """What the person has to do before anything else: the address name of where it is done."""
    if user.must_change_password and not by_key:
        return "change_password"
    return "my_security" if user.lacks_second_factor else ""


def _streamed(chunks: Iterable[bytes], actor: Actor, origin: str) -> Iterator[bytes]:
    """The server reads the rows after the view is gone; they are still read as the actor."""
    with acting(actor, origin=origin):
        yield from chunks


def _user_of_key(header: str) -> User | None:
    if header[: len(BEARER)].lower() != BEARER:
        return None
    at = timezone.now()
    digest = services.digest_of(header[len(BEARER) :].strip())
    user: Any = actors.load_user_of_token(digest=digest, at=at)
    if user:
        services.note_token_use(token_id=user.token_id, noted_at=user.token_used_at, at=at)
    return cast(User | None, user)


class LoginRequiredMiddleware(middleware.LoginRequiredMiddleware):
    """Sends guests to the log-in page, and people who have to set something up first to where that is done.

    A fragment's whole page goes there, and guests come back to where they were.
    """

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        duty = cast(ActorRequest, request).duty
        if duty and request.resolver_match and request.resolver_match.url_name not in WHILE_ON_DUTY:
            return _send_to_duty(request, duty)
        refusal: HttpResponseBase | None = super().process_view(request, view_func, view_args, view_kwargs)
        if refusal is None or not wants_fragment(request):
            return refusal
        page = page_around(request)
        to = redirect_to_login(f"{page.path}?{page.query}" if page.query else page.path or "/", settings.LOGIN_URL)
        return HttpResponse(status=204, headers={"HX-Redirect": to.url})


def _send_to_duty(request: HttpRequest, duty: str) -> HttpResponse:
    if request.path.startswith(API):
        detail = gettext("Log in to Zhike in a browser first: something has to be set up there before anything else.")
        return problem(403, code=f"{DUTY_CODES[duty]}_required", detail=detail)
    if wants_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": reverse(duty)})
    return HttpResponseRedirect(reverse(duty))
