"""What somebody else has deleted in the meantime."""

from collections.abc import Callable

from django.core.exceptions import ObjectDoesNotExist
from django.core.handlers.exception import response_for_exception
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

READS = ("GET", "HEAD", "OPTIONS")


class GoneMiddleware:
    """A write whose record went between the page and the deed is answered as "not there", as the API does.

    Views that only read say so themselves; there, a record that is missing is a mistake in the code.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        if isinstance(error, ObjectDoesNotExist) and request.method not in READS:
            return response_for_exception(request, Http404())
        return None
