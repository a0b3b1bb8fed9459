"""A request with an Idempotency-Key happens once, whatever is sent at the same time, again, or killed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils.timezone import now
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.conftest import Hire, Program, body_of

from zhike.accounts import services as accounts
from zhike.accounts import tasks
from zhike.accounts.models import IdempotentRequest
from zhike.commerce import services
from zhike.commerce.models import Order, OrderLine
from zhike.core.actor import SYSTEM, Scope


def draft(number: str = "S-1", **changes: Any) -> dict[str, Any]:
    lines = [{"quantity": "1", "unit_price": "9.9"}]
    when = "2026-11-20T02:00:00Z"
    return {"source": "s", "number": number, "placed_at": when, "currency": "CNY", "lines": lines, **changes}


def test_a_repeated_request_gets_the_first_answer(boss: Program) -> None:
    first = boss.post("/orders", draft(), Idempotency_Key="k-1")
    again = boss.post("/orders", draft(), Idempotency_Key="k-1")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert first.headers["Location"] == again.headers["Location"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers


def test_the_same_key_for_another_request_is_refused(boss: Program) -> None:
    boss.post("/orders", draft(), Idempotency_Key="k-1")
    other = boss.post("/orders", draft("S-2"), Idempotency_Key="k-1")

    assert (other.status_code, body_of(other)["code"]) == (422, "idempotency_key_reused")
    assert Order.objects.count() == 1


def test_keys_of_different_people_do_not_meet(boss: Program, hire: Hire) -> None:
    other = hire("other", scope=Scope.ALL)
    boss.post("/orders", draft("S-1"), Idempotency_Key="k-1")
    assert other.post("/orders", draft("S-2"), Idempotency_Key="k-1").status_code == 201


def test_a_weaker_key_of_the_same_person_gets_no_answer_of_a_stronger_one(boss: Program) -> None:
    boss.post("/orders", draft(), Idempotency_Key="k-1")
    _token, key = accounts.create_token(
        actor=SYSTEM, user=boss.user, name="few", at=now(), permissions=["customers.view_customer"]
    )
    weaker = Program(user=boss.user, key=key)
    assert weaker.post("/orders", draft(), Idempotency_Key="k-1").status_code == 422
    assert weaker.post("/orders", draft(), Idempotency_Key="k-2").status_code == 403


def test_a_refusal_is_not_kept_so_that_it_can_be_put_right(boss: Program) -> None:
    assert boss.post("/orders", draft(currency="XQZ"), Idempotency_Key="k-1").status_code == 422
    assert not IdempotentRequest.objects.exists()
    assert boss.post("/orders", draft(), Idempotency_Key="k-1").status_code == 201


def test_a_crash_after_the_effect_leaves_neither_effect_nor_record(
    boss: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(services, "create_order", _created_then_crashed)
        assert boss.post("/orders", draft(), Idempotency_Key="k-1").status_code == 500
    assert not Order.objects.exists()
    assert not IdempotentRequest.objects.exists()
    assert boss.post("/orders", draft(), Idempotency_Key="k-1").status_code == 201


def _created_then_crashed(**arguments: Any) -> None:
    from zhike.commerce.services.orders import create_order

    create_order(**arguments)
    raise RuntimeError("killed here")


@pytest.mark.parametrize("key", ["", "x" * 201, "键", "a\tb"])
def test_a_key_out_of_form_is_refused(boss: Program, key: str) -> None:
    response = boss.post("/orders", draft(), Idempotency_Key=key)
    assert response.status_code == 422
    assert not Order.objects.exists()


def test_a_day_later_the_key_is_free_again(boss: Program) -> None:
    boss.post("/orders", draft("S-1"), Idempotency_Key="k-1")
    IdempotentRequest.objects.update(created_at=now() - timedelta(hours=25))
    assert boss.post("/orders", draft("S-2"), Idempotency_Key="k-1").status_code == 201
    IdempotentRequest.objects.update(created_at=now() - timedelta(hours=25))
    tasks.forget(timestamp=0)
    assert not IdempotentRequest.objects.exists()


def test_a_replay_needs_the_permission_still(boss: Program) -> None:
    boss.post("/orders", draft(), Idempotency_Key="k-1")
    boss.user.roles.clear()
    assert boss.post("/orders", draft(), Idempotency_Key="k-1").status_code == 403


@pytest.mark.django_db(transaction=True)
def test_of_many_at_the_same_moment_one_happens_and_all_get_its_answer(transactional_db: None, hire: Hire) -> None:
    boss = hire("boss", scope=Scope.ALL)

    def send(_turn: int) -> tuple[int, bytes]:
        try:
            response = boss.post("/orders", draft(), Idempotency_Key="k-1")
            return response.status_code, response.content
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(send, range(24)))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 201
    assert Order.objects.count() == IdempotentRequest.objects.count() == 1


REQUESTS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 3)), max_size=8)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests=REQUESTS)
def test_any_sequence_of_requests_answers_like_a_dictionary_of_first_answers(
    boss: Program, requests: list[tuple[str, int]]
) -> None:
    IdempotentRequest.objects.all().delete()
    OrderLine.objects.all().delete()
    Order.objects.all().delete()
    first: dict[str, tuple[int, bytes]] = {}
    for key, number in requests:
        response = boss.post("/orders", draft(f"S-{number}"), Idempotency_Key=key)
        known, content = first.get(key, (number, response.content))
        if known != number:
            assert (response.status_code, body_of(response)["code"]) == (422, "idempotency_key_reused")
            continue
        assert response.status_code in (200, 201)
        assert response.content == content
        assert ("Idempotent-Replayed" in response.headers) is (key in first)
        first[key] = number, content
    assert set(Order.objects.values_list("number", flat=True)) == {f"S-{number}" for number, _content in first.values()}
