"""Commands about the keys of encrypted fields: keys rotate, list and retire."""

import time
from dataclasses import asdict
from datetime import UTC, datetime

import click

from zhike.cli import instance, masters
from zhike.cli.output import json_option, report
from zhike.runtime.home import Home
from zhike.runtime.problems import EnvironmentProblem


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
    if is_renewed:
        text += (
            "\n旧的主密钥保留在文件中，较早的备份仍要用它；zhike keys list 显示哪些还需要 / "
            "The old master key stays in the file, since earlier backups need it; see `zhike keys list`"
        )
    report(result, as_json=as_json, text=text)


@keys.command(name="list")
@json_option
def list_keys(as_json: bool) -> None:
    """列出主密钥，以及数据库和备份还需要哪些。

    List the master keys, and which of them the database and the backups still need.
    """
    home = Home.current()
    instance.django_ready(home)
    found = masters.list_masters(home)
    text = "\n".join(f"{one.id}  {masters.describe(one)}" for one in found) or "没有主密钥 / There is no master key"
    report({"masters": [asdict(one) for one in found]}, as_json=as_json, text=text)


@keys.command()
@click.argument("key_id")
@click.option("--anyway", is_flag=True, help="即使备份还需要它 / Even if backups need it")
@json_option
def retire(key_id: str, anyway: bool, as_json: bool) -> None:
    """删除一把旧的主密钥；用它的备份此后无法读出加密字段。

    Forget an old master key for good: backups that need it lose their encrypted fields.
    """
    home = Home.current()
    instance.django_ready(home)
    from zhike.core import envelope

    one = next((master for master in masters.list_masters(home) if master.id == key_id), None)
    if one is None:
        raise EnvironmentProblem(zh=f"没有主密钥 {key_id}。", en=f"There is no master key {key_id}.")
    if one.is_present or one.data_keys:
        raise EnvironmentProblem(
            zh="数据库正在使用这把主密钥；请先运行 zhike keys rotate --master。",
            en="The database uses this master key; run `zhike keys rotate --master` first.",
        )
    if one.backups and not anyway:
        raise EnvironmentProblem(
            zh=f"这些备份还需要它：{', '.join(one.backups)}。备份到期后再删，或加 --anyway。",
            en=f"These backups need it: {', '.join(one.backups)}. Wait until they expire, or add --anyway.",
        )
    if not envelope.retire_master(key_id):
        raise EnvironmentProblem(
            zh="主密钥来自环境变量，请在那里删除。", en="The master keys come from the environment; take it away there."
        )
    report({"retired": key_id}, as_json=as_json, text=f"已删除主密钥 {key_id} / Master key {key_id} is gone")
