"""Commands about people: createuser, reset-factor."""

import getpass
import platform
import secrets
import sys

import click

from zhike.cli import instance
from zhike.cli.output import Exit, json_option, report
from zhike.runtime.home import Home


@click.command()
@click.argument("username", metavar="USERNAME")
@click.option("--name", default="", help="姓名，默认同用户名 / Name; the user name if left out")
@click.option(
    "--role", "roles", multiple=True, default=["administrator"], show_default=True, help="角色代码 / Role code"
)
@click.option("--team", default="", help="部门，例如 总部/华东，没有则新建 / Team such as HQ/East; made if missing")
@click.option("--email", default="", help="邮箱 / E-mail")
@click.option("--password-stdin", is_flag=True, help="从标准输入读密码 / Read the password from standard input")
@json_option
def createuser(
    username: str, name: str, roles: tuple[str, ...], team: str, email: str, password_stdin: bool, as_json: bool
) -> None:
    """创建可以登录的用户；不给密码时随机生成，只显示这一次，首次登录须修改。

    Create somebody who can log in; a random password is made unless one is given, shown this once, and has to be
    changed at the first log-in.
    """
    instance.django_ready(Home.current())
    from django.core.exceptions import ValidationError

    from zhike.accounts import setup
    from zhike.core.errors import DomainError

    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else secrets.token_urlsafe(12)
    try:
        user = setup.create_user_from_outside(
            username=username,
            name=name or username,
            password=password,
            role_codes=roles,
            team_names=[part.strip() for part in team.split("/") if part.strip()],
            email=email,
            is_first=not password_stdin,
        )
    except (DomainError, ValidationError) as refusal:
        messages = refusal.messages if isinstance(refusal, ValidationError) else [str(refusal)]
        report({"error": messages}, as_json=as_json, text="\n".join(messages))
        sys.exit(Exit.REFUSED)
    result = {"id": user.pk, "username": user.username, "name": user.name, "roles": list(roles)}
    text = f"已创建用户 / Created user: {user.username}"
    if not password_stdin:
        result["password"] = password
        text += f"\n密码（只显示这一次） / Password, shown this once: {password}"
    report(result, as_json=as_json, text=text)


@click.command("reset-factor")
@click.argument("username", metavar="USERNAME")
@json_option
def reset_factor(username: str, as_json: bool) -> None:
    """为丢失手机和恢复码的人重置第二重验证；只剩一位管理员时用它。

    Take the second factor of somebody away who has lost it; the way out for a last administrator.
    """
    instance.django_ready(Home.current())
    from zhike.accounts import services
    from zhike.accounts.models import User
    from zhike.core.acting import acting
    from zhike.core.actor import SYSTEM

    try:
        user = User.objects.get_by_natural_key(username)
    except User.DoesNotExist:
        report({"error": ["no such user"]}, as_json=as_json, text=f"没有这个用户 / There is no user {username}")
        sys.exit(Exit.REFUSED)
    # Nobody has logged in here, so the history names the account of the machine.
    with acting(SYSTEM, reason=f"zhike reset-factor: {getpass.getuser()}@{platform.node()}"):
        services.reset_second_factor(actor=SYSTEM, user=user)
    text = f"已重置，下次登录只需要密码 / Taken away; the password alone opens: {user.username}"
    report({"id": user.pk, "username": user.username}, as_json=as_json, text=text)
