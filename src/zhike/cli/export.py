"""The command that writes a list into a file."""

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from zhike.cli import instance
from zhike.cli.output import Exit, json_option, report
from zhike.runtime.home import Home


@click.command()
@click.argument("kind", default="customers")
@click.option(
    "--format", "form", type=click.Choice(["csv", "xlsx", "parquet", "vcf"]), default="csv", help="格式 / Format"
)
@click.option(
    "--list", "query", default="", metavar="QUERY", help="列表网址“?”后的部分 / The list's address behind “?”"
)
@click.option("--all-fields", is_flag=True, help="全部字段 / Every field")
@click.option("--no-bom", is_flag=True, help="CSV 不带 Excel 标记 / CSV without the mark for Excel")
@click.option("--reason", default="", metavar="TEXT", help="用途 / What for")
@click.option("--output", type=click.Path(path_type=Path), default=None, help="写到哪个文件 / The file to write")
@click.option("--queued", is_flag=True, hidden=True)
@json_option
def export(
    kind: str,
    form: str,
    query: str,
    all_fields: bool,
    no_bom: bool,
    reason: str,
    output: Path | None,
    queued: bool,
    as_json: bool,
) -> None:
    """把列表导出为文件（CSV、XLSX、Parquet、vCard），以系统身份，记入历史。

    Write a list into a file (CSV, XLSX, Parquet, vCard), as the system; it is recorded like any other export.
    """
    instance.django_ready(Home.current())
    from zhike.core.acting import acting
    from zhike.core.actor import SYSTEM
    from zhike.core.errors import DomainError
    from zhike.exports.services import making, starting
    from zhike.exports.services.working import work_off

    if queued:
        work_off(export_id=int(sys.stdin.read()), now=_now)
        return
    wanted = starting.Wanted(
        kind=kind, format=form, query=query, is_everything=all_fields, is_marked=not no_bom, reason=reason
    )
    try:
        with acting(SYSTEM, origin="cli"):
            made = starting.prepare_export(actor=SYSTEM, wanted=wanted, at=_now())
            made = making.make_export(actor=SYSTEM, export_id=made.pk, now=_now)
    except DomainError as problem:
        click.echo(str(problem), err=True)
        sys.exit(Exit.FAILED)
    if made.error:
        click.echo(made.error, err=True)
        sys.exit(Exit.FAILED)
    path = made.file
    if output is not None:
        shutil.copyfile(made.file, output)
        path = output
    told: dict[str, Any] = {"export": made.code, "rows": made.done, "bytes": made.size, "file": str(path)}
    zh, en = f"导出 {made.done:,} 条，编号 {made.code}", f"{made.done:,} records, export {made.code}"
    report(told, as_json=as_json, text=f"{zh} / {en}\n{path}")


def _now() -> datetime:
    return datetime.now(UTC)
