"""The command as operators meet it: real processes over an instance of their own."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from zhike.cli.output import Exit
from zhike.runtime import ports, postgres, supervisor
from zhike.runtime.binaries import binaries
from zhike.runtime.home import Home

ZHIKE = str(Path(sys.executable).with_name("zhike"))


def environment(home: Home, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "DJANGO_"))}
    return {**kept, "ZHIKE_HOME": str(home.path), **more}


def zhike(home: Home, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ZHIKE, *arguments], env=environment(home, **more), capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture(scope="module")
def up(module_home: Home) -> Iterator[dict[str, Any]]:
    """An instance that runs; what `zhike up --json` reported."""
    process = subprocess.Popen(
        [ZHIKE, "up", "--json", "--port", str(ports.any_free("127.0.0.1"))],
        env=environment(module_home),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())
    zhike(module_home, "down")
    assert process.wait(timeout=30) == Exit.DONE
    assert not postgres.status(module_home).running


@pytest.mark.fault
def test_after_a_kill_the_next_run_has_the_same_port_and_ctrl_c_leaves_nothing(migrated_home: Home) -> None:
    command = [ZHIKE, "up", "--json", "--port", str(ports.any_free("127.0.0.1"))]
    addresses = []
    for end in (signal.SIGKILL, signal.SIGINT):
        process = subprocess.Popen(command, env=environment(migrated_home), stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        addresses.append(json.loads(process.stdout.readline())["address"])
        process.send_signal(end)
        process.wait(timeout=30)
    assert addresses[0] == addresses[1]
    assert process.returncode == Exit.DONE
    assert supervisor.current_run(migrated_home) is None
    assert not supervisor.stop_orphans(migrated_home)
    # The second run found the database running, so it leaves it.
    assert postgres.status(migrated_home).running


def status_of(address: str) -> int:
    connection = http.client.HTTPConnection(address.removeprefix("http://").rstrip("/"), timeout=10)
    with closing(connection):
        connection.request("GET", "/")
        return connection.getresponse().status


def test_up_serves_pages_at_the_address_it_reports(up: dict[str, Any]) -> None:
    assert status_of(up["address"]) < 500


def test_a_second_up_only_says_where_the_first_is(up: dict[str, Any], module_home: Home) -> None:
    second = zhike(module_home, "up", "--json")
    assert second.returncode == Exit.DONE
    assert json.loads(second.stdout) == up


def test_doctor_finds_database_and_queue_in_order(up: dict[str, Any], module_home: Home) -> None:
    findings = {item["check"]: item for item in json.loads(zhike(module_home, "doctor", "--json").stdout)["checks"]}
    for check in ("versions", "roles", "encoding", "migrations", "queue", "clock", "processes"):
        assert findings[check]["state"] == "ok", findings[check]
    assert up["address"] in findings["processes"]["found"]


def test_sql_runs_as_the_owner_with_psqls_own_options(up: dict[str, Any], module_home: Home) -> None:
    answer = zhike(module_home, "sql", "-At", "-c", "SELECT current_user, count(*) > 20 FROM django_migrations")
    assert answer.stdout == "zhike_owner|t\n"
    assert zhike(module_home, "sql", "-c", "SELECT nonsense").returncode == Exit.FAILED


def test_migrate_has_nothing_to_do_the_second_time(up: dict[str, Any], module_home: Home) -> None:
    assert json.loads(zhike(module_home, "migrate", "--json").stdout) == {"changed": False}


def test_the_first_start_leaves_what_django_leaves(up: dict[str, Any], module_home: Home, template: str) -> None:
    cluster = postgres.recorded(module_home)
    assert cluster is not None
    made, wanted = _schema(cluster.owner_url), _schema(template)
    assert ",TRUNCATE" not in made
    # What tests may do besides.
    assert made == wanted.replace(",TRUNCATE", "")
    assert len(made) > 1_000_000
    filled = _filled(template)
    assert {"public.django_migrations", "public.auth_permission", "public.privacy_purpose"} <= filled.keys()
    assert {table: rows for table, rows in _filled(cluster.owner_url).items() if table in filled} == filled


def _schema(url: str) -> str:
    """All that makes the database but its rows: owners and privileges, policies, triggers and functions too."""
    # Partitions come with the months; what marks the database as migrated is no migration's.
    beside = ("public.audit_entry_2*", "public.audit_payload_2*", "public.zhike_migrated")
    options = ["--schema-only", *(f"--exclude-table={table}" for table in beside), f"--dbname={url}"]
    done = subprocess.run([binaries() / "pg_dump", *options], capture_output=True, text=True, check=True)
    return "".join(line for line in done.stdout.splitlines(keepends=True) if not line.startswith("\\"))


def _filled(url: str) -> dict[str, list[str]]:
    """The rows of tables that hold any, but for when a migration was applied and for what runs in the background."""
    with psycopg.connect(url) as owner:
        tables = owner.execute(
            "SELECT relnamespace::regnamespace || '.' || relname FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace AND relowner = current_user::regrole"
            " AND NOT starts_with(relname, 'procrastinate_') AND relname <> 'zhike_migrated' ORDER BY relname"
        ).fetchall()
        rows = {
            table: owner.execute(f"SELECT to_jsonb(t) - 'applied' FROM {table} AS t ORDER BY 1".encode()).fetchall()  # noqa: S608
            for (table,) in tables
        }
    return {table: [str(row) for (row,) in found] for table, found in rows.items() if found}


def test_an_external_database_is_used_as_it_is(up: dict[str, Any], module_home: Home, tmp_path: Path) -> None:
    cluster = postgres.recorded(module_home)
    assert cluster is not None
    elsewhere = Home(path=tmp_path / "home")
    urls = {"DATABASE_URL": cluster.app_url, "DATABASE_OWNER_URL": cluster.owner_url}
    assert json.loads(zhike(elsewhere, "migrate", "--json", **urls).stdout) == {"changed": False}
    assert not elsewhere.postgres_dir.exists()


def test_what_the_machine_lacks_is_exit_code_4_and_json_too(tmp_path: Path) -> None:
    home = Home(path=tmp_path / "home")
    answer = zhike(home, "migrate", "--json", DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    assert answer.returncode == Exit.ENVIRONMENT
    assert "DATABASE_URL" in json.loads(answer.stdout)["error"]["en"]
    assert "无法连接" in answer.stderr


def test_doctor_says_what_to_do_when_the_database_is_gone(tmp_path: Path) -> None:
    home = Home(path=tmp_path / "home")
    answer = zhike(home, "doctor", "--json", DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    assert answer.returncode == Exit.ENVIRONMENT
    states = {item["check"]: item["state"] for item in json.loads(answer.stdout)["checks"]}
    assert states["database"] == "fail"
    assert states["disk"] in {"ok", "warn"}


def test_help_is_bilingual_and_quick(tmp_path: Path) -> None:
    home = Home(path=tmp_path / "home")
    for arguments in ((), ("up",), ("down",), ("doctor",), ("migrate",), ("sql",)):
        text = zhike(home, *arguments, "--help").stdout
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text)
        assert re.search(r"[a-z]{3,} [a-z]{3,}", text)
    loaded = "import sys, zhike.cli; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loaded], check=False).returncode == 0
    assert not home.path.exists()
