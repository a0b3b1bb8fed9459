"""Commands about the history: audit seal, publish, verify, prove, key."""

import dataclasses
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from zhike.cli import instance
from zhike.cli.output import Exit, json_option, report
from zhike.runtime.home import Home

BIGGEST = 2**63 - 1


@click.group()
def audit() -> None:
    """封存与核验操作历史。

    Seal the history, verify it, and prove single entries to others.
    """


@audit.command()
@json_option
def seal(as_json: bool) -> None:
    """封存已提交而未封存的记录；后台进程每分钟也会自动完成。

    Seal what is committed and not sealed yet; the worker does so every minute as well.
    """
    instance.django_ready(Home.current())
    from zhike.audit import sealing

    began = time.perf_counter()
    done = sealing.seal_all(at=datetime.now(UTC))
    result = {
        "entries": done.entries,
        "texts": done.texts,
        "heads": len(done.heads),
        "published": str(sealing.heads_file()),
        "seconds": round(time.perf_counter() - began, 2),
    }
    report(result, as_json=as_json, text=f"已封存 {done.entries:,} 条记录 / {done.entries:,} entries sealed")


@audit.command()
@json_option
def publish(as_json: bool) -> None:
    """立即把最新树头发往邮箱和网址（ZHIKE_AUDIT_MAIL_TO、ZHIKE_AUDIT_URL）；后台进程也会自动完成。

    Send the newest head to the mail addresses and the URL of the settings now; the worker does so by itself as well.
    Exit code 1: one of them did not take it.
    """
    instance.django_ready(Home.current())
    from zhike.audit import publishing

    attempts = publishing.publish_newest(at=datetime.now(UTC), is_forced=True)
    lines = [f"{'✗' if one.problem else '✓'} {one.destination.name} · {one.number} {one.problem}" for one in attempts]
    result = [
        {"destination": one.destination.name, "head": one.number, "problem": one.problem or None} for one in attempts
    ]
    nothing = "没有树头，或没有设置去处 / There is no head, or no place is set"
    report({"attempts": result}, as_json=as_json, text="\n".join(lines) or nothing)
    sys.exit(Exit.FAILED if any(one.problem for one in attempts) else Exit.DONE)


@audit.command()
@click.option(
    "--against",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="与先前公布的树头文件或保存的邮件比对 / Compare with heads published earlier: a file or a saved mail",
)
@json_option
def verify(against: Path | None, as_json: bool) -> None:
    """重新计算全部记录、哈希树与签名，找出并定位任何改动。截断尾部只有 --against 能发现。

    Compute every entry, the tree and the signatures anew; find and locate what was changed. Only --against shows that
    the tail was cut. Exit code 1: something is not as it was sealed.
    """
    instance.django_ready(Home.current())
    from zhike.audit import verifying

    began = time.perf_counter()
    try:
        found = verifying.verify(against=against)
    except (ValueError, KeyError) as error:
        click.echo(f"{against}: 不是树头文件 / no file of heads ({error})", err=True)
        sys.exit(Exit.USAGE)
    seconds = time.perf_counter() - began
    result = {
        "sound": found.is_sound,
        **{name: value for name, value in dataclasses.asdict(found).items() if name != "problems"},
        "problems": [dataclasses.asdict(problem) for problem in found.problems],
        "seconds": round(seconds, 2),
    }
    lines = [
        f"{found.entries:,} 条记录，{found.texts:,} 行内容，{found.heads:,} 个签名树头，{found.unsealed:,} 条未封存",
        f"{found.entries:,} entries, {found.texts:,} texts, {found.heads:,} signed heads, {found.unsealed:,} unsealed",
        f"公钥 / Public key: {found.key}",
    ]
    for problem in found.problems:
        where = f"entry {problem.entry}" if problem.entry is not None else ""
        place = f"position {problem.position}" if problem.position is not None else ""
        lines.append(" · ".join(part for part in ("!", problem.kind, where, place, problem.detail) if part))
    lines.append("历史完好 / The history is sound" if found.is_sound else "历史已改动 / The history was CHANGED")
    report(result, as_json=as_json, text="\n".join(lines))
    sys.exit(Exit.DONE if found.is_sound else Exit.FAILED)


@audit.command()
@click.argument("entry", type=int, required=False)
@click.option("--row", type=int, help="多行记录中的哪一行（id）/ The row's id in an entry about many rows")
@click.option(
    "--consistency",
    metavar="OLD_HEAD",
    help="证明历史由这个旧树头延续而来：树头编号，或保存下来的树头文件 / That the history goes on from an older head: "
    "its number, or a file with one that you kept",
)
@click.option("--head", type=int, help="对照哪个树头，默认最新 / The number of the head it is proved against")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="写入文件 / Write to a file")
def prove(entry: int | None, row: int | None, consistency: str | None, head: int | None, out: Path | None) -> None:
    """给出一条记录的包含证明，或两个树头之间的一致性证明（JSON），可用独立脚本 check_proof.py 核验。

    Give a proof that an entry is in the tree, or that one head goes on from another, as JSON, for the stand-alone
    check_proof.py.
    """
    if (entry is None) == (consistency is None) or (row is not None and entry is None):
        raise click.UsageError("ENTRY 与 --consistency 二选一 / Give either ENTRY or --consistency")
    instance.django_ready(Home.current())
    from zhike.audit import check_proof, proving
    from zhike.core.errors import DomainError

    try:
        if consistency is None:
            proof = proving.prove(entry_id=entry or 0, row_id=row, head_number=head)
        else:
            proof = proving.prove_consistency(old_number=_head_number(consistency), new_number=head)
    except DomainError as refusal:
        click.echo(str(refusal), err=True)
        sys.exit(Exit.REFUSED)
    text = json.dumps(proof, ensure_ascii=False, indent=2)
    if out is None:
        click.echo(text)
        return
    out.write_text(text + "\n", encoding="utf-8")
    kept = f" --kept {consistency}" if consistency and not consistency.isdecimal() else ""
    click.echo(f"python3 {check_proof.__file__} {out}{kept}")


def _head_number(said: str) -> int:
    """Of a number, or of the oldest head in a file."""
    from zhike.audit.published import read_heads

    if said.isdecimal():
        return min(int(said), BIGGEST)
    try:
        return min(int(statement.split("\n")[2]) for statement, _signature in read_heads(Path(said)))
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise click.BadParameter(f"{said}: 不是树头文件 / no file of heads ({error})") from None


@audit.command()
@json_option
def key(as_json: bool) -> None:
    """显示签名公钥；请把它保存到数据库管理员够不到的地方。

    Show the public key; keep it where the database's owner cannot reach it.
    """
    instance.django_ready(Home.current())
    from zhike.audit import keys, sealing

    result = {"key": keys.public_key(), "heads": str(sealing.heads_file())}
    report(result, as_json=as_json, text=f"{result['key']}\n{result['heads']}")
