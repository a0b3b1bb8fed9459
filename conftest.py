"""The database of the tests: one throw-away cluster, one migrated template, one clone for each test process.

Django connects exactly as in production: `default` as the application's role, `owner` as the owner of the tables.
Only `default` is rolled back or emptied between tests.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, sync_playwright
from psycopg import sql
from pytest_django.plugin import DjangoDbBlocker
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from zhike.runtime import postgres, supervisor
from zhike.runtime.home import Home
from zhike.runtime.locks import AlreadyLocked, exclusive, shared
from zhike.runtime.postgres_roles import APP, OWNER, SEES_ALL, prepare_database

SOURCES = Path(__file__).parent / "src" / "zhike"
BROWSER = "tests/browser/"
CHROMIUM_PATHS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
CHROMIUM_SWITCHES = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
CLONES = "zhike_test_"
TEMPLATES = "zhike_template_"
DRAFT = "zhike_draft"
# What decides how a freshly migrated database looks.
SCHEMA_FILES = (
    "migrations/*.py",
    "models.py",
    "models/*.py",
    "permissions.py",
    "apps.py",
    "postgres_roles.py",
    "triggers.py",
    "row_security.py",
    "finding.py",
)
# Playwright keeps an event loop in the thread of the tests, which Django takes for an asynchronous view.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    home = Home.current()
    home.create()
    sessions = home.run_dir / "tests.lock"
    # Cleaned up last to first: let go of the lock, then stop the server unless another test run holds it too.
    config.add_cleanup(lambda: _stop_cluster_if_last(home, sessions))
    held = ExitStack()
    held.enter_context(shared(sessions))
    config.add_cleanup(held.close)


def pytest_itemcollected(item: pytest.Item) -> None:
    if item.nodeid.startswith(BROWSER):
        item.add_marker(pytest.mark.browser)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """A file's tests share costly fixtures, and all browser tests share one instance: each go to one process."""
    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


class ByFile(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else super()._split_scope(nodeid)


def _stop_cluster_if_last(home: Home, sessions: Path) -> None:
    with suppress(AlreadyLocked), exclusive(sessions, wait=False):
        if postgres.status(home).running:
            cluster = postgres.ensure_running(home)
            _drop_databases(cluster, *_databases(cluster, CLONES))
            postgres.stop(home)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Give this process its own database, migrated and with the product's privileges."""
    from django.db import connections

    home = Home.current()
    cluster = postgres.ensure_running(home, durable=False)
    with django_db_blocker.unblock():
        with home.locked("template"):
            template = _ensure_template(cluster)
        clone = f"{CLONES}{os.getpid()}"
        _create_database(cluster, clone, template=template)
        _point_django_at(cluster, clone)
    yield
    with django_db_blocker.unblock():
        connections.close_all()
    _drop_databases(cluster, clone)


@pytest.fixture(scope="session", autouse=True)
def system_acts() -> Iterator[None]:
    """What a test does itself is the system's doing; requests, tasks and commands say for themselves who acts."""
    from zhike.core.acting import acting
    from zhike.core.actor import SYSTEM

    with acting(SYSTEM, origin="test"):
        yield


@pytest.fixture(scope="session")
def trial_data() -> Path:
    """The folder of real data for trials, which is no part of the product; skips where it is absent."""
    folder = Path(os.environ.get("ZHIKE_TRIAL_DATA") or Path(__file__).parent.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no trial data in {folder}; ZHIKE_TRIAL_DATA may name another folder")
    return folder


@pytest.fixture
def instance_home() -> Iterator[Home]:
    """The home of an instance of its own; whatever runs in it is stopped at the end."""
    with _temporary_home() as home:
        yield home


@pytest.fixture(scope="module")
def module_home() -> Iterator[Home]:
    """The same, for all tests of a file."""
    with _temporary_home() as home:
        yield home


@contextmanager
def _temporary_home() -> Iterator[Home]:
    # Not pytest's tmp_path: that is closed to the user who runs the server when the tests run as root.
    folder = Path(tempfile.mkdtemp(prefix="zhike-instance-"))
    folder.chmod(0o755)
    home = Home(path=folder / "home")
    try:
        yield home
    finally:
        supervisor.stop(home)
        postgres.stop(home)
        shutil.rmtree(folder)


def _ensure_template(cluster: postgres.Cluster) -> str:
    """The migrated template for the sources as they are; migrates only if they have changed."""
    template = TEMPLATES + _schema_fingerprint()
    if template in _databases(cluster, template):
        return template
    _drop_databases(cluster, DRAFT, *_databases(cluster, TEMPLATES))
    _create_database(cluster, DRAFT)
    _migrate(cluster)
    with psycopg.connect(cluster.superuser_url, autocommit=True) as admin:
        # Renamed when complete, so that a killed run leaves no half-migrated template.
        admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(DRAFT), sql.Identifier(template)))
    return template


def _migrate(cluster: postgres.Cluster) -> None:
    from django.core.management import call_command
    from django.db import connections

    owner_url = _url(cluster.owner_url, DRAFT)
    prepare_database(owner_url, APP)
    _point_django_at(cluster, DRAFT)
    call_command("migrate", database="owner", verbosity=0)
    connections.close_all()
    with psycopg.connect(owner_url) as owner:
        # Emptying tables between transactional tests is the one thing the tests may do and the product may not.
        for role in (APP, APP + SEES_ALL):
            owner.execute(sql.SQL("GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO {}").format(sql.Identifier(role)))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for each process: Playwright does not start twice in one."""
    path = next((path for path in CHROMIUM_PATHS if Path(path).exists()), None)
    if path is None:
        pytest.fail("No Chromium found; `make test` installs it on Debian, elsewhere install it by hand")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_SWITCHES))
        yield browser
        browser.close()


def _schema_fingerprint() -> str:
    digest = hashlib.sha256(f"{version('django')} {version('procrastinate')}".encode())
    files = {path for pattern in SCHEMA_FILES for path in SOURCES.rglob(pattern) if "tests" not in path.parts}
    for path in sorted(files):
        digest.update(bytes(path.relative_to(SOURCES)) + path.read_bytes())
    return digest.hexdigest()[:16]


def _point_django_at(cluster: postgres.Cluster, database: str) -> None:
    from django.db import connections
    from psycopg.conninfo import conninfo_to_dict

    urls = {"default": _url(cluster.app_url, database), "owner": _url(cluster.owner_url, database)}
    # For code under test that asks the runtime, and for commands that tests start.
    os.environ.update(DATABASE_URL=urls["default"], DATABASE_OWNER_URL=urls["owner"])
    for alias, url in urls.items():
        parts = conninfo_to_dict(url)
        connections[alias].close()
        connections[alias].settings_dict.update(
            HOST=parts["host"],
            PORT=parts["port"],
            USER=parts["user"],
            PASSWORD=parts["password"],
            NAME=parts["dbname"],
            CONN_MAX_AGE=0,
        )


def _url(url: str, database: str) -> str:
    return url.rpartition("/")[0] + "/" + database


def _create_database(cluster: postgres.Cluster, name: str, *, template: str = "template0") -> None:
    with psycopg.connect(cluster.superuser_url, autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(template)
            )
        )


def _databases(cluster: postgres.Cluster, prefix: str) -> list[str]:
    with psycopg.connect(cluster.superuser_url) as admin:
        found = admin.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
        return [name for (name,) in found]


def _drop_databases(cluster: postgres.Cluster, *names: str) -> None:
    with psycopg.connect(cluster.superuser_url, autocommit=True) as admin:
        for name in names:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
