"""Where a request comes from."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

UNKNOWN = "0.0.0.0"  # noqa: S104 - says that there is no address, for example behind a local socket


def client_address(request: HttpRequest) -> str:
    """The client's address, as the outermost of our own proxies saw it; what clients claim beyond is not believed."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    said = hops[-settings.PROXY_COUNT] if 0 < settings.PROXY_COUNT <= len(hops) else request.META.get("REMOTE_ADDR", "")
    try:
        return str(ipaddress.ip_address(said))
    except ValueError:
        return UNKNOWN
