"""Entry point of the web process."""

import os
import sys
from typing import Any, cast

import django

from zhike.runtime.home import Home
from zhike.runtime.loading import loading
from zhike.runtime.web.server import make_server


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhike.config.settings")
    with loading():
        django.setup()
        from zhike.config.wsgi import application
    from django.conf import settings

    from zhike.core.proxies import is_ours

    host, port = sys.argv[1:]
    home: Home = settings.HOME
    make_server(
        application, host=host, port=int(port), folder=home.files_dir, allowance=allowance, is_ours=is_ours
    ).run()


def allowance(environ: dict[str, Any]) -> int:
    """How many bytes of a large body are kept of whoever sends this request: a file's, of people who may import; those
    of a file beside an entry, of who may write one."""
    from django.conf import settings
    from django.contrib.auth.middleware import AuthenticationMiddleware
    from django.contrib.sessions.middleware import SessionMiddleware
    from django.core.handlers.wsgi import WSGIRequest
    from django.db import close_old_connections
    from django.http import HttpRequest, HttpResponse

    from zhike.accounts.middleware import ActorMiddleware
    from zhike.core.http import ActorRequest
    from zhike.customers.models import EDIT
    from zhike.customers.services.attaching import MOST_BYTES
    from zhike.exchange.permissions import IMPORT_FILE
    from zhike.exchange.uploads import BESIDE

    allowed = 0

    def look(request: HttpRequest) -> HttpResponse:
        nonlocal allowed
        actor = cast(ActorRequest, request).actor
        if actor.may(IMPORT_FILE):
            allowed = settings.UPLOAD_MAX_BYTES + BESIDE
        elif actor.may(EDIT):
            allowed = MOST_BYTES + BESIDE
        return HttpResponse()

    close_old_connections()
    try:
        SessionMiddleware(AuthenticationMiddleware(ActorMiddleware(look)))(WSGIRequest({**environ}))
    finally:
        close_old_connections()
    return allowed


if __name__ == "__main__":
    main()
