"""Links and ids of a customer that was merged lead to the customer into which it was merged."""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from zhike.core.actor import ANONYMOUS, Actor
from zhike.customers.models import Customer
from zhike.duplicates.pointers import find_successor

API = "/api/"
NOT_FOUND, TEMPORARY = 404, 307
_CUSTOMER = re.compile(r"(?<=/customers/)(\d{1,18})(?=/|$)")
READS = ("GET", "HEAD")


class FollowMiddleware:
    """Where a page or an operation about a customer finds nobody, whoever may see the successor is sent there.

    Not for good: a merge can be taken back. Forms of a page are not sent on, for they were filled in about somebody
    else; programs repeat what they asked for with the other id.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code != NOT_FOUND or (request.method not in READS and not request.path.startswith(API)):
            return response
        address = request.get_full_path()
        asked = _CUSTOMER.search(address.partition("?")[0])
        actor: Actor = getattr(request, "actor", ANONYMOUS)
        if asked is None or not actor.may(Customer.objects.all().view_permission):
            return response
        successor = find_successor(int(asked[0]))
        if successor is None or not Customer.objects.visible_to(actor).filter(pk=successor).exists():
            return response
        target = f"{address[: asked.start()]}{successor}{address[asked.end() :]}"
        return HttpResponse(status=TEMPORARY, headers={"Location": target, "Cache-Control": "no-store"})
