"""Puts `request.actor` on every request, and its language and time zone around the view."""

import uuid
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import middleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone, translation

from zhike.accounts import actors, services
from zhike.accounts.models import User
from zhike.core.actor import ANONYMOUS, Actor
from zhike.core.http import ActorRequest, wants_fragment

LOCALES = ("zh-hans", "en")
API = "/api/"
BEARER = "bearer "


class ActorMiddleware:
    """Everybody is somebody: a key's or a logged-in user's actor, or ANONYMOUS with the cookie's language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request = cast(ActorRequest, request)
        request.actor = self._actor(request)
        locale = request.actor.locale if request.actor.user_id else self._guest_locale(request)
        with translation.override(locale), timezone.override(request.actor.zone):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", locale)
        if request.actor.request_id:
            response.headers["X-Request-Id"] = request.actor.request_id
        return response

    def _actor(self, request: HttpRequest) -> Actor:
        # A key, even a bad one, is never mixed with a session: whoever sends one means to act through it. It opens
        # the API alone, where the permission to use it is asked for.
        header = request.headers.get("Authorization", "") if request.path.startswith(API) else ""
        user = _user_of_key(header) if header else request.user
        if not isinstance(user, User):
            return ANONYMOUS
        return actors.actor_of(user, request_id=uuid.uuid4().hex)

    def _guest_locale(self, request: HttpRequest) -> str:
        wanted = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        return wanted if wanted in LOCALES else settings.LANGUAGE_CODE


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
    """Sends guests to the log-in page; a fragment's whole page goes there, and back to where it was."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        refusal: HttpResponseBase | None = super().process_view(request, view_func, view_args, view_kwargs)
        if refusal is None or not wants_fragment(request):
            return refusal
        page = urlsplit(request.headers.get("HX-Current-URL", ""))
        to = redirect_to_login(f"{page.path}?{page.query}" if page.query else page.path or "/", settings.LOGIN_URL)
        return HttpResponse(status=204, headers={"HX-Redirect": to.url})
