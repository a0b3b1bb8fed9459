"""Thumbnails of pictures, as pages show them: nobody waits for one, and each time it is asked who may see it."""

from pathlib import Path
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.utils.csp import CSP

from zhike.core.http import ActorRequest
from zhike.customers.attached import opened
from zhike.exchange.files import thumbnails
from zhike.exchange.files.contents import Form

SHUT = {"default-src": [CSP.NONE], "sandbox": ""}
SIGN_TYPE = "image/svg+xml"
# What pages take for a picture that is still to come: no thumbnail is as large.
LATER_EDGE = 1000


def sign(edge: int = thumbnails.EDGE) -> bytes:
    """A picture that cannot be shown, in a grey that stands on light and on dark."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{edge}" height="{edge}" viewBox="-6 -6 36 36" fill="none" '
        'stroke="#8a93a2" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">'
        '<path d="M4 5a1 1 0 0 1 1-1h14a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1z"/>'
        '<path d="m4 16 4.5-4.5a2 2 0 0 1 2.800 0L20 20M14 14l1.200-1.200a2 2 0 0 1 2.800 0l2 2M15 8h.01"/></svg>'
    ).encode()


def answer_small(request: ActorRequest, path: Path, form: Form) -> HttpResponseBase:
    """The thumbnail of a file that its reader may open; a sign in its place where there is nothing to see, and a large
    one while it is being made.
    """
    try:
        small = thumbnails.thumbnail_of(path, form)
        content: Any = opened(small) if small else sign()
    except thumbnails.ThumbnailNotMade:
        later = {"Cache-Control": "no-store", "Retry-After": str(thumbnails.AGAIN_S)}
        return HttpResponse(sign(LATER_EDGE), content_type=SIGN_TYPE, headers=later)
    except (ObjectDoesNotExist, FileNotFoundError):
        raise Http404 from None
    mark = f'"{path.stem}-{"small" if small else "sign"}"'
    if request.headers.get("If-None-Match") == mark:
        if small:
            content.close()
        return asked_each_time(HttpResponseNotModified(), mark)
    if small:
        return asked_each_time(FileResponse(content, content_type=thumbnails.MEDIA_TYPE), mark)
    return asked_each_time(HttpResponse(content, content_type=SIGN_TYPE), mark)


def asked_each_time(answer: HttpResponseBase, mark: str) -> HttpResponseBase:
    """A browser may keep it, and asks each time whether it still may show it."""
    answer.headers["ETag"], answer.headers["Cache-Control"] = mark, "private, no-cache"
    return answer
