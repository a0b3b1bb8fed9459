"""Every refusal is problem+json with a code, a pointer where a field is wrong, and no trace of our insides."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client, override_settings
from tests.api.conftest import Hire, Program, body_of

from zhike.commerce import selectors
from zhike.core.actor import Scope

CLIENT = Client()


def assert_problem(response: HttpResponse, status: int, code: str) -> dict[str, Any]:
    assert response.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = body_of(response)
    assert (response.status_code, body["status"], body["code"]) == (status, status, code)
    assert body["type"] == f"urn:zhike:problem:{code}"
    return body


@pytest.mark.django_db
def test_no_key_and_a_wrong_key_are_unauthenticated() -> None:
    for headers in ({}, {"Authorization": "Bearer zk_wrong"}, {"Authorization": "Basic eDp5"}):
        response = CLIENT.get("/api/v1/me", headers=headers)
        assert_problem(response, 401, "unauthenticated")
        assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_key_without_the_api_permission_is_forbidden(hire: Hire) -> None:
    program = hire("quiet", scope=Scope.ALL, without=("accounts.use_api",))
    assert_problem(program.get("/me"), 403, "forbidden")


def test_addresses_and_methods_that_do_not_exist(boss: Program) -> None:
    for address in ("/nothing", "/", ""):
        assert_problem(boss.get(address), 404, "not_found")
    assert_problem(boss.get("/orders/999999"), 404, "not_found")
    refused = boss.send("DELETE", "/me")
    assert_problem(refused, 405, "method_not_allowed")
    assert refused.headers["Allow"] == "GET"


def test_wrong_fields_are_pointed_at(boss: Program) -> None:
    line = {"quantity": "x", "unit_price": "1"}
    body = {"source": "s", "number": "1", "placed_at": "2026-01-01T00:00:00", "currency": "CNY", "lines": [line]}
    found = assert_problem(boss.post("/orders", body), 422, "invalid")
    assert {error["pointer"] for error in found["errors"]} == {"/placed_at", "/lines/0/quantity"}
    found = assert_problem(boss.get("/orders?limit=0"), 422, "invalid")
    assert [error["parameter"] for error in found["errors"]] == ["limit"]


def test_what_is_not_json_is_malformed(boss: Program) -> None:
    for body in (b"{", b"\xff", b'{"a": NaN}', b'"\\ud800"'):
        response = Client().post(
            "/api/v1/orders", body, content_type="application/json", headers={"Authorization": f"Bearer {boss.key}"}
        )
        assert_problem(response, 400, "malformed")


def test_a_cursor_of_another_list_is_refused(boss: Program) -> None:
    assert_problem(boss.get("/orders?after=made-up"), 400, "cursor_invalid")


@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=100)
def test_too_large_a_body_is_refused_with_and_without_an_idempotency_key(boss: Program) -> None:
    body = {"source": "x" * 200}
    assert_problem(boss.post("/orders", body), 413, "too_large")
    assert_problem(boss.post("/orders", body, Idempotency_Key="k"), 413, "too_large")


def test_a_crash_tells_the_request_id_and_nothing_else(boss: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(**_arguments: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(selectors, "list_orders", crash)
    response = boss.get("/orders")
    assert_problem(response, 500, "internal")
    assert b"secret" not in response.content
    assert response.headers["X-Request-Id"] in body_of(response)["detail"]
