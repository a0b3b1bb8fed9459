"""What stands between us and clients: only a proxy of our own is believed what it says of them."""

import ipaddress
from collections.abc import Callable, Iterable
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from zhike.core.api.problems import problem

API = "/api/"
SAID = (
    *("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT"),
    *("HTTP_X_FORWARDED_SCHEME", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_X_REQUEST_ID"),
)


class ForwardedMiddleware:
    """Forgets what a request says of its own way here, unless a proxy of ours hands it over."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        said = [name for name in SAID if name in request.META]
        if said and not is_ours(request.META.get("REMOTE_ADDR", "")):
            for name in said:
                del request.META[name]
        # Pages send a browser on to HTTPS. A program that sends its key in the clear is to notice.
        if settings.SECURE_SSL_REDIRECT and request.path.startswith(API) and not request.is_secure():
            return problem(403, code="https_required", detail="This address is to be asked over HTTPS only.")
        return self.get_response(request)


def is_ours(address: str) -> bool:
    """Whether the address is that of a proxy of ours."""
    return settings.PROXY_COUNT > 0 and _is_in(address, tuple(settings.PROXY_NETWORKS))


@lru_cache(maxsize=1024)
def _is_in(address: str, networks: Iterable[str]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in ipaddress.ip_network(network) for network in networks)
