"""What `zhike doctor --security` looks at: settings, files and people that make the instance weak, and what to do."""

import ipaddress
import os
import stat
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from zhike.cli.findings import Finding
from zhike.runtime import supervisor
from zhike.runtime.database import DatabaseUrls
from zhike.runtime.home import Home

OTHERS = 0o077
WIDE = 1 << 20  # addresses of a network: more is no house any more
LONG_IDLE_HOURS = 72
UNUSED_KEY = timedelta(days=90)
SHOWN = 5
ENCRYPTED = {"verify-ca", "verify-full"}


def check_secrets(home: Home, _urls: DatabaseUrls) -> Finding:
    open_ones = [str(path.relative_to(home.path)) for path in _private(home) if _mode(path) & OTHERS]
    named = (os.environ.get(f"ZHIKE_{name}_FILE", "") for name in ("OIDC_SECRET", "MAIL_PASSWORD", "AUDIT_URL_TOKEN"))
    open_ones += [told for told in named if told and _mode(Path(told)) & stat.S_IRWXO]
    return Finding(
        check="secrets",
        state="fail" if open_ones else "ok",
        found=f"他人可读 / others can read: {', '.join(open_ones[:SHOWN])}"
        if open_ones
        else "密钥与文件只有运行者可读 / keys and files are open to their owner alone",
        advice="chmod -R go-rwx …（secrets、files、warehouse、logs/*）/ chmod -R go-rwx on them" if open_ones else "",
    )


def _private(home: Home) -> Iterator[Path]:
    kept = (home.secrets_dir, home.files_dir, home.exports_dir, home.warehouse_dir)
    yield from (folder for folder in kept if folder.exists())
    for folder in (home.secrets_dir, home.logs_dir):
        if folder.exists():
            yield from (path for path in folder.iterdir() if path.is_file())


def _mode(path: Path) -> int:
    return path.stat().st_mode if path.exists() else 0


def check_account(home: Home, _urls: DatabaseUrls) -> Finding:
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return Finding(
        check="account",
        state="warn" if is_root else "ok",
        found="以 root 运行 / runs as root" if is_root else "以普通用户运行 / runs as an ordinary user",
        advice="请新建一个普通用户来运行知客 / Run it as a user of its own" if is_root else "",
    )


def check_debug(home: Home, _urls: DatabaseUrls) -> Finding:
    from django.conf import settings

    level = os.environ.get("ZHIKE_LOG_LEVEL", "")
    talkative = [
        name for name, on in (("ZHIKE_DEBUG", settings.DEBUG), (f"ZHIKE_LOG_LEVEL={level}", level == "DEBUG")) if on
    ]
    return Finding(
        check="debug",
        state="fail" if settings.DEBUG else "warn" if talkative else "ok",
        found=f"已开启 / on: {', '.join(talkative)}" if talkative else "调试已关闭 / off",
        advice="取消这些环境变量：出错页面和日志会泄露内部信息 / Unset them: pages and logs would tell what is inside"
        if talkative
        else "",
    )


def check_hosts(home: Home, _urls: DatabaseUrls) -> Finding:
    from django.conf import settings

    wide = [host for host in settings.ALLOWED_HOSTS if host == "*" or host.startswith(".")]
    return Finding(
        check="hosts",
        state="fail" if "*" in wide else "warn" if wide else "ok",
        found=", ".join(settings.ALLOWED_HOSTS),
        advice="把 ZHIKE_HOSTS 设为确切的主机名 / Let ZHIKE_HOSTS hold exact names of hosts" if wide else "",
    )


def check_transport(home: Home, _urls: DatabaseUrls) -> Finding:
    from django.conf import settings

    run = supervisor.current_run(home)
    host = (urlsplit(run.address).hostname or "") if run else ""
    is_far = bool(host) and not _is_loopback(host)
    state, advice = "ok", ""
    if settings.SECURE_SSL_REDIRECT and not settings.PROXY_COUNT:
        state, advice = (
            "fail",
            (
                "设了 ZHIKE_HTTPS=1 却没有 ZHIKE_PROXIES：页面会无休止地跳转；请放在 HTTPS 代理之后并设置代理层数 / "
                "ZHIKE_HTTPS=1 without ZHIKE_PROXIES redirects for ever: say how many proxies stand in front"
            ),
        )
    elif is_far and not settings.SECURE_SSL_REDIRECT:
        state, advice = (
            "fail",
            (
                "其他机器可以不加密地访问：放在 HTTPS 代理之后，设置 ZHIKE_HTTPS=1 和 ZHIKE_PROXIES=1 / "
                "Other machines reach it unencrypted: put it behind an HTTPS proxy; ZHIKE_HTTPS=1 and ZHIKE_PROXIES=1"
            ),
        )
    elif settings.PROXY_COUNT and any(_addresses(one) > WIDE for one in settings.PROXY_NETWORKS):
        state, advice = (
            "fail",
            (
                "ZHIKE_PROXY_NETWORKS 过宽：谁都能伪造来源地址；只写代理所在的网段 / "
                "ZHIKE_PROXY_NETWORKS is too wide: anybody may claim any address; name the proxy's own network"
            ),
        )
    said = "HTTPS" if settings.SECURE_SSL_REDIRECT else "HTTP，仅本机 / this machine only" if not is_far else "HTTP"
    return Finding(check="transport", state=state, found=f"{said}{f' ({run.address})' if run else ''}", advice=advice)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _addresses(network: str) -> int:
    return ipaddress.ip_network(network).num_addresses


def check_outgoing(home: Home, _urls: DatabaseUrls) -> Finding:
    from django.conf import settings

    problems = []
    if any(_addresses(one) > WIDE for one in settings.OUTGOING_NETWORKS):
        problems.append(
            "把 ZHIKE_OUTGOING_NETWORKS 收窄到需要的主机 / Narrow ZHIKE_OUTGOING_NETWORKS to what is needed"
        )
    if settings.SIGN_ON and not settings.SIGN_ON["issuer"].startswith("https://"):
        problems.append("单点登录的地址应为 https / The sign-on should be asked over https")
    if settings.SIGN_ON and not settings.SIGN_ON["secret"]:
        problems.append("为单点登录设置 ZHIKE_OIDC_SECRET_FILE / Give the sign-on a secret in ZHIKE_OIDC_SECRET_FILE")
    return Finding(
        check="outgoing",
        state="warn" if problems else "ok",
        found=", ".join([*settings.OUTGOING_HOSTS, *settings.OUTGOING_NETWORKS])
        or "只访问公网，且必须 TLS / public addresses only, over TLS",
        advice="; ".join(problems),
    )


def check_rates(home: Home, _urls: DatabaseUrls) -> Finding:
    from django.conf import settings

    names = ("RATE_PER_USER", "RATE_PER_KEY", "RATE_PER_ADDRESS")
    off = [f"ZHIKE_{name}" for name in names if not getattr(settings, name)]
    return Finding(
        check="rates",
        state="warn" if off else "ok",
        found=f"不限 / no limit: {', '.join(off)}"
        if off
        else " / ".join(f"{getattr(settings, name):g}/s" for name in names),
        advice="设为大于 0 的数 / Set them above 0" if off else "",
    )


def check_sessions(home: Home, _urls: DatabaseUrls) -> Finding:
    from django.conf import settings

    hours = settings.SESSION_COOKIE_AGE / 3600
    is_long = hours > LONG_IDLE_HOURS
    return Finding(
        check="sessions",
        state="warn" if is_long else "ok",
        found=f"闲置 {hours:g} 小时后退出 / end after {hours:g} idle hours",
        advice=f"ZHIKE_SESSION_IDLE_HOURS ≤ {LONG_IDLE_HOURS}" if is_long else "",
    )


def check_database(home: Home, urls: DatabaseUrls) -> Finding:
    told = conninfo_to_dict(urls.app)
    host = str(told.get("host") or "")
    is_far = bool(host) and not host.startswith("/") and not _is_loopback(host)
    problems = []
    if is_far and told.get("sslmode") not in ENCRYPTED:
        problems.append("给 DATABASE_URL 和 DATABASE_OWNER_URL 加上 ?sslmode=verify-full / Add it to both addresses")
    with psycopg.connect(urls.app) as app:
        strong, opened = app.execute(
            "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb, array(SELECT relname::text FROM pg_class"
            " WHERE oid IN (SELECT polrelid FROM pg_policy) AND NOT relrowsecurity)"
            " FROM pg_roles WHERE rolname = session_user"
        ).fetchone() or (True, [])
    if strong:
        problems.append("应用角色权限过大，应为普通角色 / The application's role may too much; make it a plain one")
    if opened:
        problems.append(f"行级安全被关闭 / Row security is switched off: {', '.join(opened[:SHOWN])}; zhike migrate")
    return Finding(
        check="database",
        state="fail" if problems else "ok",
        found=f"{host or 'socket'}, {'行级安全 / row security'}",
        advice="; ".join(problems),
    )


def check_people(home: Home, _urls: DatabaseUrls) -> Finding:
    from django.db.models import Exists, OuterRef

    from zhike.accounts.models import User
    from zhike.accounts.permissions import MANAGE

    factor = _authenticators().filter(user_id=OuterRef("pk"), type__in=("totp", "webauthn"))
    bare = User.objects.filter(
        ~Exists(factor), is_active=True, kind=User.Kind.PERSON, roles__grants__permission=MANAGE
    ).distinct()
    names = list(bare.order_by("pk").values_list("username", flat=True)[: SHOWN + 1])
    return Finding(
        check="people",
        state="warn" if names else "ok",
        found=f"没有第二重验证的管理员 / administrators without a second factor: {', '.join(names[:SHOWN])}"
        f"{' …' if len(names) > SHOWN else ''}"
        if names
        else "管理员都有第二重验证 / every administrator has a second factor",
        advice="在“设置 → 角色”里要求第二重验证 / Require a second factor under Settings → Roles" if names else "",
    )


def _authenticators() -> Any:
    from allauth.mfa.models import Authenticator

    return Authenticator.objects.all()


def check_keys(home: Home, _urls: DatabaseUrls) -> Finding:
    from django.db.models import Q
    from django.utils.timezone import now

    from zhike.accounts.models import Token

    at = now()
    usable = Token.objects.filter(Q(expires_at=None) | Q(expires_at__gt=at), revoked_at=None, user__is_active=True)
    endless = usable.filter(expires_at=None).count()
    unused = usable.filter(
        Q(last_used_at__lt=at - UNUSED_KEY) | Q(last_used_at=None, created_at__lt=at - UNUSED_KEY)
    ).count()
    return Finding(
        check="keys",
        state="warn" if endless or unused else "ok",
        found=f"{usable.count()} 个可用 / usable, {endless} 个不过期 / without an end, {unused} 个 90 天未用 / unused",
        advice="吊销不用的，其余设有效期 / Revoke what nobody uses, give the others an end"
        if endless or unused
        else "",
    )


def check_demo(home: Home, _urls: DatabaseUrls) -> Finding:
    is_demo = (home.secrets_dir / "demo.json").exists()
    return Finding(
        check="demo",
        state="warn" if is_demo else "ok",
        found="演示公司，密码写在文件里 / the demo company, its password lies in a file"
        if is_demo
        else "不是演示实例 / no demo",
        advice="正式使用请换一个 ZHIKE_HOME 重新开始 / Begin anew in another ZHIKE_HOME for real work"
        if is_demo
        else "",
    )


def check_heads(home: Home, _urls: DatabaseUrls) -> Finding:
    from zhike.audit import publishing, sealing

    places = [destination.name for destination in publishing.list_destinations()]
    is_inside = not places and sealing.heads_file().resolve().is_relative_to(home.path.resolve())
    return Finding(
        check="history",
        state="warn" if is_inside else "ok",
        found=f"树头写在 / heads are appended to {', '.join([str(sealing.heads_file()), *places])}",
        advice="与密钥在同一处：用 ZHIKE_AUDIT_HEADS 写到别的磁盘，或设置 ZHIKE_AUDIT_MAIL_TO、ZHIKE_AUDIT_URL / "
        "They lie beside the key: let ZHIKE_AUDIT_HEADS name another machine's disk, or set ZHIKE_AUDIT_MAIL_TO or "
        "ZHIKE_AUDIT_URL"
        if is_inside
        else "",
    )


CHECKS: tuple[Callable[[Home, DatabaseUrls], Finding], ...] = (
    check_secrets,
    check_account,
    check_debug,
    check_hosts,
    check_transport,
    check_outgoing,
    check_rates,
    check_sessions,
    check_database,
    check_people,
    check_keys,
    check_demo,
    check_heads,
)
