"""The server that takes our mail, as the environment names it."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from zhike.runtime.problems import EnvironmentProblem

PORTS = {"starttls": 587, "tls": 465, "none": 25}
MOST_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """security: "starttls", "tls" from the first byte, or "none", which this machine alone may have."""

    host: str
    port: int
    security: str
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)

    def options(self) -> dict[str, Any]:
        """What `zhike.core.mail.Backend` is made with."""
        return {
            "host": self.host,
            "port": self.port,
            "username": self.user,
            "password": self.password,
            "use_tls": self.security == "starttls",
            "use_ssl": self.security == "tls",
            "timeout": MOST_SECONDS / 2,
        }


def mail_server(environment: Mapping[str, str]) -> MailServer | None:
    """The server that `ZHIKE_MAIL_HOST` and its companions name; None where there is none.

    :raises EnvironmentProblem: they do not fit together
    """
    host = environment.get("ZHIKE_MAIL_HOST", "").strip()
    if not host:
        return None
    security = environment.get("ZHIKE_MAIL_SECURITY", "") or "starttls"
    sender = environment.get("ZHIKE_MAIL_FROM", "").strip()
    user = environment.get("ZHIKE_MAIL_USER", "")
    port = environment.get("ZHIKE_MAIL_PORT", "") or str(PORTS.get(security, 0))
    if security not in PORTS or not port.isdecimal():
        raise EnvironmentProblem(
            zh="ZHIKE_MAIL_SECURITY 只能是 starttls、tls 或 none，ZHIKE_MAIL_PORT 只能是数字",
            en="ZHIKE_MAIL_SECURITY is starttls, tls or none, and ZHIKE_MAIL_PORT a number",
        )
    if "@" not in parseaddr(sender)[1]:
        raise EnvironmentProblem(
            zh="请用 ZHIKE_MAIL_FROM 指定发件地址，例如 知客 <crm@example.com>",
            en="Let ZHIKE_MAIL_FROM hold the sender, for example Zhike <crm@example.com>",
        )
    if security == "none" and not _is_loopback(host):
        raise EnvironmentProblem(
            zh="ZHIKE_MAIL_SECURITY=none 只用于本机的邮件服务；其他服务器请用 starttls 或 tls",
            en="ZHIKE_MAIL_SECURITY=none is for a mail server of this machine; use starttls or tls for others",
        )
    password = _secret_of(environment.get("ZHIKE_MAIL_PASSWORD_FILE", ""))
    return MailServer(host=host, port=int(port), security=security, sender=sender, user=user, password=password)


def _secret_of(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip() if file else ""
    except OSError as error:
        raise EnvironmentProblem(
            zh=f"无法读取 ZHIKE_MAIL_PASSWORD_FILE：{error}",
            en=f"ZHIKE_MAIL_PASSWORD_FILE cannot be read: {error}",
        ) from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
