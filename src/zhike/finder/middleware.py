"""Sees which records people open; that needs no line in the views that show them."""

from collections.abc import Callable
from typing import cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.timezone import now

from zhike.core import finder
from zhike.core.http import ActorRequest
from zhike.finder import services

type Answer = Callable[[HttpRequest], HttpResponseBase]


class VisitMiddleware:
    """Notes each record that was shown to somebody who is logged in."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        match = request.resolver_match
        if request.method != "GET" or response.status_code != 200 or match is None or not match.url_name:
            return response
        kind = finder.kind_of_page(match.url_name)
        actor = cast(ActorRequest, request).actor
        if kind is not None and actor.user_id is not None:
            services.note_visit(actor=actor, kind=kind, record_id=int(match.kwargs["pk"]), at=now())
        return response
