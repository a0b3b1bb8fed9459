"""How a request to the API says who sends it: a key, or the session of a browser that shows the documentation."""

from typing import cast

from django.conf import settings
from django.http import HttpRequest
from ninja.security import APIKeyCookie, HttpBearer

from zhike.accounts.permissions import USE_API
from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.http import ActorRequest


class ApiKey(HttpBearer):
    """The key in the Authorization header, which the middleware has already turned into the actor."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        return _allowed(request)


class BrowserSession(APIKeyCookie):
    """A logged-in browser; what it writes needs the CSRF token as on every page."""

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Actor | None:
        if "Authorization" in request.headers or self.param_name not in request.COOKIES:
            return None
        actor: Actor | None = super().__call__(request)
        return actor

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:
        return _allowed(request)


def _allowed(request: HttpRequest) -> Actor | None:
    actor = cast(ActorRequest, request).actor
    if actor.user_id is None:
        return None
    require(actor, USE_API)
    return actor
