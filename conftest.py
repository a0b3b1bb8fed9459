"""The database of the tests: one throw-away cluster, one migrated template, one clone for each test process.

Django connects exactly as in production: `default` as the application's role, `owner` as the owner of the tables.
Only `default` is rolled back or emptied between tests.

Tests that need an instance of their own get a folder: an empty one (`instance_home`, `module_home`) where the first
start is what they are about, else a copy of one that is migrated already (`migrated_home`, `migrated_module_home`).
"""

import gc
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from django.db.backends.postgresql.operations import DatabaseOperations
from hypothesis import settings
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
# Folders whose files share what takes long to make: one process works through all of them.
PILES = (BROWSER, "tests/policy/")
# Debian's Chromium without the parts for a screen comes first: the same engine, at half the processor time.
CHROMIUM_PATHS = (
    "/usr/bin/chromium-headless-shell",
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
)
CHROMIUM_SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",  # where there is none, drawing as if there were one takes a sixth more processor time
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
CLONES = "zhike_test_"
TEMPLATES = "zhike_template_"
DRAFT = "zhike_draft"
# Folders of the test home; one that is not named after a schema was left by a killed run.
MIGRATED = "migrated-"
LAST = 3  # the turn of files of which nothing says that they take long
# What makes a test take long: an instance of its own, or processes that it kills.
INSTANCES = {"instance_home", "module_home", "migrated_home", "migrated_module_home"}
# Tables that migrations fill, and no test changes; so they need not be filled anew either.
LASTING = {"django_content_type", "auth_permission"}
# What decides how a freshly migrated database looks.
SCHEMA_FILES = (
    "migrations/*.py",
    "models.py",
    "models/*.py",
    "permissions.py",
    "apps.py",
    "migrating.py",
    "postgres_roles.py",
    "triggers.py",
    "row_security.py",
    "finding.py",
    "sought.py",
    "pieces.py",
    "readings.py",
    "runtime/postgres.py",
)
# What is collected stays until the end: the garbage collector need not look through it, now or later.
gc.disable()
# How long an example takes says more about the machine than about the code.
settings.register_profile("house", deadline=None)
settings.load_profile("house")
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


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, so that at the end no process works on one while the others have nothing left to do."""
    files = [item.nodeid.partition("::")[0] for item in items]
    # A parallel run knows tests by their names alone, and would run one of several that share a name.
    alike = [name for name, times in Counter(item.nodeid for item in items).items() if times > 1]
    if alike:
        raise pytest.UsageError(f"several tests have the same name: {', '.join(alike)}")
    sizes = Counter(map(_unit, files))
    turns: dict[str, int] = {}
    last = set()
    for file, item in zip(files, items, strict=True):
        turns[_unit(file)] = min(turns.get(_unit(file), LAST), _turn(item))
        if item.get_closest_marker("last"):
            last.add(file)
    order = {file: (turns[_unit(file)], -sizes[_unit(file)], _unit(file), file in last, file) for file in set(files)}
    items.sort(key=lambda item: order[item.nodeid.partition("::")[0]])


def _unit(file: str) -> str:
    """What goes to one process: a file, or a pile of them."""
    return next((pile for pile in PILES if file.startswith(pile)), file)


def _turn(item: pytest.Item) -> int:
    fixtures = set(getattr(item, "fixturenames", ()))
    in_database = item.get_closest_marker("django_db")
    if item.nodeid.startswith(BROWSER):
        return 0
    if INSTANCES & fixtures or item.get_closest_marker("fault") or item.get_closest_marker("long"):
        return 1
    if "transactional_db" in fixtures or (in_database and in_database.kwargs.get("transaction")):
        return 2
    return LAST


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """A file's tests share costly fixtures, and so do all of a pile: each go to one process."""
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False  # we have put them in order ourselves
    return ByFile(config, log)


class ByFile(LoadFileScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return _unit(super()._split_scope(nodeid))


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
            clone = f"{CLONES}{os.getpid()}"
            _create_database(cluster, clone, template=_ensure_template(cluster))
        _point_django_at(cluster, clone)
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr(DatabaseOperations, "sql_flush", _flush_what_was_filled)
    monkeypatch.setattr("django.core.management.commands.flush.emit_post_migrate_signal", lambda *_told: None)
    yield
    monkeypatch.undo()
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
    """The home of an instance that was never started; whatever runs in it is stopped at the end."""
    with _temporary_home() as home:
        yield home


@pytest.fixture(scope="module")
def module_home() -> Iterator[Home]:
    """The same, for all tests of a file."""
    with _temporary_home() as home:
        yield home


@pytest.fixture
def migrated_home(migrated: Home) -> Iterator[Home]:
    """The home of an instance that has been migrated, holds nothing, and does not run."""
    with _temporary_home() as home:
        _copy_home(migrated, home)
        yield home


@pytest.fixture(scope="module")
def migrated_module_home(migrated: Home) -> Iterator[Home]:
    """The same, for all tests of a file."""
    with _temporary_home() as home:
        _copy_home(migrated, home)
        yield home


@pytest.fixture(scope="session")
def migrated() -> Home:
    """What the homes of instances are copied from; made by `zhike migrate` when the schema has changed."""
    home = Home.current()
    with home.locked("migrated"):
        ready = Home(path=home.path / f"{MIGRATED}{_schema_fingerprint()}")
        if not ready.path.exists():
            for old in home.path.glob(f"{MIGRATED}*"):
                postgres.stop(Home(path=old))
                shutil.rmtree(old)
            draft = Home(path=home.path / f"{MIGRATED}draft")
            draft.create()
            postgres.ensure_running(draft, durable=False)
            kept = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "DJANGO_"))}
            command = [sys.executable, "-m", "zhike.cli", "migrate"]
            environment = {**kept, "ZHIKE_HOME": str(draft.path)}
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            postgres.stop(draft)
            draft.path.rename(ready.path)
    return ready


@pytest.fixture
def template(django_db_setup: None) -> Iterator[str]:
    """The address of the database that others are cloned from, as its owner; nobody clones it meanwhile."""
    home = Home.current()
    with home.locked("template"):
        cluster = postgres.ensure_running(home, durable=False)
        yield _url(cluster.owner_url, _ensure_template(cluster))


@pytest.fixture(scope="session")
def copy_home() -> Callable[[Home, Home], None]:
    """Copy a stopped instance, owners and modes included; what says where it ran stays behind."""
    return _copy_home


def _copy_home(source: Home, target: Home) -> None:
    subprocess.run(["cp", "-pR", source.path, target.path], check=True)
    shutil.rmtree(target.run_dir)
    target.create()


@contextmanager
def _temporary_home() -> Iterator[Home]:
    # Not pytest's tmp_path: that is closed to the user who runs the server when the tests run as root.
    folder = Path(tempfile.mkdtemp(prefix="zhike-instance-", dir=Home.current().path.parent))
    folder.chmod(0o755)
    home = Home(path=folder / "home")
    try:
        yield home
    finally:
        supervisor.stop(home)
        if pid := postgres.status(home).pid:
            server = psutil.Process(pid)
            server.send_signal(signal.SIGQUIT)  # at once: what it holds in memory need not reach the disk
            server.wait(60)
        shutil.rmtree(folder)


def _flush_what_was_filled(
    self: DatabaseOperations, style: Any, tables: list[str], *, reset_sequences: bool = False, **_options: Any
) -> list[str]:
    """Django's statements that empty all tables, for those that have grown since they were emptied last.

    Emptying a table makes its files anew, even if there was nothing in it: for all of them that took as long as most
    tests. Those that refer to one of ours are emptied with it, as they would be anyway.
    """
    with self.connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND relnamespace = 'public'::regnamespace"
            " AND (pg_relation_size(oid) > 0"
            " OR EXISTS (SELECT FROM pg_partition_tree(oid) AS part WHERE pg_relation_size(part.relid) > 0))",
            [[table for table in tables if table not in LASTING]],
        )
        filled = [name for (name,) in cursor.fetchall()]
    return _flush(self, style, filled, reset_sequences=reset_sequences, allow_cascade=True) if filled else []


_flush = DatabaseOperations.sql_flush


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
    # As Django does it. Instances of tests are migrated as the product does it, and a test says that this is the same.
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
