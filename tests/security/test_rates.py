"""Whoever asks for more than their share waits; nobody else does."""

import json
import time
from collections.abc import Callable, Iterator

import pytest
from django.http import HttpResponse
from django.test import Client, override_settings
from tests.api.conftest import PASSWORD, Hire

from zhike.accounts import rates
from zhike.core.actor import Scope
from zhike.core.buckets import Buckets, Rate

ELSEWHERE = "203.0.113.9"


@pytest.fixture(autouse=True)
def few() -> Iterator[None]:
    """Ten requests at once, for everybody."""
    rates.buckets.clear()
    with override_settings(RATE_PER_USER=0.5, RATE_PER_KEY=0.5, RATE_PER_ADDRESS=0.5):
        yield
    rates.buckets.clear()


def flood(ask: Callable[[], HttpResponse], most: int = 60) -> tuple[int, HttpResponse]:
    """How often the request is answered before it is refused, and the refusal; on a slow machine some come back."""
    for times in range(most):
        answer = ask()
        if answer.status_code == 429:
            return times, answer
    pytest.fail(f"{most} requests and no refusal")


def test_a_person_is_told_when_to_come_again(hire: Hire) -> None:
    browser = Client()
    browser.force_login(
        hire(
            "boss",
            scope=Scope.ALL,
        ).user
    )
    times, refused = flood(lambda: browser.get("/account/"))
    assert times >= 10
    assert refused.headers["Retry-After"] in {"1", "2"}
    assert "Too many requests" in refused.content.decode()
    _times, fragment = flood(lambda: browser.get("/account/", headers={"HX-Request": "true"}))
    assert "Too many requests" in json.loads(fragment.headers["HX-Trigger"])["toast"]["message"]


def test_a_key_has_its_own_share_and_learns_of_it_as_a_problem(hire: Hire) -> None:
    boss = hire("boss", scope=Scope.ALL)
    browser = Client()
    browser.force_login(boss.user)
    times, refused = flood(lambda: boss.get("/me"))
    assert times >= 10
    assert refused.headers["Retry-After"] in {"1", "2"}
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert json.loads(refused.content)["code"] == "too_many_requests"
    assert browser.get("/account/").status_code == 200


def test_a_flood_from_the_same_address_keeps_nobody_out(hire: Hire) -> None:
    """The attacker sits in the same office as the victim, behind one address."""
    victim = hire("victim", scope=Scope.OWN)
    before = Client()
    assert before.post("/account/log-in/", {"username": "victim", "password": PASSWORD}).status_code == 302
    flood(lambda: Client().get("/account/log-in/"))
    assert before.get("/account/").status_code == 200
    assert victim.get("/me").status_code == 200
    before.post("/account/log-out/")
    assert before.post("/account/log-in/", {"username": "victim", "password": PASSWORD}).status_code == 302
    assert Client().get("/account/log-in/", REMOTE_ADDR=ELSEWHERE).status_code == 200


def test_wrong_keys_count_for_the_address(db: None) -> None:
    headers = {"Authorization": "Bearer zk_made_up_by_somebody"}
    times, _refused = flood(lambda: Client().get("/api/v1/me", headers=headers))
    assert times >= 10


def test_a_bucket_fills_up_again_and_never_over() -> None:
    buckets, rate = Buckets(), Rate(per_second=2, burst=3)
    assert [buckets.take("x", rate, at=0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert buckets.take("y", rate, at=0) == 0
    assert buckets.take("x", rate, at=0.5) == 0
    assert [buckets.take("x", rate, at=1000) for _ in range(4)] == [0, 0, 0, 0.5]
    assert [buckets.take("z", Rate(per_second=0, burst=0), at=0) for _ in range(9)] == [0] * 9


def test_made_up_names_do_not_fill_the_memory() -> None:
    buckets = Buckets(most=100)
    for number in range(1000):
        buckets.take(str(number), Rate(per_second=1, burst=1), at=0)
    assert len(buckets._levels) == 100


def test_the_limit_costs_next_to_nothing() -> None:
    buckets, rate = Buckets(), Rate(per_second=1, burst=1)
    began = time.thread_time()
    for number in range(10_000):
        buckets.take(str(number % 500), rate)
    assert (time.thread_time() - began) / 10_000 < 0.000_1
