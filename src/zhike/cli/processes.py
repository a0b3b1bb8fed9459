"""Commands that start and stop an instance: up, down."""

import http.client
import os
import sys
from collections.abc import Callable
from contextlib import closing

import click

from zhike.backup import mark
from zhike.cli import instance
from zhike.cli.output import Exit, json_option, report
from zhike.runtime import ports, postgres, supervisor
from zhike.runtime.home import Home
from zhike.runtime.problems import EnvironmentProblem
from zhike.runtime.supervisor import Program

DEFAULT_PORT = 8000
LOOPBACK = ("127.0.0.1", "::1", "localhost")
LISTEN_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=DEFAULT_PORT, show_default=True, help="端口 / Port")
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址，默认只限本机 / Address to listen on")
@json_option
def up(port: int, host: str, as_json: bool) -> None:
    """启动网页服务器、后台进程与定时任务，直到 Ctrl-C 或 zhike down。

    Start the web server, the worker and the scheduler; they run until Ctrl-C or `zhike down`.
    """

    def announce(address: str) -> None:
        text = f"知客已启动 / Zhike is running: {address}\n按 Ctrl-C 停止 / Ctrl-C stops it"
        report({"address": address}, as_json=as_json, text=text)
        sys.stdout.flush()

    serve(Home.current(), host=host, port=port, announce=announce)


@click.command()
@json_option
def down(as_json: bool) -> None:
    """停止 zhike up 启动的全部进程，以及内置数据库。

    Stop everything that `zhike up` started, and the embedded database.
    """
    home = Home.current()
    processes = supervisor.stop(home)
    database = postgres.stop(home)
    said = [
        "服务器已停止 / the server was stopped" if processes else "服务器没有在运行 / no server was running",
        "内置数据库已停止 / the embedded database was stopped"
        if database
        else "内置数据库没有在运行 / the embedded database was not running",
    ]
    report({"processes": processes, "database": database}, as_json=as_json, text="\n".join(said))


def serve(home: Home, *, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Run the instance in the foreground until a signal; `announce` gets its address once it answers.

    A port that is taken is said to be so, and the next free one used. If the instance runs already, its address is
    announced and that is all.
    """
    if host not in LOOPBACK and os.environ.get("ZHIKE_DEBUG") == "1":
        raise EnvironmentProblem(
            zh="调试模式（ZHIKE_DEBUG=1）会在出错页面里泄露内部信息，只能监听本机。",
            en="Debugging (ZHIKE_DEBUG=1) shows what is inside on its error pages, so it listens on this machine only.",
        )
    if host not in LOOPBACK and os.environ.get("ZHIKE_HTTPS") != "1":
        click.echo(
            "其他机器将不加密地访问：请放在 HTTPS 代理之后，见 zhike doctor --security / "
            "Other machines will reach it unencrypted: put it behind an HTTPS proxy, see zhike doctor --security",
            err=True,
        )
    try:
        with supervisor.supervising(home) as keeper:
            _refuse_half_restored(home)
            instance.stop_database_afterwards(home)
            instance.database_ready(home)
            free = ports.next_free(host, port)
            if free != port:
                click.echo(f"端口 {port} 被占用，改用 {free} / Port {port} is taken; using {free}", err=True)
            address = f"http://{f'[{host}]' if ':' in host else host}:{free}/"
            keeper.run(
                programs(host, free),
                address=address,
                is_ready=lambda: _answers(host, free),
                on_ready=lambda: announce(address),
            )
    except supervisor.AlreadyRunning as running:
        if running.run is None:
            click.echo("另一个进程正在启动知客。 / Another process is just starting Zhike.", err=True)
            sys.exit(Exit.FAILED)
        announce(running.run.address)


def _refuse_half_restored(home: Home) -> None:
    if mark.was_cut_short(home):
        raise EnvironmentProblem(
            zh="上一次恢复没有完成。请再运行一次 zhike restore：它会先放回原来的数据。",
            en="A restore was cut short. Run zhike restore again: it first puts back what was there before.",
        )
    if mark.is_closed(home):
        raise EnvironmentProblem(
            zh="恢复的数据里仍有已删除人员的残留，实例保持关闭。查看：zhike erasures status；"
            "处理后运行 zhike erasures sweep，清查干净即可启动。",
            en="The restored data still holds something of erased persons, so the instance stays closed. "
            "See zhike erasures status; then run zhike erasures sweep: once nothing is found, it can be started.",
        )


def programs(host: str, port: int) -> list[Program]:
    """What an instance consists of beside the database."""
    return [
        Program(name="web", command=(sys.executable, "-m", "zhike.config.web", host, str(port))),
        Program(name="worker", command=(sys.executable, "-m", "zhike.config.worker")),
    ]


def _answers(host: str, port: int) -> bool:
    """Whether a page comes back; the port alone is open before the application is loaded."""
    try:
        with closing(http.client.HTTPConnection(LISTEN_ANYWHERE.get(host, host), port, timeout=10)) as connection:
            connection.request("GET", "/", headers={"Host": "localhost"})
            connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    return True
