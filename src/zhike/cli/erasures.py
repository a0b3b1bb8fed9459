"""Commands about erased persons: list, sweep, replay."""

import dataclasses
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from zhike.backup import mark
from zhike.cli import instance
from zhike.cli.output import Exit, json_option, report
from zhike.runtime.home import Home


@click.group()
def erasures() -> None:
    """个人信息删除：清查与恢复后的重放。

    Erased persons: search everything again, and forget them again after a restore.
    """


@erasures.command()
@click.argument("customers", type=int, nargs=-1, required=True, metavar="CUSTOMER...")
@click.confirmation_option(prompt="不可撤销，确定删除？ / This cannot be taken back. Erase?")
@json_option
def erase(customers: tuple[int, ...], as_json: bool) -> None:
    """删除客户的全部个人信息并清查各处；订单作为匿名事实保留。

    Erase everything about customers and search every place, for all of them in one go; orders stay as anonymous facts.
    Exit code 1: something is left; 3: there is no such customer.
    """
    instance.django_ready(Home.current())
    from zhike.core.actor import SYSTEM
    from zhike.privacy.services import erasing

    now, began = datetime.now(UTC), time.monotonic()
    made = []
    for customer in customers:
        try:
            made.append(erasing.erase_person(actor=SYSTEM, customer_id=customer, at=now).pk)
        except erasing.NobodyToErase as refusal:
            click.echo(f"{customer}: {refusal}", err=True)
    if not made:
        sys.exit(Exit.REFUSED)
    recorded = time.monotonic()
    done = [one for one in erasing.sweep_open(actor=SYSTEM, at=now) if one.pk in made]
    seconds = {"records": round(recorded - began, 2), "sweep": round(time.monotonic() - recorded, 2)}
    told = [
        {
            "reference": str(one.reference),
            "state": one.state,
            "removed": one.removed,
            "found": one.found,
            "digest": one.digest,
        }
        for one in done
    ]
    text = "\n".join(
        f"{one.reference}: {sum(one.removed.values())} 处已删除 / pieces erased, {len(one.found)} 处残留 / left"
        for one in done
    )
    report({**told[0], "erasures": told, "seconds": seconds}, as_json=as_json, text=text)
    if any(one.found for one in done):
        sys.exit(Exit.FAILED)
    sys.exit(Exit.DONE if len(made) == len(customers) else Exit.REFUSED)


@erasures.command()
@click.option(
    "--longest",
    type=click.IntRange(min=0),
    default=0,
    help="每张表最多锁多少秒，0 为不限 / Seconds a table may be locked; 0: as long as it takes",
)
@click.option("--night", is_flag=True, help="只处理夜间会处理的表 / Only the tables that the nights do")
@json_option
def scrub(longest: int, night: bool, as_json: bool) -> None:
    """整理数据库文件，使已删除的内容从磁盘文件中消失；每晚自动进行，过大的表宜在停机时用这个命令。

    Write tables anew, so that what was erased is in no file of the database any more. The nights do so as well; this is
    for tables that are too big for a night, for each is locked meanwhile. Of the embedded database the write-ahead log
    is renewed as well. Exit code 1: something is left.
    """
    instance.django_ready(Home.current())
    from zhike.core.actor import SYSTEM
    from zhike.privacy import scrubbing as files
    from zhike.privacy.services import scrubbing

    done = scrubbing.scrub(
        actor=SYSTEM, at=datetime.now(UTC), longest=longest, is_whole=not night, renew_log=files.renew_own_log
    )
    zh = f"已重写 {len(done.written)} 张表、{done.segments} 段日志，用时 {done.seconds} 秒"
    en = f"{len(done.written)} tables and {done.segments} segments of the log written anew in {done.seconds} s"
    left = [f"{name}: {problem}" for name, problem in done.left.items()]
    told: dict[str, Any] = {"tables": len(done.written), "segments": done.segments, "seconds": done.seconds}
    told |= {"longest": done.longest, "left": done.left}
    report(told, as_json=as_json, text="\n".join([f"{zh} / {en}", *left]))
    sys.exit(Exit.DONE if done.is_through else Exit.FAILED)


@erasures.command()
@json_option
def sweep(as_json: bool) -> None:
    """立即完成尚未结束的删除；后台进程也会自动完成。

    Finish erasures that are under way now; the worker does so as well. After a restore that left something, this is
    what opens the instance. Exit code 1: something is still left.
    """
    home = Home.current()
    instance.django_ready(home)
    from zhike.core.actor import SYSTEM
    from zhike.privacy.services import erasing

    done = erasing.sweep_open(actor=SYSTEM, at=datetime.now(UTC))
    left = {str(one.reference): one.found for one in done if one.found}
    if not left:
        mark.open_again(home)
    zh, en = f"已清查 {len(done)} 项，{len(left)} 项尚有残留", f"{len(done)} swept, {len(left)} with something left"
    report({"swept": len(done), "left": left}, as_json=as_json, text=f"{zh} / {en}")
    sys.exit(Exit.FAILED if left else Exit.DONE)


@erasures.command()
@json_option
def status(as_json: bool) -> None:
    """列出尚未结束的删除、残留所在，以及数据库文件的整理情况。

    List erasures that are not finished and where something is left, and what is owed of the database's files.
    """
    home = Home.current()
    instance.django_ready(home)
    from zhike.core.actor import SYSTEM
    from zhike.privacy.selectors import erasures as selectors

    rows = [row for row in selectors.list_erasures(actor=SYSTEM) if not row.is_done]
    files = selectors.get_files(actor=SYSTEM)
    told = {
        "closed": mark.is_closed(home),
        "open": {str(row.erasure.reference): row.erasure.found for row in rows},
        "waiting": files.waiting,
        "held": {one.name: one.why for one in files.held},
    }
    lines = [f"{row.erasure.reference}: {row.erasure.found or row.erasure.get_state_display()}" for row in rows]
    lines += [f"{one.name}: {one.megabytes:,.0f} MB, {one.why}" for one in files.held]
    zh = f"{len(rows)} 项删除尚未结束，{files.waiting} 项等待整理数据库文件"
    en = f"{len(rows)} erasures open, {files.waiting} waiting for the files of the database"
    report(told, as_json=as_json, text="\n".join([f"{zh} / {en}", *lines]))


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
    home = Home.current()
    instance.django_ready(home)
    from zhike.core.actor import SYSTEM
    from zhike.privacy.services import replaying

    try:
        done = replaying.replay(actor=SYSTEM, at=datetime.now(UTC), source=ledger)
    except ValueError as problem:
        click.echo(f"不是删除台账 / Not a ledger of erasures: {problem}", err=True)
        sys.exit(Exit.USAGE)
    if not done.open:
        mark.open_again(home)
    zh = f"台账 {done.lines} 项，再次删除 {done.erased} 位，{done.open} 项尚有残留"
    en = f"{done.lines} in the ledger, {done.erased} erased again, {done.open} with something left"
    report(dataclasses.asdict(done), as_json=as_json, text=f"{zh} / {en}")
    sys.exit(Exit.FAILED if done.open else Exit.DONE)
