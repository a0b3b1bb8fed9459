"""Puts `request.actor` on every request, and its language and time zone around the view."""

import uuid
from collections.abc import Callable
from typing import cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from zhike.accounts.actors import actor_of
from zhike.accounts.models import User
from zhike.core.actor import ANONYMOUS, Actor
from zhike.core.http import ActorRequest

LOCALES = ("zh-hans", "en")


class ActorMiddleware:
    """Everybody is somebody: a logged-in user's actor, or ANONYMOUS with the cookie's language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request = cast(ActorRequest, request)
        request.actor = self._actor(request)
        locale = request.actor.locale if request.actor.user_id else self._guest_locale(request)
        with translation.override(locale), timezone.override(request.actor.zone):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", locale)
        return response

    def _actor(self, request: HttpRequest) -> Actor:
        user = request.user
        if not isinstance(user, User):
            return ANONYMOUS
        return actor_of(user, request_id=uuid.uuid4().hex)

    def _guest_locale(self, request: HttpRequest) -> str:
        wanted = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        return wanted if wanted in LOCALES else settings.LANGUAGE_CODE
