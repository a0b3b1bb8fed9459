"""How much one may ask for: a bucket for each person, for each key, and for each address that nobody has logged in at.

Guests are counted for their address, people and programs never are: whoever floods us from the office's address keeps
nobody out who is in, nor anybody from logging in in a browser where they have been before.
"""

import logging
import math
from collections.abc import Callable
from typing import cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext

from zhike.accounts.address import client_address
from zhike.accounts.device import any_device
from zhike.accounts.services.attempts import network_of
from zhike.core.api.problems import problem
from zhike.core.buckets import Buckets, Rate
from zhike.core.http import ActorRequest, wants_fragment
from zhike.core.pages import toast

API = "/api/"
BURST_SECONDS = 20
NOTED_AGAIN_AFTER = Rate(per_second=1 / 60, burst=1)
buckets = Buckets()
noted = Buckets()
logger = logging.getLogger("zhike.rates")


class RateMiddleware:
    """Refuses with 429, and says when to come again, whoever asks for more than their share."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        key, per_second = _who(request)
        wait = buckets.take(key, Rate(per_second=per_second, burst=per_second * BURST_SECONDS))
        return _refusal(request, key, wait) if wait else self.get_response(request)


def _who(request: HttpRequest) -> tuple[str, float]:
    known = cast(ActorRequest, request)
    if known.token_id is not None:
        return f"key:{known.token_id}", settings.RATE_PER_KEY
    if known.actor.user_id is not None:
        return f"user:{known.actor.user_id}", settings.RATE_PER_USER
    if device := any_device(request):
        return device, settings.RATE_PER_ADDRESS
    return f"address:{network_of(client_address(request))}", settings.RATE_PER_ADDRESS


def _refusal(request: HttpRequest, key: str, wait: float) -> HttpResponse:
    if not noted.take(key, NOTED_AGAIN_AFTER):
        logger.warning("%s sends more requests than allowed", key)
    seconds = str(math.ceil(wait))
    said = gettext("Too many requests at once. Please wait a moment, then try again.")
    if request.path.startswith(API):
        response = problem(429, detail=said)
    elif not wants_fragment(request):
        response = render(request, "429.html", status=429)
    else:
        response = toast(HttpResponse(said, status=429, content_type="text/plain; charset=utf-8"), said)
    response.headers["Retry-After"] = seconds
    return response
