"""Commands about how good the records are."""

from datetime import UTC, datetime

import click

from zhike.cli import instance
from zhike.cli.output import json_option, report
from zhike.runtime.home import Home


@click.group()
def quality() -> None:
    """检查客户数据质量。

    Check how good the records are.
    """


@quality.command()
@click.option("--queued", is_flag=True, help="执行已排队的检查 / Carry out the check that is queued")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="按哪一天计算 / The day it is true for; today")
@json_option
def run(queued: bool, as_of: datetime | None, as_json: bool) -> None:
    """按全部规则检查所有客户与订单，更新指标、趋势和待办。

    Check every customer and order by all rules; renews figures, trend and work list.
    """
    home = Home.current()
    instance.django_ready(home)
    from zhike.core.actor import SYSTEM
    from zhike.quality.models import Run
    from zhike.quality.services import running

    began = datetime.now(UTC)
    waiting = Run.objects.filter(finished_at=None).first() if queued else None
    day = as_of.date() if as_of else running.today(began)
    number = (waiting or running.open_run(as_of=day, at=began)).pk
    done = running.carry_out(actor=SYSTEM, run_id=number, now=lambda: datetime.now(UTC), spill=home.run_dir / "quality")
    seconds = round((datetime.now(UTC) - began).total_seconds(), 1)
    result = {
        "run": done.pk,
        "as_of": done.as_of.isoformat(),
        "customers": done.customer_count,
        "orders": done.order_count,
        "findings": done.finding_count,
        "reading_seconds": done.metrics["seconds"]["reading"],
        "seconds": seconds,
    }
    counted = f"{done.customer_count:,} 位客户、{done.order_count:,} 笔订单"
    zh = f"已检查 {counted}，发现 {done.finding_count:,} 处问题"
    en = f"{done.customer_count:,} customers and {done.order_count:,} orders checked, {done.finding_count:,} findings"
    report(result, as_json=as_json, text=f"{zh}，用时 {seconds} 秒。 / {en}, in {seconds} s.")
