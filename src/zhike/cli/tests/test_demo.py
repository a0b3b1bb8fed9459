"""`zhike demo` and `zhike refresh` as operators meet them: the second time costs nothing and changes nothing."""

import json
import os
import signal
import stat
import subprocess
import sys
import urllib.request
from pathlib import Path

from zhike.cli.output import Exit
from zhike.cli.tests.commands import run_zhike
from zhike.runtime import ports, postgres
from zhike.runtime.home import Home

ZHIKE = str(Path(sys.executable).with_name("zhike"))
SIZE = ("--customers", "60", "--orders", "300")


def environment(home: Home) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "DJANGO_"))}
    return {**kept, "ZHIKE_HOME": str(home.path)}


def zhike(home: Home, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_zhike(*arguments, environment=environment(home))


def test_the_demo_company_is_built_once_and_then_only_started(migrated_home: Home) -> None:
    first = zhike(migrated_home, "demo", "--no-serve", "--json", *SIZE)
    assert first.returncode == Exit.DONE, first.stderr
    built = json.loads(first.stdout)
    assert (built["customers"], built["orders"], built["refused"]) == (60, 300, 0)
    record = migrated_home.secrets_dir / "demo.json"
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert json.loads(zhike(migrated_home, "demo", "--no-serve", "--json", *SIZE).stdout) == built

    refreshed = json.loads(zhike(migrated_home, "refresh", "--json").stdout)
    assert (refreshed["is_new"], refreshed["customers"], refreshed["currency"]) == (False, 60, "CNY")

    port = str(ports.any_free("127.0.0.1"))
    with subprocess.Popen(
        [ZHIKE, "demo", "--json", "--port", port], env=environment(migrated_home), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        started = json.loads(process.stdout.readline())
        assert (started["password"], started["username"]) == (built["password"], "admin")
        with urllib.request.urlopen(started["address"], timeout=10) as page:  # noqa: S310
            assert page.status == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == Exit.DONE
    assert postgres.status(migrated_home).running


def test_an_instance_of_somebody_s_own_gets_no_demo_company(migrated_home: Home) -> None:
    postgres.ensure_running(migrated_home, durable=False)
    assert zhike(migrated_home, "createuser", "boss", "--json").returncode == Exit.DONE
    refused = zhike(migrated_home, "demo", "--no-serve", "--json", *SIZE)
    assert refused.returncode == Exit.REFUSED
    assert "ZHIKE_HOME" in refused.stderr
