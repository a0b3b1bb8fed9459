"""The database itself killed while customers are changed and history is sealed: afterwards both still agree."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from zhike.runtime.home import Home

pytestmark = pytest.mark.fault

CRASHES = int(os.environ.get("ZHIKE_FAULT_CRASHES", 2))
WRITER = str(Path(__file__).with_name("writer.py"))


def test_a_killed_database_comes_back_with_history_and_rows_in_step(migrated_home: Home) -> None:
    chance = random.Random(20261122)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DATABASE_")}
    environment |= {"ZHIKE_HOME": str(migrated_home.path), "DJANGO_SETTINGS_MODULE": "zhike.config.settings"}
    entries = 0
    for turn in range(CRASHES):
        _start(environment)
        writers = subprocess.Popen(
            [sys.executable, WRITER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        assert writers.stdin is not None
        assert writers.stdout is not None
        writers.stdin.write(f"{turn * 10} 1000000 write write seal\n")
        writers.stdin.close()
        # Its answer says that they have begun, however long the machine took to start them.
        assert len(writers.stdout.readline().split()) == 3
        time.sleep(1.5 + chance.uniform(0, 1))
        _kill_server(migrated_home)
        assert writers.wait(60) is not None
        writers.stdout.close()
        _start(environment)
        checking = [sys.executable, WRITER]
        found = subprocess.run(checking, input="check\n", capture_output=True, text=True, env=environment, check=True)
        told = json.loads(found.stdout)
        assert told["problems"] == []
        assert told["in_step"], turn
        assert told["entries"] > entries
        entries = told["entries"]


def _start(environment: dict[str, str]) -> None:
    """The embedded database running and migrated; right after a crash it may want a moment."""
    command = [sys.executable, "-m", "zhike.cli", "migrate"]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)


def _kill_server(home: Home) -> None:
    pid_file = home.postgres_dir / "data" / "postmaster.pid"
    server = psutil.Process(int(pid_file.read_text(encoding="utf-8").split()[0]))
    for process in (server, *server.children(recursive=True)):
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
