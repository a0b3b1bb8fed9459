"""Makes the instance ready for a command: database running, migrated, Django loaded.

A supervisor that runs for weeks should not carry Django in its memory, and `zhike sql` should not wait for it,
so whether migrations are due is decided without loading it.
"""

import hashlib
import os
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import click
import psycopg

import zhike
from zhike.runtime import postgres
from zhike.runtime.database import DatabaseUrls, ensure_database
from zhike.runtime.home import Home
from zhike.runtime.loading import loading
from zhike.runtime.locks import AlreadyLocked, exclusive, shared

IN_USE = "in-use.lock"


def django_ready(home: Home) -> DatabaseUrls:
    """The database running and migrated, and Django loaded in this process; what most commands begin with."""
    urls = database_ready(home)
    load_django()
    return urls


def database_ready(home: Home) -> DatabaseUrls:
    """The database running and migrated, without Django in this process."""
    urls = ensure_database(home)
    hold_database(home)
    if applied_fingerprint(urls) != migrations_fingerprint():
        migrated = subprocess.run([sys.executable, "-m", "zhike.cli", "migrate"], stdout=sys.stderr, check=False)
        if migrated.returncode:
            sys.exit(migrated.returncode)
    return urls


def load_django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhike.config.settings")
    with loading():
        import django

        django.setup()
    from zhike.core.acting import begin_acting
    from zhike.core.actor import SYSTEM

    begin_acting(SYSTEM, origin="cli")


def migrate(urls: DatabaseUrls) -> None:
    """Apply all migrations as the owner and note that it was done; one process at a time."""
    from zhike.core import migrating

    with psycopg.connect(urls.owner) as owner:
        owner.execute("SELECT pg_advisory_xact_lock(hashtext('zhike.migrate'))")
        if applied_fingerprint(urls) == migrations_fingerprint():
            return
        migrating.migrate("owner")
        owner.execute("CREATE TABLE IF NOT EXISTS zhike_migrated (fingerprint text NOT NULL)")
        owner.execute("DELETE FROM zhike_migrated")
        owner.execute("INSERT INTO zhike_migrated VALUES (%s)", [migrations_fingerprint()])


def migrations_fingerprint() -> str:
    """Stands for the set of migrations that this version brings, and for what its models want captured."""
    package = Path(zhike.__file__).parent
    names = sorted(str(path.relative_to(package)) for path in package.glob("*/migrations/*.py"))
    digest = hashlib.sha256("\n".join([version("django"), version("procrastinate"), *names]).encode())
    # Triggers are made anew after migrations, and follow from these.
    for path in sorted([*package.glob("*/models.py"), package / "audit" / "triggers.py"]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def applied_fingerprint(urls: DatabaseUrls) -> str | None:
    """The set of migrations that the database last took, or None if it took none."""
    with psycopg.connect(urls.owner) as owner, suppress(psycopg.errors.UndefinedTable):
        row = owner.execute("SELECT fingerprint FROM zhike_migrated").fetchone()
        return row[0] if row else None
    return None


def stop_database_afterwards(home: Home) -> None:
    """When the command ends, stop the embedded database if this command starts it and no other uses it by then."""
    if postgres.status(home).running:
        return

    def stop_if_unused() -> None:
        with suppress(AlreadyLocked), exclusive(home.run_dir / IN_USE, wait=False):
            postgres.stop(home)

    click.get_current_context().call_on_close(stop_if_unused)


def hold_database(home: Home) -> None:
    """Keep other commands from stopping the embedded database before this one ends."""
    # Let go before whatever was put off until the command's end earlier, such as stopping the database.
    if context := click.get_current_context(silent=True):
        context.with_resource(shared(home.run_dir / IN_USE))
