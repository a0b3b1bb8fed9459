"""Commands about files and figures: import, stats."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zhike.cli import instance
from zhike.cli.output import Exit, json_option, report
from zhike.runtime import supervisor
from zhike.runtime.home import Home

if TYPE_CHECKING:
    from zhike.exchange.models import Import
    from zhike.exchange.progress import Listener, Step

COUNTS = {"new": "新增", "updated": "更新", "unchanged": "不变", "refused": "拒绝"}
REASONS_SHOWN = 5
PHASES = {
    "staging": "读取 Reading",
    "matching": "匹配 Matching",
    "merging": "写入 Writing",
    "indexing": "建立搜索 Indexing",
    "finishing": "收尾 Finishing",
}


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--kind", type=click.Choice(["customers", "orders"]), default=None, help="默认自动判断 / Guessed if absent"
)
@click.option(
    "--mapping",
    "mapping_name",
    default="",
    metavar="NAME",
    help="使用已保存的列对应，不论谁保存的 / A remembered mapping, whoever named it",
)
@click.option("--source", default="", metavar="NAME", help="数据来自哪个系统 / The system the ids belong to")
@click.option("--currency", default="", metavar="CODE", help="没有币种列时的币种 / Currency where no column says")
@click.option("--dry-run", is_flag=True, help="只检查，不写入 / Check only, write nothing")
@click.option("--yes", is_flag=True, help="不询问直接导入 / Do not ask")
@json_option
def import_files(
    files: tuple[Path, ...],
    kind: str | None,
    mapping_name: str,
    source: str,
    currency: str,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """导入客户或订单文件（CSV、TSV、XLSX、Parquet、JSON Lines）；在终端里先给出预览再询问。

    Import files of customers or orders (CSV, TSV, XLSX, Parquet, JSON Lines); on a terminal it shows a preview and
    asks first. Exit code 3: some rows were refused; they are in the file it names, each with its reason.
    """
    instance.django_ready(Home.current())
    from zhike.core.errors import DomainError

    options: dict[str, Any] = {
        "kind": kind or "",
        "mapping_name": mapping_name,
        "source": source,
        "currency": currency.upper(),
    }
    asks = not (yes or dry_run or as_json) and sys.stdin.isatty()
    results = []
    for file in files:
        try:
            results.append(_import_one(file, options, dry_run=dry_run, asks=asks))
        except DomainError as problem:
            report({"error": {"code": problem.code, "message": str(problem)}}, as_json=as_json, text="")
            click.echo(f"{file.name}: {problem}", err=True)
            sys.exit(Exit.FAILED)
    for result in results:
        report(result, as_json=as_json, text=_described(result))
    if not dry_run and any(result["new"] or result["updated"] for result in results):
        click.echo(_next_step(), err=True)
    sys.exit(Exit.REFUSED if any(result["refused"] for result in results) else Exit.DONE)


@click.command()
@json_option
def stats(as_json: bool) -> None:
    """客户、订单、金额等总数。

    Totals: customers, orders, amount and what else is useful.
    """
    instance.django_ready(Home.current())
    from zhike.commerce import selectors
    from zhike.core.actor import SYSTEM

    figures = selectors.get_totals(actor=SYSTEM)
    report(figures, as_json=as_json, text="\n".join(f"{name}: {value}" for name, value in figures.items()))


def _import_one(file: Path, options: dict[str, Any], *, dry_run: bool, asks: bool) -> dict[str, Any]:
    from zhike.core.actor import SYSTEM
    from zhike.exchange import services

    job = services.start_import(actor=SYSTEM, file=file, name=file.name, at=datetime.now(UTC), **options)
    _say_mapping(job, options["mapping_name"])
    with _Bar() as bar:
        if dry_run or asks:
            job = services.preview_import(actor=SYSTEM, import_id=job.pk, at=datetime.now(UTC), listener=bar.show)
    if asks:
        click.echo(_described(_result(job)), err=True)
        if not click.confirm("导入吗？ / Import?", err=True):
            dry_run = True
    if dry_run:
        result = _result(job)
        services.cancel_import(actor=SYSTEM, import_id=job.pk, at=datetime.now(UTC))
        return result
    with _Bar() as bar:
        job = services.apply_import(actor=SYSTEM, import_id=job.pk, at=datetime.now(UTC), listener=bar.show)
    return _result(job)


def _say_mapping(job: Import, mapping_name: str) -> None:
    by_name = f" · 列对应 mapping: {mapping_name}" if mapping_name else ""
    click.echo(f"{job.name}: {job.kind}, {job.format} {job.encoding} · 来源 source: {job.source}{by_name}", err=True)
    for column in job.columns:
        click.echo(f"  {column} → {job.mapping.get(column, '—')}", err=True)
    for warning in job.warnings:
        click.echo(f"  ! {warning}", err=True)


def _result(job: Import) -> dict[str, Any]:
    from zhike.exchange.wizard import list_refused

    return {
        "import": job.pk,
        "file": job.name,
        "kind": job.kind,
        "source": job.source,
        "rows": job.new_count + job.updated_count + job.unchanged_count + job.refused_count,
        "new": job.new_count,
        "updated": job.updated_count,
        "unchanged": job.unchanged_count,
        "refused": job.refused_count,
        "refused_file": str(job.refused_file) if job.refused_file else None,
        "refused_rows": [{"row": one.row, "column": one.column, "reason": one.reason} for one in list_refused(job)],
        "created": job.created,
        "amount": None if job.amount is None else f"{job.amount.normalize():f}",
        "currency": job.currency if job.amount is not None else None,
    }


def _described(result: dict[str, Any]) -> str:
    lines = [f"{result['file']}: {result['rows']} 行 rows"]
    lines += [f"  {label} {name}: {result[name]}" for name, label in COUNTS.items()]
    lines += [f"  创建 created {name}: {count}" for name, count in result["created"].items()]
    if result["amount"] is not None:
        lines.append(f"  金额 amount: {result['amount']} {result['currency']}")
    lines += [
        f"  {result['file']} · 第 {one['row']} 行 row {one['row']}: {one['reason']}"
        for one in result["refused_rows"][:REASONS_SHOWN]
    ]
    if result["refused_file"]:
        lines.append(f"  拒绝的行 refused rows: {result['refused_file']}")
    return "\n".join(lines)


def _next_step() -> str:
    if supervisor.current_run(Home.current()):
        return "价值等级和阶段由后台更新，一两分钟内可见。 / Grades and stages follow within a minute or two."
    return (
        "接下来：zhike up 启动后在后台更新价值等级和阶段；或用 zhike refresh 立即更新。 / "
        "Next: zhike up starts the server and brings grades and stages up to date; zhike refresh does so at once."
    )


class _Bar:
    """A line on the terminal that says where the import is; silent where nobody watches."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *error: object) -> None:
        if self._is_shown:
            click.echo("\r\033[K", nl=False, err=True)

    @property
    def show(self) -> Listener:
        def line(step: Step) -> None:
            if self._is_shown:
                share = f" {min(step.done / step.total, 1):4.0%}" if step.total else ""
                click.echo(f"\r\033[K  {PHASES.get(step.phase, step.phase)}{share}", nl=False, err=True)

        return line
