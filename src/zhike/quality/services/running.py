"""Looking at everything, and keeping what was found."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app

from zhike.core.access import require
from zhike.core.actor import Actor
from zhike.core.errors import DomainError
from zhike.metadata.models import Kind
from zhike.quality import catalogue
from zhike.quality.models import Figure, Finding, OwnRule, Run, Tally
from zhike.quality.permissions import MANAGE
from zhike.quality.subjects import CUSTOMER, LATE_AFTER, list_subjects, measured_own, own_column

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend

    from zhike.quality.measures import Counted

SILENCE = timedelta(minutes=20)
SOURCES_KEPT = timedelta(days=92)  # figures of single sources; those of everything stay
MOST_STORED = 100_000  # findings of a rule that are kept one by one; all of them are counted


class RunUnderWay(DomainError):
    code = "run_under_way"

    def __init__(self) -> None:
        super().__init__(_("Everything is being checked already."))


@transaction.atomic
def start_run(*, actor: Actor, at: datetime) -> Run:
    """Queue a look at everything, as of today.

    :raises PermissionDenied: the actor may not
    :raises RunUnderWay: one is
    """
    require(actor, MANAGE)
    return open_run(as_of=today(at), at=at, started_by=actor.user_id, is_queued=True)


def today(at: datetime) -> date:
    return at.astimezone(ZoneInfo(settings.TIME_ZONE)).date()


def open_run(*, as_of: date, at: datetime, started_by: int | None = None, is_queued: bool = False) -> Run:
    """:raises RunUnderWay: one is"""
    Run.objects.filter(finished_at=None, heartbeat_at__lt=at - SILENCE).update(step=Run.Step.FAILED, finished_at=at)
    try:
        with transaction.atomic():
            run = Run.objects.create(as_of=as_of, started_by_id=started_by, started_at=at, heartbeat_at=at)
    except IntegrityError:
        raise RunUnderWay from None
    if is_queued:
        app.configure_task("quality.run", allow_unknown=False).defer(run_id=run.pk)
    return run


def carry_out(*, actor: Actor, run_id: int, now: Callable[[], datetime], spill: Path) -> Run:
    """Read, check, measure, write. A day long past gives figures for the trend, and leaves the work list alone.

    now: asked for the time as it goes on. spill: folder for what does not fit into memory.

    :raises PermissionDenied: the actor may not
    """
    require(actor, MANAGE)
    run = Run.objects.get(pk=run_id)
    began = time.monotonic()

    def step(name: str) -> None:
        Run.objects.filter(pk=run_id).update(step=name, heartbeat_at=now())

    try:
        step(Run.Step.READING)
        from zhike.quality.reading import reading  # with the engine, which takes a second to load

        with reading(as_of=run.as_of, spill=spill) as engine:
            read_seconds = time.monotonic() - began
            step(Run.Step.CHECKING)
            found = _Found(engine)
            step(Run.Step.WRITING)
            with transaction.atomic():
                _write(run, found)
        run.metrics["seconds"] = {"reading": round(read_seconds, 1), "all": round(time.monotonic() - began, 1)}
        run.step = Run.Step.DONE
    finally:
        if run.step != Run.Step.DONE:
            run.step, run.is_newest = Run.Step.FAILED, False
        run.finished_at = run.heartbeat_at = now()
        with suppress(IntegrityError):
            run.save()
    return run


class _Found:
    """What the engine has to tell; the findings themselves stay in it until they are copied."""

    def __init__(self, engine: Backend) -> None:
        from zhike.quality import measures, preparing

        rules = list(OwnRule.objects.filter(is_active=True))
        phones = [own_column(one) for one in measured_own() if one.kind is Kind.PHONE]
        forms = preparing.prepare(engine, rules)
        self.engine = engine
        self.checks = catalogue.list_checks(codes=measures.codes_in(engine, phones))
        failed = measures.find(engine, self.checks)
        subjects = list_subjects()
        self.tallies = measures.tally(engine, self.checks)
        self.figures = measures.measure(engine, subjects, self.checks)
        late = f"updated_on < as_of() - {LATE_AFTER}"
        self.metrics: dict[str, Any] = {
            **measures.overview(engine, late=late),
            "filled": _mean_filled(self.figures),
            "forms": forms,
            "limits": preparing.limits(engine),
            "failed": failed,
        }


def _mean_filled(figures: list[Counted]) -> float:
    """The share of a customer's fields that is filled, on average."""
    mine = [one for one in figures if one.record == CUSTOMER and not one.by]
    records = sum(one.records for one in mine)
    return sum(one.filled for one in mine) / records if records else 0.0


def _write(run: Run, found: _Found) -> None:
    counts = dict(
        found.engine.con.execute(
            "SELECT 'c', count(*) FROM customers UNION ALL SELECT 'o', count(*) FROM orders"
        ).fetchall()
    )
    earlier = Run.objects.filter(as_of=run.as_of, is_newest=True)
    Figure.objects.filter(run__in=earlier).delete()
    Tally.objects.filter(run__in=earlier).delete()
    earlier.update(is_newest=False)
    Figure.objects.filter(~Q(by=""), run__as_of__lt=run.as_of - SOURCES_KEPT).delete()
    Figure.objects.bulk_create(
        (
            Figure(
                run=run, record=one.record, field=one.name, by=one.by, source=one.source[:50], records=one.records,
                filled=one.filled, **one.counts,
            )
            for one in found.figures
        ),
        batch_size=2000,
    )  # fmt: skip
    Tally.objects.bulk_create(
        Tally(run=run, rule=rule, items=one.items, customers=one.customers) for rule, one in found.tallies.items()
    )
    run.customer_count, run.order_count = counts["c"], counts["o"]
    run.finding_count = sum(one.items for one in found.tallies.values())
    run.metrics, run.is_newest = found.metrics, True
    run.save(update_fields=["customer_count", "order_count", "finding_count", "metrics", "is_newest"])
    if not Run.objects.filter(is_newest=True, as_of__gt=run.as_of).exists():
        _write_findings(run, found.engine)


def _write_findings(run: Run, engine: Backend) -> None:
    """Renew the work list. What was said to be right stays so for as long as the value is the same."""
    rows = engine.con.execute(
        f"SELECT rule, item_id, customer_id, stamp FROM findings"
        f" QUALIFY row_number() OVER (PARTITION BY rule, is_right ORDER BY item_id DESC) <= {MOST_STORED}"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "DROP TABLE IF EXISTS found_now; CREATE TEMPORARY TABLE found_now"
            " (rule text, item_id bigint, customer_id bigint, stamp text) ON COMMIT DROP"
        )
        with cursor.copy("COPY found_now FROM STDIN") as copied:
            while batch := rows.fetchmany(20_000):
                copied.write(
                    "".join(f"{rule}\t{item}\t{customer or r'\N'}\t{stamp}\n" for rule, item, customer, stamp in batch)
                )
        cursor.execute(
            "INSERT INTO quality_finding AS known (rule, item_id, customer_id, stamp, state, run_id)"
            " SELECT rule, item_id, customer_id, stamp, 'open', %(run)s FROM found_now ORDER BY rule, item_id"
            " ON CONFLICT (rule, item_id) DO UPDATE SET customer_id = excluded.customer_id, stamp = excluded.stamp,"
            " run_id = excluded.run_id,"
            " state = CASE WHEN known.stamp = excluded.stamp THEN known.state ELSE 'open' END",
            {"run": run.pk},
        )
    Finding.objects.exclude(run_id=run.pk).delete()
