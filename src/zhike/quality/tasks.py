"""Runs in the background, each in a process of its own, which takes its memory with it."""

import subprocess
import sys
from datetime import UTC, datetime

from django.utils import translation
from procrastinate.contrib.django import app

from zhike.accounts.actors import actor_of
from zhike.accounts.models import User
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM
from zhike.quality.models import Fix, Run
from zhike.quality.services import fixing, running


@app.task(name="quality.run", queue="quality")
def run(**_run: object) -> None:
    """Where the process dies, the next run says so."""
    subprocess.run(
        [sys.executable, "-m", "zhike.cli", "quality", "run", "--queued", "--json"],
        check=True,
        stdout=subprocess.DEVNULL,
    )


@app.task(name="quality.fix", queue="quality", retry=3)
def fix(*, fix_id: int, user_id: int | None) -> None:
    """Some findings in a transaction; killed, it goes on with what is left."""
    actor = SYSTEM if user_id is None else actor_of(User.objects.get(pk=user_id))
    with acting(actor, origin="task"), translation.override(actor.locale):
        while fixing.go_on(actor=actor, fix_id=fix_id, at=datetime.now(UTC)):
            pass


@app.periodic(cron="* * * * *")
@app.task(name="quality.resume_fixes", queue="quality", queueing_lock="quality.resume_fixes")
def resume_fixes(timestamp: int) -> None:
    """Go on with those whose process died."""
    with acting(SYSTEM):
        silent = Fix.objects.filter(finished_at=None, heartbeat_at__lt=datetime.now(UTC) - fixing.SILENCE)
        found = list(silent.order_by("pk").values_list("pk", "user_id"))
    for fix_id, user_id in found:
        fix(fix_id=fix_id, user_id=user_id)


@app.periodic(cron="35 3 * * *")
@app.task(name="quality.run_nightly", queue="quality", queueing_lock="quality.run_nightly")
def run_nightly(timestamp: int) -> None:
    """Once a night; one that is under way does it as well."""
    now = datetime.now(UTC)
    with acting(SYSTEM):
        if Run.objects.filter(finished_at=None, heartbeat_at__gt=now - running.SILENCE).exists():
            return
        running.open_run(as_of=running.today(now), at=now)
    run()
