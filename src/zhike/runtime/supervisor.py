"""Runs the processes of an instance: starts them, restarts what crashes, stops all of them and nothing else."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

import psutil

from zhike.runtime import logs
from zhike.runtime.home import Home
from zhike.runtime.locks import AlreadyLocked, exclusive
from zhike.runtime.problems import EnvironmentProblem

LOCK = "up.lock"
RECORD = "up.json"
TICK = 0.2
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
# A program that ran this long before it crashed is restarted as if it were its first time.
HEALTHY_AFTER = 60.0
STOP_PATIENCE = 15.0
START_PATIENCE = 60.0


class AlreadyRunning(Exception):
    """Another process supervises this instance."""

    def __init__(self, run: "Run | None") -> None:
        super().__init__(run.address if run else None)
        self.run = run


@dataclass(frozen=True, kw_only=True)
class Program:
    """A command to keep running; its output goes to the log of that name."""

    name: str
    command: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ProcessId:
    """A process, told apart from a later one that gets the same number by when it started."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> "ProcessId":
        return cls(pid=pid, started=psutil.Process(pid).create_time())

    def process(self) -> psutil.Process | None:
        """The process if it still lives."""
        try:
            process = psutil.Process(self.pid)
            alive = process.create_time() == self.started and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return process if alive else None

    def wait_gone(self, *, patience: float) -> bool:
        """Wait for its end; whether it came. One that ended counts even while nobody has collected its exit code."""
        deadline = time.monotonic() + patience
        while self.process():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True


@dataclass(frozen=True, kw_only=True)
class Run:
    """What the supervisor leaves on disk for `down` and for its successor."""

    address: str
    supervisor: ProcessId
    children: tuple[ProcessId, ...] = ()


class Supervisor:
    """Keeps programs running until a signal or `stop`; made by `supervising`."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._address = ""
        self._children: list[_Child] = []
        self._stopping = threading.Event()

    def run(
        self, programs: list[Program], *, address: str, is_ready: Callable[[], bool], on_ready: Callable[[], None]
    ) -> None:
        """Start the programs, say when they are ready, keep them running until told to stop.

        `address` is put on record for those who want to know where the instance is.

        :raises EnvironmentProblem: if the first program ends before it is ready
        """
        self._address = address
        self._children = [_Child(program, self._home.logs_dir / f"{program.name}.log") for program in programs]
        previous = {number: signal.signal(number, self._on_signal) for number in _signals()}
        try:
            for child in self._children:
                child.start()
            self._record()
            self._wait_until(is_ready)
            if not self._stopping.is_set():
                on_ready()
            while not self._stopping.wait(TICK):
                restarted = [child.program.name for child in self._children if child.restart_if_due()]
                if restarted:
                    self._record()
        finally:
            for child in self._children:
                child.ask_to_stop()
            for child in self._children:
                child.wait_or_kill()
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stopping.set()

    def _wait_until(self, is_ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_PATIENCE
        first = self._children[0]
        while not is_ready():
            if self._stopping.wait(TICK):
                return
            if first.has_ended() or time.monotonic() > deadline:
                raise EnvironmentProblem(
                    zh=f"{first.program.name} 没有启动成功，日志 {first.log} 的末尾：\n{logs.tail(first.log)}",
                    en=f"{first.program.name} did not start; the end of its log {first.log}:\n{logs.tail(first.log)}",
                )

    def _record(self) -> None:
        children = tuple(child.id for child in self._children if child.id)
        run = Run(address=self._address, supervisor=ProcessId.of(os.getpid()), children=children)
        path = self._home.run_dir / RECORD
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(asdict(run)), encoding="utf-8")
        draft.replace(path)


@contextmanager
def supervising(home: Home) -> Iterator[Supervisor]:
    """Become the one supervisor of the instance; what a killed predecessor left running is stopped first.

    :raises AlreadyRunning: if another process is
    """
    home.create()
    try:
        with exclusive(home.run_dir / LOCK, wait=False):
            stop_orphans(home)
            try:
                yield Supervisor(home)
            finally:
                (home.run_dir / RECORD).unlink(missing_ok=True)
    except AlreadyLocked:
        raise AlreadyRunning(current_run(home)) from None


def current_run(home: Home) -> Run | None:
    """The run on record if its supervisor lives."""
    run = _recorded(home)
    return run if run and run.supervisor.process() else None


def stop(home: Home) -> bool:
    """Stop the running supervisor with all its programs, or what a killed one left; whether there was any."""
    run = current_run(home)
    if run is None:
        return stop_orphans(home)
    with suppress(ProcessLookupError):
        os.kill(run.supervisor.pid, signal.SIGTERM)
    if not run.supervisor.wait_gone(patience=2 * STOP_PATIENCE):
        os.kill(run.supervisor.pid, signal.SIGKILL)
        stop_orphans(home)
    return True


def stop_orphans(home: Home) -> bool:
    """Stop the programs of a supervisor that was killed; whether there were any."""
    run = _recorded(home)
    if run is None:
        return False
    orphans = [child for child in run.children if child.process()]
    for orphan in orphans:
        with suppress(ProcessLookupError):
            os.killpg(orphan.pid, signal.SIGTERM)
    for orphan in orphans:
        if not orphan.wait_gone(patience=STOP_PATIENCE):
            os.killpg(orphan.pid, signal.SIGKILL)
    return bool(orphans)


def _signals() -> list[signal.Signals]:
    """The signals that end a run."""
    # nohup has a run outlive its terminal.
    hang_up = [] if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else [signal.SIGHUP]
    return [signal.SIGINT, signal.SIGTERM, *hang_up]


def _recorded(home: Home) -> Run | None:
    try:
        fields = json.loads((home.run_dir / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Run(
        address=fields["address"],
        supervisor=ProcessId(**fields["supervisor"]),
        children=tuple(ProcessId(**child) for child in fields["children"]),
    )


class _Child:
    """One program: its process now, and when to start the next one."""

    def __init__(self, program: Program, log: Path) -> None:
        self.program = program
        self.log = log
        self.id: ProcessId | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._pause = FIRST_PAUSE
        self._due: float | None = None

    def start(self) -> None:
        logs.turn(self.log)
        with self.log.open("ab") as output:
            # A session of its own: a Ctrl-C in the terminal reaches the supervisor alone, which stops it in order.
            self._process = subprocess.Popen(  # noqa: S603
                self.program.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.id = ProcessId.of(self._process.pid)
        self._started = time.monotonic()
        self._due = None

    def has_ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def restart_if_due(self) -> bool:
        """Look after the process; whether it was started anew. Crash after crash the pauses grow."""
        if not self.has_ended():
            return False
        now = time.monotonic()
        if self._due is None:
            if now - self._started > HEALTHY_AFTER:
                self._pause = FIRST_PAUSE
            self._due = now + self._pause
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
        if now < self._due:
            return False
        self.start()
        return True

    def ask_to_stop(self) -> None:
        if self._process is not None and not self.has_ended():
            self._process.terminate()

    def wait_or_kill(self) -> None:
        if self._process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=STOP_PATIENCE)
        # The leader may have gone without its own children.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
