"""Command that makes and starts the demo company: demo."""

import json
import os
import secrets
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from zhike.cli import instance
from zhike.cli.output import Exit, json_option, report
from zhike.cli.processes import DEFAULT_PORT, serve
from zhike.runtime.home import Home

CUSTOMERS, ORDERS, SEED = 20_000, 150_000, 20260315
RECORD = "demo.json"
USERNAME = "admin"


@click.command()
@click.option("--no-serve", is_flag=True, help="只建数据，不启动 / Make the data, start nothing")
@click.option("--customers", type=click.IntRange(1), default=CUSTOMERS, show_default=True, help="客户数 / Customers")
@click.option("--orders", type=click.IntRange(0), default=ORDERS, show_default=True, help="订单数 / Orders")
@click.option("--seed", type=click.IntRange(0), default=SEED, show_default=True, help="随机种子 / Seed")
@click.option(
    "--fields",
    type=click.IntRange(0, 500),
    default=0,
    show_default=True,
    help="自定义字段数 / Fields of the company's own",
)
@click.option("--port", type=click.IntRange(1, 65535), default=DEFAULT_PORT, show_default=True, help="端口 / Port")
@json_option
def demo(no_serve: bool, customers: int, orders: int, seed: int, fields: int, port: int, as_json: bool) -> None:
    """建立演示公司「青禾生活」并启动；已建好时直接启动。

    Make the demo company 青禾生活 and start; where it is there already, just start.
    """
    home = Home.current()
    home.create()
    if no_serve:
        built = _build(home, customers=customers, orders=orders, seed=seed, fields=fields)
        report(built, as_json=as_json, text=_described(built))
        return
    instance.stop_database_afterwards(home)
    built = _read(home) or _build_aside(customers=customers, orders=orders, seed=seed, fields=fields)

    def announce(address: str) -> None:
        text = f"{_described(built)}\n\n打开 / Open {address}\n按 Ctrl-C 停止 / Ctrl-C stops it"
        report({**built, "address": address}, as_json=as_json, text=text)
        sys.stdout.flush()

    serve(home, host="127.0.0.1", port=port, announce=announce)


def _build_aside(*, customers: int, orders: int, seed: int, fields: int) -> dict[str, Any]:
    """Build in a process of its own: this one lives on as the supervisor and should stay small."""
    sizes = ["--customers", str(customers), "--orders", str(orders), "--seed", str(seed)]
    sizes += ["--fields", str(fields)]
    command = [sys.executable, "-m", "zhike.cli", "demo", "--no-serve", "--json", *sizes]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if done.returncode:
        sys.stdout.write(done.stdout)
        sys.exit(done.returncode)
    built: dict[str, Any] = json.loads(done.stdout)
    return built


def _build(home: Home, *, customers: int, orders: int, seed: int, fields: int) -> dict[str, Any]:
    began = time.monotonic()
    instance.django_ready(home)
    from django.conf import settings

    from zhike.audit import sealing
    from zhike.core.actor import SYSTEM
    from zhike.core.errors import DomainError
    from zhike.demo import services
    from zhike.demo.plan import Plan

    record = _read(home)
    if record:
        return record
    now = datetime.now(UTC)
    password = _password(home)
    today = now.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    plan = Plan(customers=customers, orders=orders, seed=seed, end_on=today - timedelta(days=1))
    try:
        company = services.build_company(
            actor=SYSTEM,
            plan=plan,
            fields=fields,
            password=password,
            at=now,
            say=lambda zh, en: click.echo(f"{zh} / {en}", err=True),
        )
    except DomainError as refusal:
        click.echo(str(refusal), err=True)
        sys.exit(Exit.REFUSED)
    sealing.seal_all(at=now)
    built = {
        "username": USERNAME,
        "password": password,
        "customers": company.customers,
        "orders": company.orders,
        "activities": company.activities,
        "refused": company.refused,
        "fields": company.fields,
        "seed": seed,
        "seconds": round(time.monotonic() - began, 1),
    }
    _write(_record(home), json.dumps(built))
    return built


def _described(built: dict[str, Any]) -> str:
    return (
        f"演示公司「青禾生活」：{built['customers']:,} 位客户，{built['orders']:,} 个订单 / "
        f"The demo company: {built['customers']:,} customers, {built['orders']:,} orders\n"
        f"用户名 / User name: {built['username']}\n密码 / Password: {built['password']}"
    )


def _password(home: Home) -> str:
    """Made once, and kept for the next run: an interrupted build goes on with the same."""
    path = home.secrets_dir / "demo-password"
    if not path.exists():
        _write(path, secrets.token_urlsafe(9))
    return path.read_text(encoding="ascii")


def _record(home: Home) -> Path:
    return home.secrets_dir / RECORD


def _read(home: Home) -> dict[str, Any] | None:
    """What a finished build left; None where there is none."""
    try:
        built: dict[str, Any] = json.loads(_record(home).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return built


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
