"""One exit for pages: the whole page to a browser, the named partial to htmx."""

import json
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url

from zhike.core.http import ActorRequest, wants_fragment


def render_page(
    request: ActorRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    partial: str | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the template, or only its partial where htmx asks for a fragment."""
    fragment = partial is not None and wants_fragment(request)
    response = render(request, f"{template}#{partial}" if fragment else template, dict(context), status=status)
    response.headers["Vary"] = "HX-Request"
    return response


def go_to(request: ActorRequest, target: Any, *, message: str = "", undo_url: str = "") -> HttpResponse:
    """Redirect after a write: a 302 for a browser, HX-Redirect for htmx. undo_url: the way back, in the message."""
    if message:
        messages.success(request, message, extra_tags=undo_url)
    address = resolve_url(target)
    if wants_fragment(request):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def toast(response: HttpResponse, message: str, *, undo_url: str = "") -> HttpResponse:
    """Show a short notice once the fragment has arrived, with an undo button where there is a way back."""
    response.headers["HX-Trigger"] = json.dumps({"toast": {"message": message, "undoUrl": undo_url}})
    return response
