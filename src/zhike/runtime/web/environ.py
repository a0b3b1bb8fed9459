"""A request as WSGI describes it."""

import io
import sys
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from zhike.runtime.web.answers import FileAnswer
from zhike.runtime.web.bodies import Environ

# Said of the body on its way, not of the body that the application gets.
OF_THE_WAY = {b"transfer-encoding", b"expect"}
WITHOUT_PREFIX = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}


def environ_of(scope: dict[str, Any]) -> Environ:
    """The variables of a request whose body has yet to come."""
    path: bytes = scope["raw_path"]
    server, client = scope["server"] or ("localhost", 80), scope["client"] or ("", 0)
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": (unquote_to_bytes(path) if b"%" in path else path).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or 0),
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileAnswer,
        "wsgi.input": io.BytesIO(),
    }
    for name, value in scope["headers"]:
        if key := _key_of(name):
            text = value.decode("latin-1")
            if key in environ:
                text = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{text}"
            environ[key] = text
    return environ


@lru_cache(maxsize=256)
def _key_of(name: bytes) -> str:
    """The variable of a header; empty for one that is not passed on.

    WSGI could not tell X_Forwarded_For from X-Forwarded-For, which our proxy writes.
    """
    if b"_" in name or name in OF_THE_WAY:
        return ""
    return WITHOUT_PREFIX.get(name) or "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
