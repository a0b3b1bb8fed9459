"""The embedded PostgreSQL: made, started, watched and stopped by us, from the programs of a wheel.

A folder named `data` is always complete: it is made under another name and renamed at the end, so whatever
kills us half-way leaves nothing that could be taken for a database, and no database is ever made twice.
"""

import json
import os
import secrets
import shutil
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg

from zhike.runtime import logs, ports, postgres_settings
from zhike.runtime.binaries import ServerUser, programs_for, server_user
from zhike.runtime.home import Home
from zhike.runtime.postgres_roles import APP, DATABASE, OWNER, SUPERUSER, provision
from zhike.runtime.problems import EnvironmentProblem

HOST = "127.0.0.1"
START_PATIENCE = 20.0  # seconds; what a killed server leaves behind needs a few to vanish
STOP_PATIENCE = 60.0
# Raise it when `provision` changes, so that existing clusters are provisioned again.
PROVISION_VERSION = "2"


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Where the embedded server answers, and as whom."""

    host: str
    port: int
    database: str
    app_url: str
    owner_url: str
    superuser_url: str


@dataclass(frozen=True, kw_only=True)
class Status:
    """What can be said of the embedded server without starting it."""

    initialised: bool
    running: bool
    pid: int | None
    port: int | None
    data_dir: Path


def ensure_running(home: Home, *, durable: bool = True) -> Cluster:
    """The embedded server, made and started if needed; safe from several processes at once.

    `durable=False` is for test databases that may be lost in a crash.

    :raises EnvironmentProblem: if the machine does not let it run
    """
    with home.locked("postgres"):
        server = _Server(home)
        if not server.is_ready():
            server.start(durable=durable)
        cluster = _cluster(home, server.record_port())
        server.provision(cluster)
        return cluster


def stop(home: Home) -> bool:
    """Stop the embedded server; whether there was one to stop."""
    if not home.postgres_dir.exists():
        return False
    with home.locked("postgres"):
        return _Server(home).stop()


def status(home: Home) -> Status:
    """Whether there is an embedded database and whether it runs."""
    server = _Server(home)
    pid = server.pid()
    cluster = recorded(home)
    return Status(
        initialised=server.data.is_dir(),
        running=pid is not None,
        pid=pid,
        port=cluster.port if cluster else None,
        data_dir=server.data,
    )


def recorded(home: Home) -> Cluster | None:
    """The server's address as it was when it last started, whether it runs now or not."""
    try:
        port = int(json.loads(_record(home).read_text(encoding="ascii"))["port"])
    except FileNotFoundError:
        return None
    return _cluster(home, port)


def _cluster(home: Home, port: int) -> Cluster:
    def url(role: str, database: str) -> str:
        return f"postgresql://{role}:{home.secret(role)}@{HOST}:{port}/{database}"

    return Cluster(
        host=HOST,
        port=port,
        database=DATABASE,
        app_url=url(APP, DATABASE),
        owner_url=url(OWNER, DATABASE),
        superuser_url=url(SUPERUSER, "postgres"),
    )


def _record(home: Home) -> Path:
    return home.run_dir / "postgres.json"


class _Server:
    """The server over one data folder; callers hold the lock."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.folder = home.postgres_dir
        self.data = self.folder / "data"
        self.log = home.logs_dir / "postgres.log"

    def pid(self) -> int | None:
        """The process id of the running server, never that of a stranger who got its number."""
        lines = self._pid_file_lines()
        pid = int(lines[0]) if lines else None
        return pid if pid is not None and self._is_ours(pid) else None

    def is_ready(self) -> bool:
        """Whether the server answers; waits for one that somebody started and that is still recovering."""
        while self.pid() is not None:
            lines = self._pid_file_lines()
            if lines[7:8] == ["ready"] and self._lets_in(int(lines[3])):
                return True
            time.sleep(0.1)
        return False

    def _lets_in(self, port: int) -> bool:
        # A server that is being killed looks alive for a moment.
        with suppress(psycopg.OperationalError), psycopg.connect(_cluster(self.home, port).superuser_url):
            return True
        return False

    def record_port(self) -> int:
        """Remember where the running server answers, as it says itself."""
        port = int(self._pid_file_lines()[3])
        record = json.dumps({"port": port})
        if not _record(self.home).exists() or _record(self.home).read_text(encoding="ascii") != record:
            _write_whole(_record(self.home), record)
        return port

    def _pid_file_lines(self) -> list[str]:
        # Process id, data folder, start time, port, socket folder, address, shared memory, state.
        try:
            text = (self.data / "postmaster.pid").read_text(encoding="ascii")
        except (FileNotFoundError, PermissionError):
            return []
        return [line.strip() for line in text.splitlines()]

    def _is_ours(self, pid: int) -> bool:
        try:
            process = psutil.Process(pid)
            # A server's processes, and they alone, stand in its data folder.
            return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == self.data.resolve()
        except (psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError):
            return False

    def start(self, *, durable: bool) -> None:
        """Start the server on its usual port, or on a free one if that is taken; makes the data first if need be."""
        user = server_user(self.folder)
        programs = programs_for(user, self.home.path)
        if not self.data.is_dir():
            self._make_data(user, programs, durable=durable)
        self._forget_dead_server()
        logs.turn(self.log)
        _give(self.log, user)
        deadline = time.monotonic() + START_PATIENCE
        while True:
            port = self._free_port()
            self._write_settings(postgres_settings.render(port=port, durable=durable), user)
            started = user.run(programs / "pg_ctl", "start", "-w", "-t", "600", "-s", "-D", self.data, "-l", self.log)
            # A server that somebody began to start before they were killed comes up meanwhile, without us.
            if started.returncode == 0 or self.is_ready():
                return
            if time.monotonic() > deadline:
                raise EnvironmentProblem(
                    zh=f"数据库无法启动，日志 {self.log} 的末尾：\n{logs.tail(self.log)}",
                    en=f"The database does not start; the end of its log {self.log}:\n{logs.tail(self.log)}",
                )
            time.sleep(0.3)
            self._forget_dead_server()

    def _make_data(self, user: ServerUser, programs: Path, *, durable: bool) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        _give(self.folder, user)
        for leftover in self.folder.glob("unfinished-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        workshop = self.folder / f"unfinished-{secrets.token_hex(4)}"
        workshop.mkdir(mode=0o700)
        _give(workshop, user)
        password_file = workshop / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.home.secret(SUPERUSER), encoding="ascii")
        _give(password_file, user)
        made = user.run(
            programs / "initdb",
            f"--pgdata={workshop / 'data'}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--data-checksums",
            *(() if durable else ("--no-sync",)),
        )
        if made.returncode:
            shutil.rmtree(workshop, ignore_errors=True)
            raise EnvironmentProblem(
                zh=f"无法创建数据库（{self.data}）：\n{made.stderr.strip()}",
                en=f"The database could not be made in {self.data}:\n{made.stderr.strip()}",
            )
        with (workshop / "data" / "postgresql.conf").open("a", encoding="ascii") as conf:
            conf.write("\ninclude = 'zhike.conf'\n")
            conf.flush()
            os.fsync(conf.fileno())
        (workshop / "data").rename(self.data)
        shutil.rmtree(workshop)

    def provision(self, cluster: Cluster) -> None:
        """Make roles, database and privileges unless they are as this version wants them."""
        mark = self.folder / "provisioned"
        if mark.is_file() and mark.read_text(encoding="ascii") == PROVISION_VERSION:
            return
        provision(
            superuser_url=cluster.superuser_url,
            owner_url=cluster.owner_url,
            passwords={OWNER: self.home.secret(OWNER), APP: self.home.secret(APP)},
        )
        _write_whole(mark, PROVISION_VERSION)

    def stop(self) -> bool:
        """Stop the server, ending open transactions; whether there was one."""
        pid = self.pid()
        if pid is None:
            return False
        os.kill(pid, signal.SIGINT)  # PostgreSQL's "fast" shutdown
        deadline = time.monotonic() + STOP_PATIENCE
        while self.pid() is not None:
            if time.monotonic() > deadline:
                raise EnvironmentProblem(
                    zh=f"数据库没有停下来，日志 {self.log} 的末尾：\n{logs.tail(self.log)}",
                    en=f"The database did not stop; the end of its log {self.log}:\n{logs.tail(self.log)}",
                )
            time.sleep(0.05)
        return True

    def _forget_dead_server(self) -> None:
        """Remove the pid file of a killed server once the last of its processes is gone.

        PostgreSQL itself refuses to start while any process, even an unrelated one, has the number in the file.
        """
        pid_file = self.data / "postmaster.pid"
        if pid_file.exists() and not any(self._is_ours(pid) for pid in psutil.pids()):
            pid_file.unlink()

    def _free_port(self) -> int:
        usual = recorded(self.home)
        return usual.port if usual and ports.is_free(HOST, usual.port) else ports.any_free(HOST)

    def _write_settings(self, text: str, user: ServerUser) -> None:
        path = self.data / "zhike.conf"
        path.write_text(text, encoding="ascii")
        _give(path, user)


def _give(path: Path, user: ServerUser) -> None:
    if not user.is_me:
        os.chown(path, user.uid, user.gid)


def _write_whole(path: Path, text: str) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(text, encoding="ascii")
    draft.replace(path)
