"""The request as every view sees it."""

from urllib.parse import SplitResult, urlsplit

from django.http import HttpRequest

from zhike.core.actor import Actor


class ActorRequest(HttpRequest):
    """A request after the accounts middleware has put an actor on it.

    duty: the name of the address where the actor has to do something before anything else; mostly empty.
    token_id: the key that a program shows; None where there is none.
    """

    actor: Actor
    duty: str
    token_id: int | None


def page_around(request: HttpRequest, *, otherwise: str = "") -> SplitResult:
    """The address of the page that htmx asks from, as the browser says; of no parts where it says nonsense."""
    try:
        return urlsplit(request.headers.get("HX-Current-URL", otherwise))
    except ValueError:
        return urlsplit("")


def wants_fragment(request: HttpRequest) -> bool:
    """True where htmx asks for a named region rather than a page (its history restore wants the page)."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-History-Restore-Request") != "true"
