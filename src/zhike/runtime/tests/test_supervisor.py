"""Supervision with real processes: restarts, orderly and disorderly ends, one supervisor at a time."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from zhike.runtime import logs, ports, supervisor
from zhike.runtime.home import Home
from zhike.runtime.problems import EnvironmentProblem

# Writes its process id to the file named, and stays.
STAY = """
import os, sys, time
print("staying", flush=True)
with open(sys.argv[1], "a") as file:
    file.write(f"{os.getpid()}\\n")
time.sleep(60)
"""
SUPERVISE = f"""
import sys
from pathlib import Path
from zhike.runtime.home import Home
from zhike.runtime.supervisor import Program, supervising

home = Home.current()
programs = [
    Program(name=name, command=(sys.executable, "-c", {STAY!r}, str(home.path / f"{{name}}.pids")))
    for name in ("web", "worker")
]
with supervising(home) as keeper:
    ready = lambda: all((home.path / f"{{name}}.pids").exists() for name in ("web", "worker"))
    keeper.run(programs, address="http://somewhere/", is_ready=ready, on_ready=lambda: print("ready", flush=True))
print("stopped", flush=True)
"""


def wait_for[T](look: Callable[[], T], *, seconds: float = 15) -> T:
    """The first true answer of `look`."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
    return found


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(path=tmp_path / "home")


@pytest.fixture
def running(home: Home) -> Iterator[subprocess.Popen[str]]:
    """A supervisor with two programs that stay."""
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISE],
        env={**os.environ, "ZHIKE_HOME": str(home.path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.communicate()
    supervisor.stop(home)


def pids(home: Home, name: str) -> list[int]:
    return [int(line) for line in (home.path / f"{name}.pids").read_text().split()]


def alive(*numbers: int) -> bool:
    return any(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in numbers)


def test_a_crashed_program_is_started_again_and_the_other_left_alone(
    home: Home, running: subprocess.Popen[str]
) -> None:
    (first,) = pids(home, "worker")
    psutil.Process(first).kill()
    assert wait_for(lambda: len(pids(home, "worker")) == 2)
    assert len(pids(home, "web")) == 1
    assert alive(*pids(home, "web"))
    assert logs.tail(home.logs_dir / "worker.log") == "staying\nstaying"


def test_stop_ends_every_program_and_nothing_else(home: Home, running: subprocess.Popen[str]) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    assert supervisor.stop(home)
    assert running.wait(timeout=10) == 0
    assert not alive(*pids(home, "web"), *pids(home, "worker"))
    assert stranger.poll() is None
    assert not supervisor.stop(home)
    stranger.kill()
    stranger.wait()


def test_there_is_one_supervisor_and_the_second_hears_of_the_first(home: Home, running: subprocess.Popen[str]) -> None:
    with pytest.raises(supervisor.AlreadyRunning) as refusal, supervisor.supervising(home):
        pass
    assert refusal.value.run is not None
    assert refusal.value.run.address == "http://somewhere/"
    assert alive(*pids(home, "web"))


@pytest.mark.fault
def test_what_a_killed_supervisor_left_is_stopped_by_the_next(home: Home, running: subprocess.Popen[str]) -> None:
    running.kill()
    running.wait()
    assert alive(*pids(home, "web"))
    assert supervisor.current_run(home) is None
    with supervisor.supervising(home):
        assert not alive(*pids(home, "web"), *pids(home, "worker"))


def test_a_program_that_does_not_come_up_is_reported_with_its_log(home: Home) -> None:
    broken = supervisor.Program(name="web", command=(sys.executable, "-c", "raise SystemExit('out of luck')"))
    with pytest.raises(EnvironmentProblem, match="out of luck"), supervisor.supervising(home) as keeper:
        keeper.run([broken], address="", is_ready=lambda: False, on_ready=lambda: None)


def test_a_taken_port_gives_way_to_the_next() -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        taken = stranger.getsockname()[1]
        assert not ports.is_free("127.0.0.1", taken)
        assert ports.next_free("127.0.0.1", taken) > taken


def test_a_log_that_has_grown_large_is_set_aside(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    with log.open("wb") as file:
        file.truncate(logs.LIMIT + 1)
    logs.turn(log)
    assert log.stat().st_size == 0
    assert (tmp_path / "web.log.1").stat().st_size == logs.LIMIT + 1
