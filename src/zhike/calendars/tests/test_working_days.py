"""Working days: public holidays with their make-up days, the company's own, and what nobody knows yet."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from zhike.accounts import services as accounts
from zhike.accounts.models import User
from zhike.calendars import selectors, services
from zhike.calendars.models import SpecialDay
from zhike.calendars.selectors import WorkingDays
from zhike.core.actor import ANONYMOUS, SYSTEM


def test_the_national_day_week_is_free_and_made_up_for() -> None:
    days = WorkingDays()
    assert not any(days.is_working(date(2026, 10, 1) + timedelta(days=number)) for number in range(7))
    assert days.is_working(date(2026, 10, 10))  # a Saturday
    assert days.after(date(2026, 9, 30), 3) == date(2026, 10, 10)
    assert days.between(date(2026, 9, 30), date(2026, 10, 10)) == 3
    assert days.between(date(2026, 10, 10), date(2026, 9, 30)) == -3


def test_past_what_is_announced_weekends_alone_are_free_and_it_says_so() -> None:
    days, year = WorkingDays(), selectors.last_announced() + 1
    assert days.is_working(date(year, 10, 1)) == (date(year, 10, 1).weekday() < 5)
    assert days.guessed_years(date(year - 1, 12, 20), date(year, 1, 10)) == [year]
    assert WorkingDays(has_holidays=False).guessed_years(date(year, 1, 1), date(year, 1, 2)) == []
    assert WorkingDays(has_holidays=False).is_working(date(2026, 10, 1))
    assert selectors.list_holidays(year) == []
    assert [one.is_working for one in selectors.list_holidays(2026)].count(True) == 6


@pytest.mark.django_db
def test_the_company_decides_otherwise() -> None:
    first = date(2026, 11, 26)
    with pytest.raises(PermissionDenied):
        services.put_days(actor=ANONYMOUS, first=first, last=None, is_working=False)
    with pytest.raises(services.DaysUnfit):
        services.put_days(actor=SYSTEM, first=first, last=first - timedelta(days=1), is_working=False)
    assert services.put_days(actor=SYSTEM, first=first, last=first + timedelta(days=1), is_working=False) == 2
    services.put_days(actor=SYSTEM, first=date(2026, 11, 28), last=None, is_working=True, name="盘点")
    assert selectors.get_working_days().after(date(2026, 11, 25), 1) == date(2026, 11, 28)
    user = User.objects.create(username="boss", name="boss", locale="en")
    user.roles.set([accounts.put_builtin_roles(actor=SYSTEM)["administrator"]])
    client = Client()
    client.force_login(user)
    page = client.get("/settings/working-days/").content.decode()
    assert "盘点" in page
    assert "Public holidays" in page
    told = {"first": "2026-12-31", "last": "", "is_working": "0", "name": ""}
    assert client.post("/settings/working-days/", told).status_code == 302
    assert client.post("/settings/working-days/", {**told, "last": "2026-01-01"}).status_code == 422
    client.post(f"/settings/working-days/{SpecialDay.objects.get(day='2026-12-31').pk}/remove/")
    assert SpecialDay.objects.count() == 3
