"""The command `doctor`: is everything there that an instance needs, and what to do if not."""

import platform
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import psycopg

import zhike
from zhike.backup import ledger
from zhike.cli import instance
from zhike.cli.findings import Finding, tell
from zhike.cli.masters import check_masters
from zhike.cli.output import json_option
from zhike.cli.security import CHECKS
from zhike.runtime import supervisor
from zhike.runtime.database import MINIMUM_VERSION, DatabaseUrls
from zhike.runtime.home import Home
from zhike.runtime.problems import EnvironmentProblem

GIGABYTE = 1 << 30
DISK_WARNS_BELOW = 5 * GIGABYTE
DISK_FAILS_BELOW = GIGABYTE // 2
CLOCK_WARNS_ABOVE = 2.0
CLOCK_FAILS_ABOVE = 60.0
BACKUP_TOO_OLD = timedelta(hours=49)  # a night may be missed, two may not
TASK_WAITS_TOO_LONG = timedelta(minutes=10)


@click.command()
@click.option("--security", is_flag=True, help="检查安全方面的薄弱之处 / Look for what makes it weak")
@json_option
def doctor(security: bool, as_json: bool) -> None:
    """检查数据库、版本、迁移、队列、磁盘、时钟与编码，并说明该怎么办；--security 检查安全设置。

    Check database, versions, migrations, queue, disk, clock and encoding, and say what to do; with --security look
    at settings, files and people that make it weak.
    """
    home = Home.current()
    if security:
        urls = instance.django_ready(home)
        tell([look(home, urls) for look in CHECKS], as_json=as_json)
    findings = [look(home) for look in MACHINE_CHECKS]
    try:
        urls = instance.django_ready(home)
    except EnvironmentProblem as problem:
        findings.append(Finding(check="database", state="fail", found=problem.zh, advice=problem.en))
    else:
        findings += [look(home, urls) for look in DATABASE_CHECKS]
    tell(findings, as_json=as_json)


def check_versions(home: Home, urls: DatabaseUrls) -> Finding:
    with psycopg.connect(urls.app) as app:
        number = app.info.server_version
    kind = "内置 embedded" if urls.embedded else "外部 external"
    return Finding(
        check="versions",
        state="ok" if number >= MINIMUM_VERSION else "fail",
        found=f"Python {platform.python_version()}, PostgreSQL {number // 10000}.{number % 10000} ({kind})",
        advice="" if number >= MINIMUM_VERSION else "需要 PostgreSQL 15 或更高版本 / PostgreSQL 15 or later is needed",
    )


def check_roles(home: Home, urls: DatabaseUrls) -> Finding:
    with psycopg.connect(urls.app) as app:
        role, strong, owned = app.execute(
            "SELECT rolname, rolsuper OR rolbypassrls,"
            " EXISTS (SELECT FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
            "         WHERE relowner = pg_roles.oid AND nspname = 'public')"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone() or ("?", True, True)
    separate = not strong and not owned
    return Finding(
        check="roles",
        state="ok" if separate else "warn",
        found=f"应用以角色 {role} 连接 / the application connects as {role}",
        advice=""
        if separate
        else "应用角色不应是超级用户或表的所有者：给 DATABASE_URL 另建普通角色，所有者放在 DATABASE_OWNER_URL / "
        "Give DATABASE_URL a plain role of its own and name the owner of the tables in DATABASE_OWNER_URL",
    )


def check_encoding(home: Home, urls: DatabaseUrls) -> Finding:
    with psycopg.connect(urls.app) as app:
        encoding, knows_letters = app.execute(
            "SELECT current_setting('server_encoding'), lower('É') = 'é' AND '张' ~ '^[[:alpha:]]$'"
        ).fetchone() or ("?", False)
    utf8 = encoding == "UTF8"
    if not utf8:
        advice = "请用 UTF8 编码重建数据库：CREATE DATABASE … ENCODING 'UTF8' / Make the database anew with UTF8"
    elif not knows_letters:
        advice = (
            "请用 C.UTF-8 或其他 UTF-8 区域设置重建数据库 / Make the database anew with a UTF-8 locale such as C.UTF-8"
        )
    else:
        advice = ""
    return Finding(
        check="encoding",
        state="ok" if utf8 and knows_letters else "warn" if utf8 else "fail",
        found=f"数据库 database {encoding}, 文件名 file names {sys.getfilesystemencoding()}",
        advice=advice,
    )


def check_migrations(home: Home, urls: DatabaseUrls) -> Finding:
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connections["owner"])
    due = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return Finding(
        check="migrations",
        state="fail" if due else "ok",
        found=f"{len(due)} 个未应用 / due, {len(executor.loader.applied_migrations)} 个已应用 / applied",
        advice="运行 zhike migrate / Run zhike migrate" if due else "",
    )


def check_queue(home: Home, urls: DatabaseUrls) -> Finding:
    with psycopg.connect(urls.app) as app:
        waiting, late, failed = app.execute(
            "SELECT count(*) FILTER (WHERE status = 'todo'),"
            " count(*) FILTER (WHERE status = 'todo' AND coalesce(scheduled_at, ("
            "   SELECT min(at) FROM procrastinate_events WHERE job_id = procrastinate_jobs.id"
            " )) < now() - %s),"
            " count(*) FILTER (WHERE status = 'failed') FROM procrastinate_jobs",
            [TASK_WAITS_TOO_LONG],
        ).fetchone() or (0, 0, 0)
    advice = []
    if late:
        advice.append(
            "任务久等未执行，后台进程在运行吗？运行 zhike up / Tasks wait too long; is the worker up? zhike up"
        )
    if failed:
        advice.append(f"原因见日志 / See the log {home.logs_dir / 'worker.log'}")
    return Finding(
        check="queue",
        state="warn" if advice else "ok",
        found=f"{waiting} 个等待 / waiting, {late} 个超时 / late, {failed} 个失败 / failed",
        advice="; ".join(advice),
    )


def check_processes(home: Home) -> Finding:
    run = supervisor.current_run(home)
    stray = run is not None and not all(child.process() for child in run.children)
    return Finding(
        check="processes",
        state="warn" if stray else "ok",
        found=f"运行于 / running at {run.address}" if run else "服务器未启动 / the server is not running",
        advice=f"有进程反复退出，见日志 / A process keeps ending; see the logs in {home.logs_dir}" if stray else "",
    )


def check_disk(home: Home) -> Finding:
    nearest = next(folder for folder in (home.path, *home.path.parents) if folder.exists())
    free = shutil.disk_usage(nearest).free
    state = "fail" if free < DISK_FAILS_BELOW else "warn" if free < DISK_WARNS_BELOW else "ok"
    return Finding(
        check="disk",
        state=state,
        found=f"{home.path}: {free / GIGABYTE:.1f} GB 可用 / free",
        advice=""
        if state == "ok"
        else "清理磁盘，或把 ZHIKE_HOME 移到更大的磁盘 / Free some space, or move ZHIKE_HOME",
    )


def check_clock(home: Home, urls: DatabaseUrls) -> Finding:
    with psycopg.connect(urls.app) as app:
        before = datetime.now(UTC)
        (there,) = app.execute("SELECT clock_timestamp()").fetchone() or (before,)
        after = datetime.now(UTC)
    skew = max((before - there).total_seconds(), (there - after).total_seconds(), 0.0)
    state = "fail" if skew > CLOCK_FAILS_ABOVE else "warn" if skew > CLOCK_WARNS_ABOVE else "ok"
    return Finding(
        check="clock",
        state=state,
        found=f"与数据库相差 / apart from the database: {skew:.3f} s",
        advice="" if state == "ok" else "在两台机器上启用 NTP 对时 / Synchronise both machines by NTP",
    )


def check_backup(home: Home) -> Finding:
    last = ledger.last_good(home)
    tried = ledger.read(home)[:1]
    age = datetime.now(UTC) - last.at if last else None
    advice = []
    if age is None or age > BACKUP_TOO_OLD:
        advice.append("运行 zhike backup，并设置 ZHIKE_BACKUP_TO / Run zhike backup, and set ZHIKE_BACKUP_TO")
    elif last and not last.is_verified:
        advice.append("最近一次未做恢复校验 / The last was not proved by a restore")
    if tried and tried[0].problem:
        advice.append(f"最近一次失败 / The last attempt failed: {tried[0].problem} / {tried[0].problem_en}")
    found = "还没有备份 / none yet" if age is None else f"{age.total_seconds() / 3600:.1f} 小时前 / hours ago"
    return Finding(check="backup", state="warn" if advice else "ok", found=found, advice="; ".join(advice))


def check_mail(home: Home, urls: DatabaseUrls) -> Finding:
    from django.conf import settings

    from zhike.core import mail

    if not mail.is_configured():
        is_wanted = bool(settings.AUDIT_MAIL_TO)
        return Finding(
            check="mail",
            state="warn" if is_wanted else "ok",
            found="未配置，通知只在知客里显示 / none; notices are shown in Zhike only",
            advice="ZHIKE_AUDIT_MAIL_TO 需要 ZHIKE_MAIL_HOST 和 ZHIKE_MAIL_FROM / ZHIKE_AUDIT_MAIL_TO needs both"
            if is_wanted
            else "",
        )
    server = f"{mail.server_name()}, {settings.MAIL_FROM}"
    try:
        mail.check_server()
    except mail.MailNotSent as problem:
        advice = "检查 ZHIKE_MAIL_ 各项，再运行 zhike mail test / Look at ZHIKE_MAIL_…, then run zhike mail test"
        return Finding(check="mail", state="warn", found=f"{server}: {problem}", advice=advice)
    return Finding(check="mail", state="ok", found=server)


def check_scanner(home: Home, urls: DatabaseUrls) -> Finding:
    from django.conf import settings

    from zhike.core import scanning

    if not settings.CLAMD:
        return Finding(check="virus scanner", state="ok", found="未配置 / none")
    try:
        scanning.ping()
    except OSError as problem:
        advice = "在它恢复之前不收任何文件；检查 ZHIKE_CLAMD / No file is taken until it answers: look at ZHIKE_CLAMD"
        return Finding(check="virus scanner", state="fail", found=f"{settings.CLAMD}: {problem}", advice=advice)
    return Finding(check="virus scanner", state="ok", found=settings.CLAMD)


def check_published(home: Home, urls: DatabaseUrls) -> Finding:
    from zhike.audit.selectors import seals

    places = seals.list_publications()
    failing = [f"{one.name}: {one.problem}" for one in places if one.problem]
    behind = sum(one.is_behind for one in places)
    return Finding(
        check="heads",
        state="warn" if failing else "ok",
        found=f"{len(places)} 个外部去处 / places outside, {behind} 个待发 / waiting"
        if places
        else "树头只写入文件 / heads go to the file only",
        advice=f"{'; '.join(failing)}。稍后自动重试，或运行 / It is tried again; or run: zhike audit publish"
        if failing
        else "",
    )


def check_build(home: Home) -> Finding:
    package = Path(zhike.__file__).parent
    missing = [] if any((package / "ui" / "static").rglob("*.js")) else ["前端 front end"]
    if any(not path.with_suffix(".mo").exists() for path in package.rglob("*.po")):
        missing.append("译文 translations")
    return Finding(
        check="build",
        state="fail" if missing else "ok",
        found=f"缺少 / missing: {', '.join(missing)}"
        if missing
        else "前端与译文齐全 / front end and translations are there",
        advice="运行 make setup / Run make setup" if missing else "",
    )


MACHINE_CHECKS: tuple[Callable[[Home], Finding], ...] = (check_build, check_disk, check_processes, check_backup)
DATABASE_CHECKS: tuple[Callable[[Home, DatabaseUrls], Finding], ...] = (
    check_versions,
    check_roles,
    check_encoding,
    check_migrations,
    check_queue,
    check_clock,
    check_mail,
    check_scanner,
    check_published,
    check_masters,
)
