"""Commands about backups: backup, restore."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from zhike.backup import keyring, locks, making, mark, options, restoring
from zhike.backup.locks import Key, Lock
from zhike.backup.problems import BackupProblem, Refused, WrongKey
from zhike.cli import instance
from zhike.cli.output import Exit, json_option, report, report_problem
from zhike.cli.steps import Step, Steps
from zhike.runtime.database import ensure_database
from zhike.runtime.home import Home

PHASES = {
    "dumping": "读取数据 Reading",
    "files": "读取文件 Files",
    "checking": "检查备份 Checking",
    "schema": "建表 Tables",
    "loading": "写入 Writing",
    "indexing": "建立索引 Indexing",
    "comparing": "核对 Comparing",
}
MEGABYTE = 1 << 20
# What a restored instance has to pass before it opens, or what was there before is put back.
# Something left of an erased person closes the restored instance instead: undoing it would help nobody.
STEPS = (("migrate",), ("erasures", "replay"), ("audit", "verify"))
CLOSED = (
    "数据已恢复，但仍有已删除人员的残留，实例保持关闭。查看：zhike erasures status；"
    "处理后运行 zhike erasures sweep，清查干净即可启动\n"
    "Restored, but something of erased persons is left, so the instance stays closed. See zhike erasures status; "
    "then run zhike erasures sweep: once nothing is found, it can be started"
)
a_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="存放备份的文件夹，默认 ZHIKE_BACKUP_TO / The folder, else ZHIKE_BACKUP_TO",
)
@click.option("--keep-days", type=click.IntRange(1), help="保留多少天，默认 30 / Older ones are removed; 30 by default")
@click.option("--recipient", "recipients", multiple=True, metavar="AGE1…", help="加密给这个公钥 / Seal for this key")
@click.option("--passphrase-file", type=a_file, help="口令文件 / A file with the passphrase")
@click.option("--no-verify", is_flag=True, help="不做恢复校验 / Do not prove it by restoring it")
@click.option(
    "--new-key", type=click.Path(dir_okay=False, path_type=Path), help="生成一对密钥并退出 / Make a key and stop"
)
@click.option(
    "--save-keys",
    type=click.Path(dir_okay=False, path_type=Path),
    help="把实例的密钥另存为加密文件并退出 / Save the instance's own keys, sealed, and stop",
)
@json_option
def backup(
    folder: Path | None,
    keep_days: int | None,
    recipients: tuple[str, ...],
    passphrase_file: Path | None,
    no_verify: bool,
    new_key: Path | None,
    save_keys: Path | None,
    as_json: bool,
) -> None:
    """备份数据库与文件：一致、压缩、加密，并恢复到临时数据库逐表核对。实例可以照常运行。

    Back up database and files: consistent, compressed, encrypted, and proved by restoring it into a scratch database,
    table by table. The instance may go on running. The instance's keys are not in it: see --save-keys.
    """
    if new_key is not None:
        recipient = locks.new_identity(new_key)
        result: dict[str, Any] = {"recipient": recipient, "identity": str(new_key)}
        report(result, as_json=as_json, text=f"ZHIKE_BACKUP_RECIPIENTS={recipient}\n{new_key}")
        return
    lock = _lock(recipients, passphrase_file)
    home = Home.current()
    if save_keys is not None:
        names = keyring.save_keys(home=home, file=save_keys, lock=lock)
        report({"file": str(save_keys), "keys": names}, as_json=as_json, text=f"{save_keys}: {', '.join(names)}")
        return
    folder = (folder or options.folder() or home.path / "backups").absolute()
    with _failing():
        instance.stop_database_afterwards(home)
        urls = instance.database_ready(home)
        with _Line() as line:
            made = making.make_backup(
                home=home,
                urls=urls,
                folder=folder,
                lock=lock,
                keep_days=keep_days or options.keep_days(),
                is_verified=not no_verify,
                listener=line.show,
            )
    _record("backup.make_backup", file=made.file.name, is_verified=made.is_verified)
    result = {**asdict(made), "seconds": round(made.seconds, 2), "verify_seconds": round(made.verify_seconds, 2)}
    proved = "已恢复校验 proved by a restore" if made.is_verified else "未校验 not proved"
    text = (
        f"{made.file}\n{made.size / MEGABYTE:,.1f} MB · {made.tables} 张表 tables · {made.rows:,} 行 rows · "
        f"{made.files} 个文件 files · {proved} · {made.seconds + made.verify_seconds:.1f} s"
    )
    report(result, as_json=as_json, text=text)


@click.command()
@click.argument("file", type=a_file)
@click.option("--replace", is_flag=True, help="替换现有数据，成功前旧数据保留 / Replace what is there")
@click.option("--identity", type=a_file, help="age 私钥文件 / The age identity that opens it")
@click.option("--passphrase-file", type=a_file, help="口令文件 / A file with the passphrase")
@click.option("--keys", "keys_file", type=a_file, help="--save-keys 写出的文件 / The file of `backup --save-keys`")
@click.option("--without-keys", is_flag=True, help="没有原密钥也继续 / Go on without the instance's old keys")
@click.option("--erasures", type=a_file, help="另存的删除台账 / A ledger of erasures kept elsewhere")
@click.option("--check", "only_check", is_flag=True, help="只检查备份能否读完 / Only read it to the end")
@json_option
def restore(
    file: Path,
    replace: bool,
    identity: Path | None,
    passphrase_file: Path | None,
    keys_file: Path | None,
    without_keys: bool,
    erasures: Path | None,
    only_check: bool,
    as_json: bool,
) -> None:
    """从备份恢复。先读完整个备份再动手；新数据通过核验之前，旧数据保留在一旁。

    Restore from a backup. All of it is read before anything is written, and the old data stays aside until the new
    has passed migrations, `zhike audit verify` and what else has to be done before the instance opens.
    """
    home = Home.current()
    key = _key(identity, passphrase_file)
    began = time.monotonic()
    with _failing(), Steps() as steps:
        keys = keyring.read_keys(file=keys_file, key=key) if keys_file else None
        instance.stop_database_afterwards(home)
        urls = ensure_database(home)
        instance.hold_database(home)
        with _Line() as line:
            contents = restoring.check(file=file, key=key, known_migrations=_known_migrations(), listener=line.show)
            if only_check:
                report({"sound": True, "rows": contents.row_count}, as_json=as_json, text="✓")
                return
            checked = time.monotonic()
            with restoring.restoring(
                home=home,
                urls=urls,
                file=file,
                key=key,
                contents=contents,
                replaces=replace,
                keys=keys,
                without_keys=without_keys,
                listener=line.show,
            ) as restored:
                written = time.monotonic()
                named = ("--ledger", str(erasures)) if erasures else ()
                done = [
                    _run(steps, *step, *(named if step[0] == "erasures" else ()), without_keys=without_keys)
                    for step in STEPS
                ]
                is_open = not any(_left_something(step) for step in done)
                if is_open:
                    mark.open_again(home)
                else:
                    mark.close(home)
        _record("backup.restore", file=file.name, made_at=restored.made_at)
        done.append(steps.run("doctor"))
    result = {
        **asdict(restored),
        "check_seconds": round(checked - began, 2),
        "load_seconds": round(written - checked, 2),
        "seconds": round(time.monotonic() - began, 2),
        "steps": [asdict(step) for step in done],
    }
    lines = [
        f"已恢复 {restored.made_at} 的备份：{restored.tables} 张表，{restored.rows:,} 行，{restored.files} 个文件",
        f"Restored the backup of {restored.made_at}: {restored.tables} tables, {restored.rows:,} rows, "
        f"{restored.files} files",
        *(f"{'✓' if step.code == 0 else '!'} zhike {step.command}" for step in done),
        "接下来：zhike refresh 重建数据仓库，zhike up 启动 / Next: zhike refresh, then zhike up" if is_open else CLOSED,
    ]
    report({**result, "is_open": is_open}, as_json=as_json, text="\n".join(lines))
    sys.exit(Exit.DONE if is_open else Exit.REFUSED)


def _run(steps: Steps, *command: str, without_keys: bool) -> Step:
    step = steps.run(*command)
    if step.code and not _left_something(step) and not (without_keys and _lacks_only_the_key(step)):
        raise Refused(
            zh=f"zhike {step.command} 未通过，已放回原来的数据：{step.said}",
            en=f"zhike {step.command} failed, so what was there before was put back: {step.said}",
        )
    return step


def _left_something(step: Step) -> bool:
    """Whether the erasures were replayed to the end, and something is still found of somebody."""
    return step.command.startswith("erasures") and isinstance(step.said, dict) and step.said.get("open", 0) > 0


def _lacks_only_the_key(step: Step) -> bool:
    """Whether the history is as it was sealed, only by a key that was given up."""
    problems = step.said.get("problems", []) if isinstance(step.said, dict) else []
    return bool(problems) and all("is signed by another key" in problem["detail"] for problem in problems)


def _record(action: str, **payload: Any) -> None:
    """Make an event of it."""
    instance.load_django()
    from zhike.audit import services

    services.record(action=action, **payload)


def _known_migrations() -> set[str]:
    instance.load_django()
    from django.db.migrations.loader import MigrationLoader

    return {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}


def _lock(recipients: tuple[str, ...], passphrase_file: Path | None) -> Lock:
    if recipients:
        return Lock(recipients=recipients)
    if passphrase_file:
        return Lock(passphrase=options.read_passphrase(passphrase_file))
    if named := options.lock():
        return named
    if not sys.stdin.isatty():
        click.echo(
            "没有指定加密方式：设置 ZHIKE_BACKUP_RECIPIENTS（用 zhike backup --new-key 生成）或 "
            "ZHIKE_BACKUP_PASSPHRASE_FILE\n"
            "Nothing says how to encrypt it: set ZHIKE_BACKUP_RECIPIENTS (zhike backup --new-key makes a key) or "
            "ZHIKE_BACKUP_PASSPHRASE_FILE",
            err=True,
        )
        sys.exit(Exit.USAGE)
    return Lock(passphrase=click.prompt("备份口令 / Passphrase", hide_input=True, confirmation_prompt=True, err=True))


def _key(identity: Path | None, passphrase_file: Path | None) -> Key:
    if identity:
        return Key(identity_text=identity.read_text(encoding="utf-8", errors="replace"))
    if passphrase_file:
        return Key(passphrase=options.read_passphrase(passphrase_file))
    named = options.lock()
    if named and named.passphrase:
        return Key(passphrase=named.passphrase)
    if not sys.stdin.isatty():
        click.echo("请用 --identity 或 --passphrase-file / Say --identity or --passphrase-file", err=True)
        sys.exit(Exit.USAGE)
    return Key(passphrase=click.prompt("备份口令 / Passphrase", hide_input=True, err=True))


class _failing:  # reads as a word in a with statement
    """Context: says what went wrong in the words of the problem, and ends with its exit code."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, problem: BaseException | None, _trace: object) -> None:
        if isinstance(problem, BackupProblem):
            report_problem(problem)
            sys.exit(Exit.REFUSED if isinstance(problem, Refused | WrongKey) else Exit.FAILED)
        if isinstance(problem, OSError):
            report_problem(
                BackupProblem(zh=f"无法写入或读取：{problem}", en=f"It could not be written or read: {problem}")
            )
            sys.exit(Exit.FAILED)


class _Line:
    """A line on the terminal that says where it is; silent where nobody watches."""

    def __init__(self) -> None:
        self._is_watched = sys.stderr.isatty()
        self._shown = 0.0

    def __enter__(self) -> _Line:
        return self

    def __exit__(self, *_failure: object) -> None:
        if self._is_watched and self._shown:
            sys.stderr.write("\r\033[K")

    def show(self, phase: str, done: int, total: int) -> None:
        now = time.monotonic()
        if not self._is_watched or now - self._shown < 0.1:
            return
        self._shown = now
        share = f" {min(99, 100 * done // total)} %" if total else ""
        sys.stderr.write(f"\r\033[K{PHASES.get(phase, phase)} · {done / MEGABYTE:,.0f} MB{share}")
        sys.stderr.flush()
