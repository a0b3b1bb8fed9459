"""Commands about customers who are there more than once."""

from datetime import UTC, datetime

import click

from zhike.cli import instance
from zhike.cli.output import json_option, report
from zhike.runtime.home import Home


@click.group()
def duplicates() -> None:
    """查找重复客户。

    Find customers who are there more than once.
    """


@duplicates.command()
@click.option("--queued", is_flag=True, help="执行已排队的查重 / Carry out the scan that is queued")
@json_option
def scan(queued: bool, as_json: bool) -> None:
    """把全部客户两两比较，列出可能重复的客户对，供人工核对。

    Compare everybody with everybody and list the pairs that may be the same, for people to look at.
    """
    home = Home.current()
    instance.django_ready(home)
    from zhike.core.actor import SYSTEM
    from zhike.duplicates.models import Scan
    from zhike.duplicates.services import scanning

    began = datetime.now(UTC)
    waiting = Scan.objects.filter(finished_at=None).first() if queued else None
    number = (waiting or Scan.objects.create(started_at=began, heartbeat_at=began)).pk
    spill = home.run_dir / "scan"
    done = scanning.run_scan(actor=SYSTEM, scan_id=number, now=lambda: datetime.now(UTC), spill=spill)
    seconds = round((datetime.now(UTC) - began).total_seconds(), 1)
    result = {
        "scan": done.pk,
        "customers": done.record_count,
        "pairs": done.pair_count,
        "merged": done.merged_count,
        "thresholds": done.worths,
        "seconds": seconds,
    }
    zh = f"比较了 {done.record_count:,} 位客户，发现 {done.pair_count:,} 对可能重复，自动合并 {done.merged_count:,} 位"
    en = f"{done.record_count:,} customers compared, {done.pair_count:,} pairs found, {done.merged_count:,} merged"
    report(result, as_json=as_json, text=f"{zh}，用时 {seconds} 秒。 / {en}, in {seconds} s.")
