"""The command that writes a list into a file."""

import getpass
import os
import platform
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from zhike.cli import instance
from zhike.cli.output import Exit, json_option, report
from zhike.runtime.home import Home

if TYPE_CHECKING:
    from zhike.exports.models import Export
    from zhike.exports.services.starting import Wanted

FORMATS = ("csv", "xlsx", "parquet", "vcf")


@click.command()
@click.argument("kind", default="customers")
@click.option("--kinds", is_flag=True, help="列出可以导出的名单 / Tell which lists can be exported")
@click.option("--format", "form", type=click.Choice(FORMATS), default="csv", help="格式 / Format")
@click.option(
    "--list", "query", default="", metavar="QUERY", help="列表网址“?”后的部分 / The list's address behind “?”"
)
@click.option("--view", default="", metavar="NAME", help="按此名称的视图筛选 / The saved view of this name")
@click.option("--of", default="", metavar="LOGIN", help="视图属于谁 / Whose view it is, where several have the name")
@click.option("--all-fields", is_flag=True, help="全部字段 / Every field")
@click.option("--no-bom", is_flag=True, help="CSV 不带 Excel 标记 / CSV without the mark for Excel")
@click.option("--reason", default="", metavar="TEXT", help="用途 / What for")
@click.option("--output", type=click.Path(path_type=Path), default=None, help="写到哪个文件 / The file to write")
@click.option("--queued", is_flag=True, hidden=True)
@json_option
def export(kinds: bool, queued: bool, as_json: bool, view: str, of: str, output: Path | None, **asked: Any) -> None:
    """把名单导出为文件（CSV、XLSX、Parquet、vCard），以系统身份，记入历史。

    结果码：0 完成，1 未能写出，2 用法不对，3 被拒绝（名单、视图、字段或用途有误）。

    Write a list into a file (CSV, XLSX, Parquet, vCard), as the system; it is recorded like any other export.

    Exit codes: 0 done, 1 not written, 2 wrong usage, 3 refused (the list, view, fields or purpose are not right).
    """
    instance.django_ready(Home.current())
    if queued:
        from zhike.exports.services.working import work_off

        work_off(export_id=int(sys.stdin.read()), now=_now)
    elif kinds:
        _tell_kinds(as_json)
    else:
        if view and asked["query"]:
            _refuse("--list 与 --view 只能选一个 / Give --list or --view, not both", as_json, Exit.USAGE)
        if view:
            asked["query"] = _query_of(asked["kind"], view, of, as_json)
        _tell(_make(asked, as_json), output, as_json)


def _tell_kinds(as_json: bool) -> None:
    from zhike.core.actor import SYSTEM
    from zhike.exports import registry

    found = {one.key: str(one.label) for one in registry.list_exportables(SYSTEM)}
    text = "\n".join(f"{key}\t{label}" for key, label in found.items())
    report({"kinds": found, "formats": FORMATS}, as_json=as_json, text=text)


def _query_of(kind: str, name: str, of: str, as_json: bool) -> str:
    from zhike.accounts.models import SavedView

    found = SavedView.objects.filter(page=kind, name=name)
    if of:
        found = found.filter(user__username__iexact=of)
    queries = list(found.values_list("query", flat=True)[:2])
    if not queries:
        _refuse(f"没有名为“{name}”的视图 / There is no view “{name}”", as_json)
    if len(queries) > 1:
        both = (
            f"不止一个视图名为“{name}”，请用 --of 说明属于谁 / Several views are called “{name}”: say whose with --of"
        )
        _refuse(both, as_json)
    return queries[0]


def _make(asked: dict[str, Any], as_json: bool) -> "Export":
    from zhike.core.acting import acting
    from zhike.core.actor import SYSTEM
    from zhike.core.errors import DomainError
    from zhike.exports.models import Export
    from zhike.exports.services import making, starting

    # Nobody has logged in here, so the history names the account of the machine.
    reason = f"zhike export: {getpass.getuser()}@{platform.node()}"
    try:
        with acting(SYSTEM, origin="cli", reason=reason):
            made = starting.prepare_export(actor=SYSTEM, wanted=_wanted(asked), at=_now())
            made = making.make_export(actor=SYSTEM, export_id=made.pk, now=_now)
    except DomainError as problem:
        _refuse(str(problem), as_json)
    if made.status != Export.Status.DONE:
        _refuse(made.error, as_json, Exit.REFUSED if made.status == Export.Status.REFUSED else Exit.FAILED)
    return made


def _wanted(asked: dict[str, Any]) -> "Wanted":
    from zhike.exports.services.starting import Wanted

    return Wanted(
        kind=asked["kind"],
        format=asked["form"],
        query=asked["query"],
        is_everything=asked["all_fields"],
        is_marked=not asked["no_bom"],
        reason=asked["reason"],
    )


def _tell(made: "Export", output: Path | None, as_json: bool) -> None:
    from zhike.core.acting import acting
    from zhike.core.actor import SYSTEM
    from zhike.exports.services import keeping

    path = made.file
    if output is not None:
        try:
            _copy(path, output)
        except OSError as problem:
            _refuse(f"{output}: {problem.strerror}", as_json, Exit.FAILED)
        with acting(SYSTEM, origin="cli"):
            keeping.take_file(actor=SYSTEM, export_id=made.pk)
        path = output
    told: dict[str, Any] = {
        "export": made.code,
        "kind": made.kind,
        "format": made.format,
        "rows": made.done,
        "bytes": made.size,
        "columns": made.columns,
        "file": str(path),
    }
    zh, en = f"导出 {made.done:,} 条，编号 {made.code}", f"{made.done:,} records, export {made.code}"
    report(told, as_json=as_json, text=f"{zh} / {en}\n{path}")


def _copy(path: Path, output: Path) -> None:
    """Nobody else on the machine reads it, unless somebody lets them."""
    with (
        path.open("rb") as source,
        os.fdopen(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as to,
    ):
        shutil.copyfileobj(source, to)


def _refuse(said: str, as_json: bool, code: Exit = Exit.REFUSED) -> NoReturn:
    if as_json:
        report({"error": said}, as_json=True, text="")
    click.echo(said, err=True)
    sys.exit(code)


def _now() -> datetime:
    return datetime.now(UTC)
