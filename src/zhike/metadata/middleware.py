"""One question a request whether fields of records were changed."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from zhike.metadata.selectors import remembering


class DesignMiddleware:
    """Before whatever asks for fields, such as who acts."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with remembering():
            return self._get_response(request)
