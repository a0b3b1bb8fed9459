"""Commands about the keys of encrypted fields: keys rotate."""

import time
from datetime import UTC, datetime

import click

from zhike.cli import instance
from zhike.cli.output import json_option, report
from zhike.runtime.home import Home


@click.group()
def keys() -> None:
    """加密字段的密钥。

    The keys of encrypted fields.
    """


@keys.command()
@click.option("--index", is_flag=True, help="同时更换精确查找的密钥 / Renew the key of the exact search as well")
@click.option("--master", is_flag=True, help="同时更换主密钥 / Renew the master key as well")
@json_option
def rotate(index: bool, master: bool, as_json: bool) -> None:
    """更换密钥并分批重新加密；期间系统照常使用，可随时重来。

    Make new keys and encrypt every value anew, a batch at a time. Everybody goes on working, and it can be run again.
    """
    instance.django_ready(Home.current())
    from zhike.accounts import field_keys
    from zhike.core import envelope
    from zhike.customers.services import sealing

    began = time.perf_counter()
    is_renewed = master and envelope.renew_master()
    wrapped = field_keys.rewrap()
    if is_renewed:
        envelope.forget_old_masters()
    done = sealing.rotate_keys(at=datetime.now(UTC), with_index=index)
    result = {
        "values": done.values,
        "keys_retired": done.keys_retired,
        "keys_wrapped": wrapped,
        "master_renewed": is_renewed,
        "seconds": round(time.perf_counter() - began, 2),
    }
    text = (
        f"重新加密 {done.values:,} 个值，停用旧密钥 {done.keys_retired} 个 / "
        f"{done.values:,} values encrypted anew, {done.keys_retired} old keys retired"
    )
    if master and not is_renewed:
        text += "\n主密钥来自环境变量，请在那里更换 / The master key comes from the environment; renew it there"
    report(result, as_json=as_json, text=text)
