"""The door of a view: which permission opens it. Log-in itself is demanded by middleware, everywhere."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate

from django.http.response import HttpResponseBase

from zhike.core.access import require
from zhike.core.http import ActorRequest

type View[**P] = Callable[Concatenate[ActorRequest, P], HttpResponseBase]


def needs[**P](permission: str) -> Callable[[View[P]], View[P]]:
    """Open the view to actors who hold the permission; others get 403."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: ActorRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            require(request.actor, permission)
            return view(request, *args, **kwargs)

        return guarded

    return decorate
