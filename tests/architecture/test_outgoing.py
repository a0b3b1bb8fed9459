"""Nothing of ours asks another machine but through `core/outgoing.py`, where addresses are looked at."""

from tests.architecture.test_layers import SOURCES, imports, product_files

WAYS_OUT = {
    *("requests", "urllib3", "urllib.request", "http.client", "httpx", "aiohttp", "socket", "ssl", "ftplib", "smtplib"),
    *(
        "imaplib",
        "poplib",
        "telnetlib",
        "xmlrpc",
        "asyncio",
        "websockets",
        "paramiko",
        "django.core.mail",
        "webbrowser",
    ),
}
HARMLESS = {"requests.RequestException", "requests.Session"}
ALLOWED = {
    "core/outgoing.py": "the guard itself",
    "core/scanning.py": "the one virus scanner that the environment names",
    "core/mail.py": "the one mail server that the environment names",
    "runtime/web/adapter.py": "serves whoever asks: waits on the event loop",
    "runtime/web/answers.py": "the same",
    "runtime/web/bodies.py": "the same",
    "runtime/web/connection.py": "the same",
    "runtime/web/door.py": "the same",
    "runtime/web/server.py": "the same",
    "runtime/ports.py": "looks for a free port of this machine",
    "cli/processes.py": "asks this instance whether it is up",
}


def test_only_the_guard_opens_connections() -> None:
    found = set()
    for path in product_files():
        names = set(imports(path)) - HARMLESS
        # `from requests import RequestException` yields the module as well as the name.
        if names & {"requests"} and not any(name.startswith("requests.") for name in names):
            names.discard("requests")
        if any(name == way or name.startswith(f"{way}.") for name in names for way in WAYS_OUT):
            found.add(str(path.relative_to(SOURCES)))
    assert found == set(ALLOWED)


def test_a_bare_import_of_a_client_is_noticed() -> None:
    assert all("import requests\n" not in path.read_text(encoding="utf-8") for path in product_files())
