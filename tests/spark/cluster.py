"""A Spark cluster of this machine: a master and two workers, each a process of its own."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyspark

WORKERS = 2
SETTINGS = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "1g",
    "spark.executor.memory": "800m",
    "spark.executor.cores": "1",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
}
SECONDS = 60


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """Its address, as ZHIKE_ENGINE takes it; the settings are in the environment meanwhile."""
    settings = folder / "conf"
    settings.mkdir()
    told = SETTINGS | {"spark.local.dir": str(folder / "local")}
    (settings / "spark-defaults.conf").write_text("".join(f"{name} {value}\n" for name, value in told.items()))
    environment = {
        "SPARK_CONF_DIR": str(settings),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_WORKER_DIR": str(folder / "work"),
    }
    with _free_port() as free:
        port = free.getsockname()[1]
    address = f"spark://127.0.0.1:{port}"
    with ExitStack() as stack:
        before = {name: os.environ.get(name) for name in environment}
        stack.callback(_restore, before)
        os.environ.update(environment)
        at = ["--host", "127.0.0.1", "--webui-port", "0"]
        log = stack.enter_context(_running(folder / "master.log", "master.Master", [*at, "--port", str(port)]))
        _wait(log, "I have been elected leader")
        for number in range(WORKERS):
            size = ["--cores", "1", "--memory", "1g", address]
            log = stack.enter_context(_running(folder / f"worker-{number}.log", "worker.Worker", [*at, *size]))
            _wait(log, "Successfully registered")
        yield address


@contextmanager
def _running(log: Path, kind: str, arguments: Sequence[str]) -> Iterator[Path]:
    command = [
        str(Path(pyspark.__file__).parent / "bin" / "spark-class"),
        f"org.apache.spark.deploy.{kind}",
        *arguments,
    ]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        try:
            yield log
        finally:
            process.terminate()
            process.wait(SECONDS)


def _wait(log: Path, words: str) -> None:
    deadline = time.monotonic() + SECONDS
    while words not in log.read_text(errors="replace"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{words!r} is not in {log}:\n{log.read_text(errors='replace')}")
        time.sleep(0.1)


def _free_port() -> socket.socket:
    free = socket.socket()
    free.bind(("127.0.0.1", 0))
    return free


def _restore(before: dict[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
