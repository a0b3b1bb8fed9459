"""`zhike doctor --security` names what is weak and says what to do; keys that others can read are not used."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from zhike.cli.output import Exit
from zhike.cli.tests.test_processes import zhike
from zhike.runtime.home import Home
from zhike.runtime.problems import EnvironmentProblem

WEAK = {
    "ZHIKE_DEBUG": "1",
    "ZHIKE_HOSTS": "*",
    "ZHIKE_HTTPS": "1",
    "ZHIKE_RATE_PER_KEY": "0",
    "ZHIKE_OUTGOING_NETWORKS": "10.0.0.0/8",
    "ZHIKE_OIDC_ISSUER": "http://id.example",
    "ZHIKE_SESSION_IDLE_HOURS": "200",
}


def examine(home: Home, **environment: str) -> tuple[int, dict[str, dict[str, Any]]]:
    answer = zhike(home, "doctor", "--security", "--json", **environment)
    return answer.returncode, {one["check"]: one for one in json.loads(answer.stdout)["checks"]}


def test_the_doctor_names_what_is_weak_and_what_to_do(migrated_module_home: Home) -> None:
    code, found = examine(migrated_module_home)
    assert (code, [one for one in found.values() if one["state"] == "fail"]) == (Exit.DONE, [])
    assert {name: found[name]["state"] for name in ("secrets", "debug", "hosts", "transport", "database", "rates")} == (
        dict.fromkeys(("secrets", "debug", "hosts", "transport", "database", "rates"), "ok")
    )
    assert zhike(migrated_module_home, "createuser", "boss", "--role", "administrator").returncode == 0
    log = migrated_module_home.logs_dir / "web.log"
    log.touch(mode=0o600)
    log.chmod(0o644)
    code, found = examine(migrated_module_home, **WEAK)
    assert code == Exit.ENVIRONMENT
    weak = {name for name, one in found.items() if one["state"] != "ok"} - {"account"}
    assert weak == {
        *("secrets", "debug", "hosts", "transport", "outgoing", "rates", "sessions", "people", "history"),
    }
    assert all(found[name]["advice"] for name in weak)
    assert "boss" in found["people"]["found"]


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    home = Home(path=tmp_path / "home")
    assert home.secret("x") == home.secret("x")
    (home.secrets_dir / "x").chmod(0o644)
    with pytest.raises(EnvironmentProblem, match="chmod 600"):
        home.secret("x")


def test_debugging_is_for_this_machine_only(tmp_path: Path) -> None:
    home = Home(path=tmp_path / "home")
    answer = zhike(home, "up", "--host", "0.0.0.0", ZHIKE_DEBUG="1")  # noqa: S104 - refused
    assert (answer.returncode, "ZHIKE_DEBUG" in answer.stderr) == (Exit.ENVIRONMENT, True)


def test_no_secret_stands_in_the_sources() -> None:
    """Settings take them from the environment or from files of the home."""
    told = "from zhike.config import settings; print(settings.SECRET_KEY)"
    keys = {
        subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout for _ in "ab"
    }
    assert len(keys) == 1
    assert len(keys.pop().strip()) == 64
