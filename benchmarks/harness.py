"""What every benchmark shares: an instance in a temporary home, figures one JSON object a line, and an honest clock.

A figure is `{"name": …, "value": …, "unit": …}` with a `target` where the issue of the house sets one, and `missed`
where that is not reached; :func:`missed` tells which were. The machine is described first. Processes are found by the
instance's home and only those that the benchmark started are ended.
"""

import contextlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
ZHIKE = ROOT / ".venv" / "bin" / "zhike"

QUIET_SECONDS = 0.06  # of processor time in one second
_MISSED: list[str] = []


def emit(name: str, value: float, unit: str, *, target: str = "", **more: Any) -> None:
    """Print one figure. target: `<=` or `>=` and a number."""
    line: dict[str, Any] = {"name": name, "value": round(value, 3), "unit": unit}
    if target:
        line["target"] = target
        if not is_reached(value, target):
            line["missed"] = True
            _MISSED.append(name)
    print(json.dumps({**line, **more}, ensure_ascii=False), flush=True)


def is_reached(value: float, target: str) -> bool:
    sign, bound = target.split()
    return value <= float(bound) if sign == "<=" else value >= float(bound)


def missed() -> list[str]:
    """The figures that this process printed and that did not reach their target."""
    return list(_MISSED)


def describe_machine() -> None:
    memory = psutil.virtual_memory().total / 2**30
    emit(
        "machine",
        os.cpu_count() or 0,
        "cores",
        memory_gib=round(memory, 1),
        python=platform.python_version(),
        system=platform.platform(terse=True),
        load=[round(figure, 2) for figure in os.getloadavg()],
    )


@dataclass(frozen=True)
class Instance:
    """A Zhike of its own in a temporary home."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        # Without byte code, every start would compile what an installation compiles once.
        foreign = ("ZHIKE_", "DATABASE_", "PYTHONDONTWRITEBYTECODE")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
        # One person asks for everybody here.
        rates = dict.fromkeys(("ZHIKE_RATE_PER_USER", "ZHIKE_RATE_PER_KEY", "ZHIKE_RATE_PER_ADDRESS"), "0")
        return {**kept, **rates, "ZHIKE_HOME": str(self.home)}

    def zhike(self, *arguments: str | Path, typed: str = "", timeout: float = 1200) -> str:
        """Run the command and return what it prints; a failure ends the benchmark. typed: its standard input."""
        done = subprocess.run(
            [ZHIKE, *arguments],
            env=self.environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode:
            sys.exit(f"zhike {' '.join(map(str, arguments))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def reply(self, *arguments: str | Path, timeout: float = 1200) -> Any:
        """What a command says in JSON."""
        return json.loads(self.zhike(*arguments, "--json", timeout=timeout))

    @contextlib.contextmanager
    def served(self) -> Iterator["Served"]:
        """Web and worker running, until the block ends."""
        log = self.home / "up.log"
        began = time.perf_counter()
        with log.open("w") as output:
            process = subprocess.Popen(
                [ZHIKE, "up", "--port", "8700"], env=self.environment, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            address = _wait_for_address(log, process)
            yield Served(address, process.pid, time.perf_counter() - began)
        finally:
            process.terminate()
            process.wait(60)


@dataclass(frozen=True)
class Served:
    """A running instance. start_seconds: from the command to the first answered request."""

    address: str
    pid: int
    start_seconds: float


@contextlib.contextmanager
def instance() -> Iterator[Instance]:
    """A fresh instance; its processes and folder are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="zhike-bench-", dir=os.environ.get("ZHIKE_BENCH_FOLDER")))
    folder.chmod(0o755)
    made = Instance(folder / "home")
    made.home.mkdir(mode=0o755)
    try:
        yield made
    finally:
        subprocess.run([ZHIKE, "down"], env=made.environment, capture_output=True, timeout=120, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def processes_of(made: Instance, *roots: int) -> list[psutil.Process]:
    """The given processes with all below them, and the instance's database server with all below it."""
    found: dict[int, psutil.Process] = {}
    pid_file = made.home / "postgres" / "data" / "postmaster.pid"
    server = [int(pid_file.read_text().split()[0])] if pid_file.exists() else []
    for pid in (*roots, *server):
        with contextlib.suppress(psutil.NoSuchProcess):
            root = psutil.Process(pid)
            for process in (root, *root.children(recursive=True)):
                found[process.pid] = process
    return list(found.values())


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """Processor time so far, children that ended included."""
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def pss_mb(processes: list[psutil.Process]) -> float:
    """Memory with shared pages counted once, in MB (10^6)."""
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            total += process.memory_full_info().pss
    return total / 1e6


def wait_until_quiet(made: Instance, served: Served, *, patience: float = 240) -> None:
    """Wait for what a start sets going, such as a refresh of the scores, so that it is not counted as ours."""
    deadline = time.monotonic() + patience
    quiet = 0
    while quiet < 3 and time.monotonic() < deadline:
        processes = processes_of(made, served.pid)
        before = cpu_seconds(processes)
        time.sleep(1)
        quiet = quiet + 1 if cpu_seconds(processes) - before < QUIET_SECONDS else 0


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _wait_for_address(log: Path, process: "subprocess.Popen[bytes]") -> str:
    for _ in range(600):
        if process.poll() is not None:
            sys.exit(f"zhike up ended with {process.returncode}:\n{log.read_text()}")
        for word in log.read_text().split():
            if word.startswith("http://"):
                return word.rstrip("/。,")
        time.sleep(0.05)
    sys.exit(f"zhike up printed no address:\n{log.read_text()}")
