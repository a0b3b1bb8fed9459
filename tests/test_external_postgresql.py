"""DATABASE_URL: the oldest PostgreSQL that is supported, with the operator's own roles, and nothing else changes."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from zhike.cli.tests.commands import run_zhike
from zhike.runtime import ports
from zhike.runtime.binaries import server_user
from zhike.runtime.home import Home

OLDEST = Path("/usr/lib/postgresql/15/bin")
pytestmark = pytest.mark.skipif(not OLDEST.is_dir(), reason="PostgreSQL 15 is not installed here")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of a PostgreSQL 15 that lets everybody of this machine in."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="zhike-external-", dir=Home.current().path.parent))
        stack.callback(shutil.rmtree, folder)
        user = server_user(folder / "data")
        os.chown(folder, user.uid, user.gid)
        made = user.run(
            OLDEST / "initdb", "-D", folder / "data", "-U", "admin", "-A", "trust", "--locale=C.UTF-8", "-N"
        )
        assert made.returncode == 0, made.stderr
        port = ports.any_free("127.0.0.1")
        options = f"-h 127.0.0.1 -p {port} -k {folder} -c fsync=off"
        started = user.run(OLDEST / "pg_ctl", "start", "-w", "-D", folder / "data", "-l", folder / "log", "-o", options)
        assert started.returncode == 0, (folder / "log").read_text()
        stack.callback(user.run, OLDEST / "pg_ctl", "stop", "-m", "immediate", "-D", folder / "data")
        with psycopg.connect(f"postgresql://admin@127.0.0.1:{port}/postgres", autocommit=True) as admin:
            admin.execute("CREATE ROLE crm_owner LOGIN")
            admin.execute("CREATE ROLE crm_pages LOGIN")
            admin.execute("CREATE DATABASE crm OWNER crm_owner")
        yield f"127.0.0.1:{port}/crm"


def zhike(address: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DJANGO_")},
            "ZHIKE_HOME": str(Home(path=Path(folder)).path),
            "DATABASE_URL": f"postgresql://crm_pages@{address}",
            "DATABASE_OWNER_URL": f"postgresql://crm_owner@{address}",
        }
        done = run_zhike(*arguments, environment=environment)
        assert not (Path(folder) / "postgres").exists()
        return done


def test_every_migration_runs_and_the_doctor_finds_the_database_in_order(address: str) -> None:
    migrated = zhike(address, "migrate", "--json")
    assert json.loads(migrated.stdout) == {"changed": True}, migrated.stderr
    examined = zhike(address, "doctor", "--json")
    assert examined.stdout, examined.stderr
    findings = {item["check"]: item for item in json.loads(examined.stdout)["checks"]}
    for check in ("versions", "roles", "encoding", "migrations", "queue", "clock"):
        assert findings[check]["state"] == "ok", findings[check]
    assert "PostgreSQL 15" in findings["versions"]["found"]


def test_the_application_uses_the_tables_and_owns_none(address: str) -> None:
    assert zhike(address, "migrate").returncode == 0
    with psycopg.connect(f"postgresql://crm_pages@{address}") as pages:
        assert pages.execute("SELECT count(*) FROM customers_customer").fetchone() == (0,)
        pages.execute("CREATE TABLE staging.rows (id int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            pages.execute("DROP TABLE customers_customer")


def test_a_backup_comes_back_into_another_database_for_other_roles(
    address: str, instance_home: Home, tmp_path: Path
) -> None:
    assert zhike(address, "migrate").returncode == 0
    server = address.removesuffix("/crm")
    with psycopg.connect(f"postgresql://admin@{server}/postgres", autocommit=True) as admin:
        for role in ("new_owner", "new_pages"):
            admin.execute(f"CREATE ROLE {role} LOGIN".encode())
        admin.execute("CREATE DATABASE crm_again OWNER new_owner")
    with psycopg.connect(f"postgresql://crm_pages@{address}") as pages:
        pages.execute("INSERT INTO accounts_team (name, path) VALUES ('总部', '1.')")

    def ask(owner: str, app: str, database: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "ZHIKE_"))}
        urls = {
            "DATABASE_URL": f"postgresql://{app}@{server}/{database}",
            "DATABASE_OWNER_URL": f"postgresql://{owner}@{server}/{database}",
        }
        return run_zhike(*arguments, environment={**kept, **urls, "ZHIKE_HOME": str(instance_home.path)})

    old = ("crm_owner", "crm_pages", "crm")
    identity = tmp_path / "identity"
    recipient = json.loads(ask(*old, "backup", "--new-key", identity, "--json").stdout)["recipient"]
    made = ask(*old, "backup", "--to", tmp_path, "--recipient", recipient, "--json")
    assert made.returncode == 0, made.stdout + made.stderr
    assert json.loads(made.stdout)["is_verified"] is True
    new = ("new_owner", "new_pages", "crm_again")
    file = json.loads(made.stdout)["file"]
    restored = ask(*new, "restore", file, "--identity", identity, "--json")
    assert restored.returncode == 0, restored.stdout + restored.stderr
    with psycopg.connect(f"postgresql://new_pages@{server}/crm_again") as pages:
        assert pages.execute("SELECT name FROM accounts_team").fetchone() == ("总部",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            pages.execute("DELETE FROM audit_entry")
    assert not instance_home.postgres_dir.exists()
