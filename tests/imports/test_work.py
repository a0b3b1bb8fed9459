"""Imports in the background, and from the command line."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from zhike.cli.output import Exit
from zhike.cli.tests.commands import run_zhike
from zhike.core.actor import SYSTEM
from zhike.customers.models import Customer, CustomerFacts
from zhike.exchange import services, tasks
from zhike.exchange.models import Import

AT = datetime(2026, 11, 22, 4, tzinfo=UTC)
LINES = "客户编号,姓名,手机\nA1,王伟,13800138000\nA2,李娜,1.38E+10\n"
Bring = Callable[..., Import]


def zhike(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command, on the database of this test."""
    kept = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    return run_zhike(*arguments, environment={**kept, "ZHIKE_HOME": str(settings.HOME.path)})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "customers.csv"
    path.write_text(LINES, encoding="utf-8")
    return path


def test_the_command_reports_counts_and_where_the_refused_rows_are(file: Path) -> None:
    done = zhike("import", file, "--json")
    assert done.returncode == Exit.REFUSED, done.stderr
    told = json.loads(done.stdout)
    assert (told["rows"], told["new"], told["updated"], told["unchanged"], told["refused"]) == (2, 1, 0, 0, 1)
    assert told["created"] == {"customers": 1, "identifiers": 2}
    assert "1.38E+10" in Path(told["refused_file"]).read_text("utf-8")
    totals = json.loads(zhike("stats", "--json").stdout)
    assert (totals["customers"], totals["orders"], totals["amount"]) == (1, 0, "0")


def test_a_dry_run_writes_nothing(file: Path) -> None:
    done = zhike("import", file, "--dry-run", "--json")
    told = json.loads(done.stdout)
    assert (told["new"], told["refused"], told["created"]) == (1, 1, {})
    assert not Customer.objects.exists()
    assert staging_tables() == []


def test_a_file_that_cannot_be_read_fails_with_words(tmp_path: Path) -> None:
    path = tmp_path / "broken.xlsx"
    path.write_bytes(b"PK\x03\x04 and nothing more")
    done = zhike("import", path)
    assert done.returncode == Exit.FAILED
    assert "broken.xlsx" in done.stderr
    assert not Import.objects.exists()


def test_what_a_dead_process_left_is_finished(bring: Bring) -> None:
    job = bring([("客户编号", "姓名"), ("A1", "王伟")], apply=False)
    Import.objects.filter(pk=job.pk).update(status=Import.Status.APPLYING, heartbeat_at=AT - timedelta(hours=1))
    tasks.resume_dead(timestamp=0)
    assert Import.objects.get(pk=job.pk).status == Import.Status.APPLIED
    assert Customer.objects.count() == 1
    tasks.resume_dead(timestamp=0)
    assert Customer.objects.count() == 1


def test_queued_work_is_done_by_its_task(bring: Bring) -> None:
    job = bring([("客户编号", "姓名"), ("A1", "王伟")], apply=False)
    assert services.request_apply(actor=SYSTEM, import_id=job.pk).status == Import.Status.APPLYING
    with pytest.raises(services.ImportNotReady):
        services.request_apply(actor=SYSTEM, import_id=job.pk)
    tasks.apply_import(import_id=job.pk, user_id=None)
    tasks.apply_import(import_id=job.pk, user_id=None)
    assert Customer.objects.count() == 1


def test_staging_that_nobody_waits_for_is_swept_away(bring: Bring) -> None:
    waiting = bring([("客户编号", "姓名"), ("A1", "王伟")], apply=False)
    forgotten = bring([("客户编号", "姓名"), ("A2", "李娜")], apply=False)
    now = datetime.now(UTC)
    Import.objects.filter(pk=waiting.pk).update(created_at=now)
    Import.objects.filter(pk=forgotten.pk).update(created_at=now - timedelta(days=9))
    tasks.sweep_staging(timestamp=0)
    left = {name.split("_")[1] for name in staging_tables()}
    assert left == {str(waiting.pk)}
    # What was swept away is read again.
    assert services.apply_import(actor=SYSTEM, import_id=forgotten.pk, at=AT).new_count == 1


def staging_tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relnamespace = 'staging'::regnamespace AND relkind = 'r'")
        return [name for (name,) in cursor.fetchall()]


def test_figures_are_computed_anew_only_where_records_changed(bring: Bring) -> None:
    known = [["客户编号", "姓名", "手机"], ["A1", "王伟", "13800138000"]]
    refused = [["客户编号", "姓名", "手机"], ["A2", "李娜", "1.38E+10"]]
    waiting = ProcrastinateJob.objects.filter(task_name="insight.refresh")
    counts = [waiting.count()]
    for rows in (known, known, refused, [*known, ["A3", "赵敏", "13900139000"]]):
        bring(rows, source="shop")
        counts.append(waiting.count())
    assert [count - counts[0] for count in counts[1:]] == [1, 1, 1, 2]


def test_figures_that_come_while_an_import_is_undone_do_not_stop_it(bring: Bring) -> None:
    """A refresh gives facts to a customer whose facts the undo has deleted already, and whom it is about to delete."""
    job = bring([("客户编号", "姓名"), ("A1", "王伟")])
    failures: list[Exception] = []

    def undo() -> None:
        try:
            services.undo_import(actor=SYSTEM, import_id=job.pk, at=AT)
        except (DatabaseError, psycopg.Error) as error:
            failures.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=copy_context().run, args=[undo])
    with transaction.atomic(), connection.cursor() as cursor:
        one = Customer.objects.select_for_update().get()
        thread.start()
        for _ in range(500):
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchall() != [(0,)]:
                break
            time.sleep(0.02)
        else:
            pytest.fail("the undo does not come to the customer")
        CustomerFacts.objects.create(
            customer=one,
            run_id=1,
            as_of=AT.date(),
            stage="new",
            relationship="repeat",
            amount=Decimal(0),
        )
    thread.join(timeout=30)
    assert failures == []
    assert Import.objects.get(pk=job.pk).status == Import.Status.UNDONE
    assert (Customer.objects.count(), CustomerFacts.objects.count()) == (0, 0)
