"""Decisions about the warehouse and the scores."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.metadata import version

from django.conf import settings
from django.db import connection, transaction
from procrastinate.contrib.django import app

from zhike.core.access import require
from zhike.core.actor import SYSTEM, Actor
from zhike.core.database import forget_deletions
from zhike.engine.backend import Engine, connect, load
from zhike.engine.warehouse import RefreshReport, Warehouse
from zhike.insight import measures, scoring
from zhike.insight.aggregates import aggregate
from zhike.insight.models import Refresh
from zhike.insight.sources import sources
from zhike.runtime.database import resolve
from zhike.scores import services as scores
from zhike.scores.models import ScoringRun

_LOCK = "hashtext('zhike.insight.refresh')"


@dataclass(frozen=True, kw_only=True)
class Refreshed:
    """What a refresh did. is_new: False where the data, the day and the rules were those of the latest run."""

    run: ScoringRun
    is_new: bool
    warehouse: RefreshReport
    fact_count: int
    seconds: float


def refresh(*, actor: Actor, as_of: date, at: datetime, purged: bool = False) -> Refreshed:
    """Bring the warehouse up to date and score every customer as of that day; waits for a refresh under way.

    The latest run is what everybody sees, also where it was asked for a day long past. purged: every file that holds
    a customer who is gone is written anew.
    """
    require(actor, "insight.refresh")
    began = time.monotonic()
    with _alone(), _noted(as_of, at, began) as note, ExitStack() as held:
        dsn = resolve(settings.HOME).owner  # no policy narrows what the owner of the tables reads
        warehouse = Warehouse(settings.HOME.warehouse_dir)
        latest = ScoringRun.objects.filter(measure=scores.VALUE).order_by("-pk").first()
        if purged:
            scoring.forget(folder=warehouse.folder)
        earlier = held.enter_context(scoring.earlier(warehouse, latest=latest))
        with ThreadPoolExecutor(max_workers=1) as beside:
            # To load the engine takes a second, in which PostgreSQL can be read.
            loaded = beside.submit(load)
            # Once a day the rows are counted all the same.
            counted = latest is None or latest.as_of != as_of
            report = warehouse.refresh(dsn, sources(), counted=counted, compacted=purged)
            loaded.result()
        forget_deletions(before=report.watermark)
        parameters = {**measures.parameters(), "currency": settings.COMPANY_CURRENCY, "zone": settings.TIME_ZONE}
        if latest and _is_same(latest, as_of, report.fingerprint, parameters):
            return Refreshed(run=latest, is_new=False, warehouse=report, fact_count=0, seconds=time.monotonic() - began)
        note.step(Refresh.Step.COMPUTING)
        with connect(warehouse) as engine:
            moment = _Moment(as_of=as_of, at=at, began=began, dsn=dsn, latest=latest, earlier=earlier)
            run, fact_count = _score(engine, note, parameters, moment)
    return Refreshed(run=run, is_new=True, warehouse=report, fact_count=fact_count, seconds=time.monotonic() - began)


@transaction.atomic
def request_refresh(*, actor: Actor) -> None:
    """Queue a refresh for the worker, as of the day it runs."""
    require(actor, "insight.refresh")
    # By name, because the task calls the command and the command this module.
    app.configure_task("insight.refresh", allow_unknown=False).defer()


class _Note:
    """Says how far a refresh has come, for those who wait."""

    def __init__(self, pk: int) -> None:
        self.pk = pk

    def step(self, step: Refresh.Step) -> None:
        Refresh.objects.filter(pk=self.pk).update(step=step)


@dataclass(frozen=True, kw_only=True)
class _Moment:
    """What a refresh knows about itself. began: of the monotonic clock. latest: the run before it."""

    as_of: date
    at: datetime
    began: float
    dsn: str
    latest: ScoringRun | None
    earlier: measures.Earlier | None


def _score(engine: Engine, note: _Note, parameters: dict[str, object], moment: _Moment) -> tuple[ScoringRun, int]:
    as_of, folder = moment.as_of, settings.HOME.warehouse_dir
    currencies = measures.choose_currency(engine.table("orders"), as_of=as_of, company=settings.COMPANY_CURRENCY)
    value = measures.customer_value(engine, as_of=as_of, currency=currencies.scored, earlier=moment.earlier)
    changed = scoring.changed_facts(engine, value.table, latest=moment.latest, folder=folder, dsn=moment.dsn)
    note.step(Refresh.Step.WRITING)
    # The engine counts the aggregates while PostgreSQL writes; each waits for the other's processor otherwise.
    engine.leave_a_processor()
    with ThreadPoolExecutor(max_workers=1) as beside, transaction.atomic():
        aggregates = beside.submit(aggregate, engine, value, as_of=as_of, currencies=currencies)
        drafted = beside.submit(scoring.draft, engine, value.table, folder=folder)
        run = scores.begin_run(
            actor=SYSTEM,
            measure=scores.VALUE,
            as_of=as_of,
            started_at=moment.at,
            parameters=parameters,
            data_fingerprint=engine.fingerprint,
            code_version=version("zhike"),
        )
        _added, fact_count = scoring.write_back(changed, actor=SYSTEM, run=run)
        metrics = aggregates.result()
        drafted.result()
        scores.complete_run(
            actor=SYSTEM,
            run=run,
            metrics=metrics,
            customer_count=sum(group["customers"] for group in metrics["grades"].values()),
            finished_at=moment.at + timedelta(seconds=time.monotonic() - moment.began),
        )
        Refresh.objects.filter(pk=note.pk).update(run_id=run.pk)
    scoring.remember(run=run, folder=folder)
    return run, fact_count


def _is_same(run: ScoringRun, as_of: date, fingerprint: str, parameters: dict[str, object]) -> bool:
    asked = (run.as_of, run.data_fingerprint, run.parameters, run.code_version)
    return asked == (as_of, fingerprint, parameters, version("zhike"))


@contextmanager
def _alone() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_lock({_LOCK})")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_unlock({_LOCK})")


@contextmanager
def _noted(as_of: date, at: datetime, began: float) -> Iterator[_Note]:
    """Keep a row about the refresh. Whatever is still open was killed: only one runs at a time."""
    Refresh.objects.filter(finished_at=None).update(step=Refresh.Step.FAILED, finished_at=at)
    note = _Note(Refresh.objects.create(as_of=as_of, started_at=at, step=Refresh.Step.READING).pk)
    outcome = Refresh.Step.FAILED
    try:
        yield note
        outcome = Refresh.Step.DONE
    finally:
        ended = at + timedelta(seconds=time.monotonic() - began)
        Refresh.objects.filter(pk=note.pk).update(step=outcome, finished_at=ended)
