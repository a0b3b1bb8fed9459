"""How a refresh went, as pages and the daily task ask for it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from zhike.insight.models import Refresh
from zhike.insight.selectors import refreshes

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 15, 4, tzinfo=UTC)


def note(step: Refresh.Step, *, ended: bool) -> Refresh:
    return Refresh.objects.create(
        as_of=NOW.astimezone(ZoneInfo(settings.TIME_ZONE)).date(),
        step=step,
        started_at=NOW,
        finished_at=NOW + timedelta(seconds=3) if ended else None,
    )


def test_before_the_first_refresh_nothing_runs_and_nothing_has_succeeded() -> None:
    assert refreshes.get_running() is None
    assert not refreshes.last_succeeded()
    assert not refreshes.last_failed()


def test_a_killed_refresh_has_neither_succeeded_nor_failed() -> None:
    note(Refresh.Step.DONE, ended=True)
    killed = note(Refresh.Step.COMPUTING, ended=False)
    assert refreshes.get_running() == killed
    assert refreshes.steps_done(killed) == 1
    assert not refreshes.last_succeeded()


def test_the_newest_refresh_speaks() -> None:
    note(Refresh.Step.FAILED, ended=True)
    assert refreshes.last_failed()
    note(Refresh.Step.DONE, ended=True)
    assert refreshes.last_succeeded()
    assert not refreshes.last_failed()
