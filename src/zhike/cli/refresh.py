"""Command about the warehouse and the scores: refresh."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from zhike.cli import instance
from zhike.cli.output import json_option, report
from zhike.runtime.home import Home


@click.command()
@click.option(
    "--as-of",
    metavar="DATE",
    type=click.DateTime(["%Y-%m-%d"]),
    help="按哪一天计算，默认今天；之后都以这一天为准，直到下次刷新 / The day to score for; today by default",
)
@click.option("--purge", is_flag=True, help="重写含有已删除数据的文件 / Write files anew that hold rows which are gone")
@json_option
def refresh(as_of: datetime | None, purge: bool, as_json: bool) -> None:
    """把变化的数据带进数据仓库，并重新计算每位客户的 RFM、价值等级与生命周期阶段。

    Carry what changed into the warehouse and score every customer anew: RFM, grade, life-cycle stage.
    """
    instance.django_ready(Home.current())
    from django.conf import settings

    from zhike.core.actor import SYSTEM
    from zhike.insight import services

    now = datetime.now(UTC)
    day = as_of.date() if as_of else now.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    done = services.refresh(actor=SYSTEM, as_of=day, at=now, purged=purge)
    result = _result(done, day)
    zh = f"已按 {day} 计算 {result['customers']:,} 位客户，{result['changed']:,} 位有变化"
    en = f"{result['customers']:,} customers scored as of {day}, {result['changed']:,} changed"
    report(result, as_json=as_json, text=f"{zh}，用时 {result['seconds']} 秒。 / {en}, in {result['seconds']} s.")


def _result(done: Any, day: date) -> dict[str, Any]:
    metrics = done.run.metrics
    return {
        "run": done.run.pk,
        "is_new": done.is_new,
        "as_of": day,
        "customers": done.run.customer_count,
        "changed": done.fact_count,
        "currency": metrics["currency"],
        "left_out": metrics["left_out"],
        "grades": {code or "none": group["customers"] for code, group in metrics["grades"].items()},
        "stages": {code: group["customers"] for code, group in metrics["stages"].items()},
        "fingerprint": done.run.data_fingerprint,
        "seconds": round(done.seconds, 1),
    }
