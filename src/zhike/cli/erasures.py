"""Commands about erased persons: list, sweep, replay."""

import dataclasses
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from zhike.cli import instance
from zhike.cli.output import Exit, json_option, report
from zhike.runtime.home import Home


@click.group()
def erasures() -> None:
    """个人信息删除：清查与恢复后的重放。

    Erased persons: search everything again, and forget them again after a restore.
    """


@erasures.command()
@click.argument("customer", type=int)
@click.confirmation_option(prompt="不可撤销，确定删除？ / This cannot be taken back. Erase?")
@json_option
def erase(customer: int, as_json: bool) -> None:
    """删除一位客户的全部个人信息并清查各处；订单作为匿名事实保留。

    Erase everything about a customer and search every place; orders stay as anonymous facts. Exit code 1: something
    is left; 3: there is no such customer.
    """
    instance.django_ready(Home.current())
    from zhike.core.actor import SYSTEM
    from zhike.privacy.services import erasing

    now = datetime.now(UTC)
    try:
        made = erasing.erase_person(actor=SYSTEM, customer_id=customer, at=now)
    except erasing.NobodyToErase as refusal:
        click.echo(str(refusal), err=True)
        sys.exit(Exit.REFUSED)
    done = erasing.sweep_erasure(actor=SYSTEM, erasure_id=made.pk, at=now)
    result = {"reference": str(done.reference), "state": done.state, "removed": done.removed, "found": done.found}
    text = f"{done.reference}: {sum(done.removed.values())} 处已删除 / pieces erased, {len(done.found)} 处残留 / left"
    report({**result, "digest": done.digest}, as_json=as_json, text=text)
    sys.exit(Exit.FAILED if done.found else Exit.DONE)


@erasures.command()
@json_option
def scrub(as_json: bool) -> None:
    """整理数据库文件，使已删除的内容从磁盘文件中消失；期间相关的表会短暂锁住，宜在夜间运行。

    Write the tables anew, so that what was erased is in no file of the database any more. Tables are locked meanwhile:
    for a quiet hour. Of the embedded database the write-ahead log is renewed as well.
    """
    home = Home.current()
    urls = instance.django_ready(home)
    from zhike.privacy import scrubbing
    from zhike.runtime import postgres

    tables = scrubbing.rewrite_tables()
    cluster = postgres.recorded(home) if urls.embedded else None
    segments = scrubbing.renew_log(cluster.superuser_url) if cluster else 0
    text = f"已重写 {tables} 张表，{segments} 段日志 / {tables} tables and {segments} segments of the log written anew"
    report({"tables": tables, "segments": segments}, as_json=as_json, text=text)


@erasures.command()
@json_option
def sweep(as_json: bool) -> None:
    """立即完成尚未结束的删除；后台进程也会自动完成。

    Finish erasures that are under way now; the worker does so as well. Exit code 1: something is still left.
    """
    instance.django_ready(Home.current())
    from zhike.core.actor import SYSTEM
    from zhike.privacy.models import Erasure
    from zhike.privacy.services import erasing

    done = [
        erasing.sweep_erasure(actor=SYSTEM, erasure_id=one.pk, at=datetime.now(UTC))
        for one in Erasure.objects.exclude(state=Erasure.State.DONE).order_by("pk")
    ]
    left = {str(one.reference): one.found for one in done if one.found}
    zh, en = f"已清查 {len(done)} 项，{len(left)} 项尚有残留", f"{len(done)} swept, {len(left)} with something left"
    report({"swept": len(done), "left": left}, as_json=as_json, text=f"{zh} / {en}")
    sys.exit(Exit.FAILED if left else Exit.DONE)


@erasures.command()
@click.option(
    "--ledger",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="另存的删除台账，默认是主目录中的 / A ledger kept elsewhere; the home's own by default",
)
@json_option
def replay(ledger: Path | None, as_json: bool) -> None:
    """对当前数据库重放删除台账：备份之后删除的人，恢复后再次删除。恢复后、开放使用前运行。

    Erase everybody again whom the ledger names and the present database still holds: after a restore, before the
    instance opens. Exit code 1: something is still left.
    """
    instance.django_ready(Home.current())
    from zhike.core.actor import SYSTEM
    from zhike.privacy.services import replaying

    try:
        done = replaying.replay(actor=SYSTEM, at=datetime.now(UTC), source=ledger)
    except ValueError as problem:
        click.echo(f"不是删除台账 / Not a ledger of erasures: {problem}", err=True)
        sys.exit(Exit.USAGE)
    zh = f"台账 {done.lines} 项，再次删除 {done.erased} 位，{done.open} 项尚有残留"
    en = f"{done.lines} in the ledger, {done.erased} erased again, {done.open} with something left"
    report(dataclasses.asdict(done), as_json=as_json, text=f"{zh} / {en}")
    sys.exit(Exit.FAILED if done.open else Exit.DONE)
