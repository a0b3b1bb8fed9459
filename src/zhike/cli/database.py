"""Commands about the database: migrate, sql."""

import os
import sys

import click
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from zhike.cli import instance
from zhike.cli.output import json_option, report
from zhike.runtime.binaries import binaries
from zhike.runtime.database import ensure_database
from zhike.runtime.home import Home


@click.command()
@json_option
def migrate(as_json: bool) -> None:
    """启动数据库并升级到当前版本；其他命令会自动完成这一步。

    Start the database and bring it up to this version; other commands do so by themselves.
    """
    urls = ensure_database(Home.current())
    was_current = instance.applied_fingerprint(urls) == instance.migrations_fingerprint()
    if not was_current:
        instance.load_django()
        instance.migrate(urls)
    text = "数据库已是最新。 / The database is up to date."
    report({"changed": not was_current}, as_json=as_json, text=text)


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("-c", "commands", multiple=True, metavar="TEXT", help="执行的 SQL / SQL to run")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[PSQL OPTION]...")
def sql(commands: tuple[str, ...], arguments: tuple[str, ...]) -> None:
    """以数据库所有者身份运行 psql；不带 -c 时进入交互界面，其余选项原样传给 psql，退出码也是 psql 的。

    Run psql as the owner of the database; interactive without -c. Other options and the exit codes are psql's own.
    """
    urls = instance.database_ready(Home.current())
    program = str(binaries() / "psql")
    told = [part for text in commands for part in ("-c", text)]
    # The password goes by the environment: arguments are for everybody to read.
    address = conninfo_to_dict(urls.owner)
    environment = {**os.environ, "PGPASSWORD": str(address.pop("password", os.environ.get("PGPASSWORD", "")))}
    command = [program, "-X", "-v", "ON_ERROR_STOP=1", "-d", make_conninfo("", **address), *told, *arguments]
    sys.stdout.flush()
    os.execve(program, command, environment)  # noqa: S606
