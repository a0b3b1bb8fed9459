"""The backup of the night."""

import subprocess
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from procrastinate.contrib.django import app

from zhike.backup import options
from zhike.backup.ledger import last_good


@app.periodic(cron="*/20 * * * *")
@app.task(name="backup.make_nightly", queue="backup", queueing_lock="backup.make_nightly")
def make_nightly(timestamp: int) -> None:
    """Back up once a night where ZHIKE_BACKUP_TO says so; make up for a night that was slept through or failed."""
    zone = ZoneInfo(settings.TIME_ZONE)
    last = last_good(settings.HOME)
    now = datetime.now(UTC).astimezone(zone)
    if options.folder() is None or options.next_run(now, last.at.astimezone(zone) if last else None) > now:
        return
    # A process of its own, which takes its memory with it.
    subprocess.run([sys.executable, "-m", "zhike.cli", "backup", "--json"], check=True, stdout=subprocess.DEVNULL)
