"""Web server and worker killed while programs write through the API and files are imported: nothing half is left."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psycopg
import pytest

from zhike.cli.processes import programs
from zhike.runtime import ports, postgres
from zhike.runtime.home import Home

pytestmark = pytest.mark.fault

KILLS = int(os.environ.get("ZHIKE_FAULT_KILLS", 2))
WRITER = str(Path(__file__).with_name("writer.py"))
HOST = "127.0.0.1"
MAKE_KEY = """
from datetime import datetime, UTC
from zhike.accounts import services
from zhike.accounts.models import User
from zhike.core.actor import SYSTEM
user = User.objects.get(username="boss")
print(services.create_token(actor=SYSTEM, user=user, name="burst", at=datetime.now(UTC))[1])
"""


class Clients:
    """Threads that write through the API as long as somebody answers, and remember what was acknowledged."""

    def __init__(self, port: int, key: str, seed: int) -> None:
        self.created: list[int] = []
        self.imports = 0
        self.refused: list[str] = []
        self._port, self._key = port, key
        self._threads = [
            threading.Thread(target=self._until_nobody_answers, args=(work, random.Random(seed + number)))
            for number, work in enumerate((self._edit, self._edit, self._import))
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(60)

    def _until_nobody_answers(self, work: Any, chance: random.Random) -> None:
        with suppress(OSError, HTTPException, ValueError):
            while True:
                work(chance)

    def _edit(self, chance: random.Random) -> None:
        made = self._send("POST", "/customers", {"name": f"客户{chance.random()}", "kind": "person"})
        self.created.append(made["id"])
        self._send("PATCH", f"/customers/{chance.choice(self.created)}", {"city": f"城市{chance.random()}"})

    def _import(self, chance: random.Random) -> None:
        first = chance.randrange(10**7)
        rows = [f"导入{number},A-{first + number},杭州" for number in range(1500)]
        text = "\n".join(["姓名,客户编号,城市", *rows]).encode()
        made = self._send("POST", "/imports?name=a.csv&kind=customers&source=burst", text)
        self._send("POST", f"/imports/{made['id']}/apply", {})
        self.imports += 1
        time.sleep(0.5)

    def _send(self, method: str, path: str, body: Any) -> Any:
        content, kind = (body, "octet-stream") if isinstance(body, bytes) else (json.dumps(body), "json")
        connection = HTTPConnection(HOST, self._port, timeout=20)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": f"application/{kind}"}
        connection.request(method, f"/api/v1{path}", content, headers)
        response = connection.getresponse()
        answer = response.read()
        if response.status >= 400:
            self.refused.append(f"{method} {path}: {answer!r}")
            raise ValueError(path)
        return json.loads(answer)


def test_killed_servers_and_workers_leave_history_and_rows_in_step(migrated_home: Home) -> None:
    chance = random.Random(20261123)
    foreign = ("DATABASE_", "ZHIKE_RATE")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    environment |= {"ZHIKE_HOME": str(migrated_home.path), "DJANGO_SETTINGS_MODULE": "zhike.config.settings"}
    environment |= {"ZHIKE_RATE_PER_USER": "0", "ZHIKE_RATE_PER_KEY": "0"}

    def zhike(*arguments: str) -> None:
        subprocess.run([sys.executable, "-m", "zhike.cli", *arguments], env=environment, check=True)

    zhike("migrate")
    zhike("createuser", "boss")
    making = f"import django; django.setup()\n{MAKE_KEY}"
    key = subprocess.check_output([sys.executable, "-c", making], env=environment, text=True).strip()
    acknowledged: list[int] = []
    imports = 0
    for turn in range(KILLS):
        port = ports.any_free(HOST)
        with _running(environment, port) as processes:
            clients = Clients(port, key, turn * 10)
            clients.start()
            time.sleep(chance.uniform(1, 6))
            for process in chance.sample(processes, k=2):
                os.killpg(process.pid, signal.SIGKILL)
        clients.join()
        assert clients.refused == []
        imports += clients.imports
        acknowledged += clients.created
        _wait_until_nobody_writes(migrated_home)
        checking = [sys.executable, WRITER]
        found = subprocess.run(checking, input="check\n", capture_output=True, text=True, env=environment, check=True)
        told = json.loads(found.stdout)
        assert (told["in_step"], told["problems"]) == (True, []), turn
        assert _count(migrated_home, acknowledged) == len(acknowledged), "something acknowledged is gone"
    assert acknowledged
    assert imports
    assert told["entries"] > len(acknowledged)


@contextmanager
def _running(environment: dict[str, str], port: int) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Web and worker as `zhike up` runs them, but for whoever would start them again."""
    processes = [
        subprocess.Popen(
            program.command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for program in programs(HOST, port)
    ]
    try:
        deadline = time.monotonic() + 60
        while not _answers(port):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield processes
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answers(port: int) -> bool:
    with suppress(OSError, HTTPException):
        connection = HTTPConnection(HOST, port, timeout=5)
        connection.request("GET", "/account/log-in/", headers={"Host": "localhost"})
        return connection.getresponse().status < 500
    return False


def _wait_until_nobody_writes(home: Home) -> None:
    """A killed process's last statement may run for a moment longer."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'zhike' AND state <> 'idle' AND usename <> %s"
    with psycopg.connect(postgres.ensure_running(home).superuser_url) as admin:
        for _ in range(200):
            if admin.execute(query, ["zhike_admin"]).fetchone() == (0,):
                return
            admin.rollback()
            time.sleep(0.05)
    raise AssertionError("somebody still writes")


def _count(home: Home, ids: list[int]) -> int:
    with psycopg.connect(postgres.ensure_running(home).owner_url) as owner:
        row = owner.execute("SELECT count(*) FROM customers_customer WHERE id = ANY(%s)", [ids]).fetchone()
    return int(row[0]) if row else 0
