from collections.abc import Iterator

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

from zhike.core.actor import EVERYWHERE, Actor
from zhike.ui import navigation
from zhike.ui.navigation import NavItem


def nowhere(request: HttpRequest) -> HttpResponse:
    """An address needs some view."""
    return HttpResponse()


urlpatterns = [
    path("", nowhere, name="sample_today"),
    path("insight/", nowhere, name="sample_insight"),
    path("insight/value/", nowhere, name="sample_value"),
]
ACTOR = Actor(user_id=1, name="陈思远", grants={"insight.view": EVERYWHERE})


@pytest.fixture(autouse=True)
def own_items(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(navigation, "_items", {})
    monkeypatch.setattr(navigation, "_routes", {})
    for item in (
        NavItem(url_name="sample_value", label="Value", icon="diamond", order=30, permission="insight.view"),
        NavItem(url_name="sample_today", label="Today", icon="sun", order=10, key="g t"),
        NavItem(url_name="sample_insight", label="Insight", icon="chart-bar", order=20, permission="insight.view"),
    ):
        navigation.register(item)
    with override_settings(ROOT_URLCONF=__name__):
        yield


WITH_KEYS = [item for item in navigation.list_items() if item.key]


def test_no_two_places_have_the_same_keys() -> None:
    assert len(WITH_KEYS) > 5
    assert len({item.key for item in WITH_KEYS}) == len(WITH_KEYS)


def test_links_come_in_order_and_the_closest_is_current() -> None:
    links = navigation.list_links(section="rail", actor=ACTOR, path="/insight/value/7/")
    assert [link.label for link in links] == ["Today", "Insight", "Value"]
    assert [link.label for link in links if link.is_current] == ["Value"]


def test_the_start_page_is_current_only_on_itself() -> None:
    links = navigation.list_links(section="rail", actor=ACTOR, path="/customers/")
    assert not any(link.is_current for link in links)


def test_people_see_only_what_they_may_use() -> None:
    links = navigation.list_links(section="rail", actor=Actor(user_id=2, name="Li"), path="/")
    assert [link.label for link in links] == ["Today"]


def test_a_control_without_an_app_behind_it_is_absent() -> None:
    assert navigation.route("finder") == ""
    navigation.use_route("finder", "sample_insight")
    assert navigation.route("finder") == "/insight/"
