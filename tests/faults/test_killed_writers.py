"""Writers and sealers killed at random: no change without its entry, no entry without its change."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections

from zhike.audit import sealing, verifying

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True, databases=["default", "owner"])]

BURSTS = int(os.environ.get("ZHIKE_FAULT_BURSTS", 16))
ENDLESS = 1_000_000
AT = datetime(2026, 11, 22, 4, tzinfo=UTC)


class Bursts:
    """The process of `writer.py`."""

    def __init__(self, home: Path) -> None:
        environment = {**os.environ, "ZHIKE_HOME": str(home), "DJANGO_SETTINGS_MODULE": "zhike.config.settings"}
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("writer.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def begin(self, seed: int, times: int, *works: str) -> list[int]:
        """Let processes work beside one another; their ids."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{seed} {times} {' '.join(works)}\n")
        self.process.stdin.flush()
        return [int(word) for word in self.process.stdout.readline().split()]

    def wait(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ended\n"

    def check(self) -> dict[str, Any]:
        """Whether history and rows agree, and what is wrong with what was sealed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("check\n")
        self.process.stdin.flush()
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=20)


@pytest.fixture
def bursts(transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bursts]:
    home = type(settings.HOME)(path=tmp_path / "home")
    home.create()
    monkeypatch.setattr(settings, "HOME", home)
    with connections["owner"].cursor() as owner:
        owner.execute("TRUNCATE audit_entry, audit_payload, audit_unsealed, audit_leaf, audit_head")
    made = Bursts(home.path)
    yield made
    made.end()


def test_killed_bursts_leave_history_and_rows_in_step(bursts: Bursts) -> None:
    chance = random.Random(20261122)
    for turn in range(BURSTS):
        children = bursts.begin(turn * 10, ENDLESS, "write", "write", "seal")
        time.sleep(chance.uniform(0.02, 0.4))
        for child in chance.sample(children, k=3):
            os.kill(child, signal.SIGKILL)
        bursts.wait()
        _wait_until_nobody_writes()
        told = bursts.check()
        assert (told["in_step"], told["problems"]) == (True, []), turn
    sealing.seal_all(at=AT)
    report = verifying.verify()
    assert report.problems == []
    assert report.unsealed == 0
    assert report.entries > BURSTS
    assert report.heads > 5


def test_parallel_writers_are_sealed_once_each_while_sealers_run(bursts: Bursts) -> None:
    bursts.begin(1, 150, "write", "write", "write", "seal", "seal")
    for _ in range(20):
        sealing.seal_all(at=AT)
    bursts.wait()
    sealing.seal_all(at=AT)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_entry")
        (entries,) = cursor.fetchone()
        cursor.execute("SELECT count(*), count(DISTINCT entry_id), max(position) + 1 FROM audit_leaf")
        assert cursor.fetchone() == (entries, entries, entries)
        cursor.execute("SELECT count(*) FROM audit_unsealed")
        assert cursor.fetchone() == (0,)
    assert entries > 100
    assert verifying.verify().problems == []
    assert bursts.check()["in_step"]


def _wait_until_nobody_writes() -> None:
    """A killed process's last statement may run for a moment longer."""
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND application_name = 'burst'"
            )
            if cursor.fetchone()[0] == 0:
                return
        time.sleep(0.05)
    raise AssertionError("somebody still writes")
