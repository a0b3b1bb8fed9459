"""Commands about mail: mail test."""

import sys

import click

from zhike.cli import instance
from zhike.cli.output import Exit, json_option, report
from zhike.runtime.home import Home

TEXT = """\
这是知客的测试邮件。收到它，说明登录通知和树头可以发到这里。

This is a test of Zhike. That it arrived shows that notices about log-ins and heads of the history can reach you.
"""


@click.group()
def mail() -> None:
    """邮件服务器（ZHIKE_MAIL_HOST 等）。

    The mail server (ZHIKE_MAIL_HOST and its companions).
    """


@mail.command()
@click.argument("address")
@json_option
def test(address: str, as_json: bool) -> None:
    """向 ADDRESS 发一封测试邮件；服务器没收下时退出码为 1。

    Send a test to ADDRESS; exit code 1 where the server did not take it.
    """
    instance.django_ready(Home.current())
    from zhike.core import mail as out

    try:
        out.send(to=[address], subject="知客测试邮件 / A test of Zhike", text=TEXT)
    except out.MailNotSent as problem:
        report({"sent": False, "problem": str(problem)}, as_json=as_json, text=f"未发出 / Not sent: {problem}")
        sys.exit(Exit.FAILED)
    report({"sent": True}, as_json=as_json, text=f"服务器已收下 / The server took it: {address}")
