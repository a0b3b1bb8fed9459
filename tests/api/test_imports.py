"""A file's way through the API, and what it never does."""

import io
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client, override_settings
from django.utils.timezone import now
from tests.api.conftest import Hire, Program, body_of

from zhike.core.actor import Scope
from zhike.customers.models import Customer
from zhike.exchange import services
from zhike.exchange.models import Import

CSV = "姓名,手机,城市,客户编号\n张三,13800138000,上海,A-1\n李四,13900139000,杭州,A-2\n王五,12,杭州,A-3\n".encode()


def upload(
    program: Program,
    content: bytes = CSV,
    *,
    query: str = "name=a.csv&kind=customers",
    content_type: str = "application/octet-stream",
    **headers: str,
) -> HttpResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {program.key}", **named})
    response: Any = client.post(f"/api/v1/imports?{query}", content, content_type=content_type)
    return response


@pytest.mark.django_db(transaction=True)
def test_a_file_is_sent_checked_applied_and_taken_back(transactional_db: None, hire: Hire) -> None:
    boss = hire("boss", scope=Scope.ALL)
    sent = upload(boss)
    assert sent.status_code == 201, sent.content
    job = body_of(sent)
    address = f"/imports/{job['id']}"
    assert job["columns"] == ["姓名", "手机", "城市", "客户编号"]
    assert (job["kind"], job["status"], job["mapping"]["姓名"]) == ("customers", "recognised", "name")

    mapped = boss.send("PUT", f"{address}/mapping", {"mapping": job["mapping"], "source": "shop"})
    assert body_of(mapped)["source"] == "shop"
    unfit = boss.send("PUT", f"{address}/mapping", {"mapping": {"no such": "name"}})
    assert (unfit.status_code, body_of(unfit)["code"]) == (422, "mapping_unfit")
    assert boss.send("PUT", f"{address}/mapping", {"mapping": {}, "zone": "Mars/Base"}).status_code == 422

    assert boss.post(f"{address}/preview", None).status_code == 202
    services.preview_import(actor=boss.actor, import_id=job["id"], at=now())
    checked = body_of(boss.get(address))
    assert (checked["row_count"], checked["new_count"], checked["refused_count"]) == (3, 2, 1)
    assert not Customer.objects.exists()

    assert boss.post(f"{address}/apply", None).status_code == 202
    assert boss.post(f"{address}/apply", None).status_code == 409
    services.apply_import(actor=boss.actor, import_id=job["id"], at=now())
    applied = body_of(boss.get(address))
    assert (applied["status"], applied["has_refused_file"]) == ("applied", True)
    assert Customer.objects.count() == 2
    refused = boss.get(f"{address}/refused")
    assert "王五" in b"".join(refused).decode("utf-8-sig")
    assert "attachment" in refused.headers["Content-Disposition"]

    assert boss.post(f"{address}/undo", None).status_code == 202
    services.undo_import(actor=boss.actor, import_id=job["id"], at=now())
    assert body_of(boss.get(address))["status"] == "undone"
    assert not Customer.objects.exists()
    assert [one["id"] for one in body_of(boss.get("/imports"))["items"]] == [job["id"]]


def test_a_form_is_taken_as_well(boss: Program) -> None:
    file = io.BytesIO(CSV)
    file.name = "客户.csv"
    client = Client(headers={"Authorization": f"Bearer {boss.key}"})
    response = client.post("/api/v1/imports", {"file": file})
    assert response.status_code == 201
    assert body_of(response)["name"] == "客户.csv"


def test_a_file_is_taken_whatever_the_client_calls_it(boss: Program) -> None:
    for content_type in ("application/x-www-form-urlencoded", "text/csv", ""):
        sent = upload(boss, content_type=content_type)
        assert (sent.status_code, body_of(sent)["size"]) == (201, len(CSV))


def test_a_repeated_upload_makes_one_import(boss: Program) -> None:
    first = upload(boss, Idempotency_Key="k-1")
    again = upload(boss, Idempotency_Key="k-1")
    other = upload(boss, CSV + b"x,13700137000,y,A-4\n", Idempotency_Key="k-1")

    assert first.content == again.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, body_of(other)["code"]) == (422, "idempotency_key_reused")
    assert Import.objects.exclude(status="cancelled").count() == 1


@override_settings(UPLOAD_MAX_BYTES=100)
def test_a_file_over_the_limit_is_refused_whether_it_says_so_or_not(boss: Program) -> None:
    assert body_of(upload(boss, b"x" * 101))["code"] == "file_too_large"
    assert not Import.objects.exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04broken", b"%PDF-1.7\n"])
def test_what_is_no_file_of_rows_is_refused_and_leaves_nothing(boss: Program, content: bytes) -> None:
    response = upload(boss, content, query="name=a.bin")
    assert 400 <= response.status_code < 500, response.content
    assert not Import.objects.exists()


def test_a_seller_without_the_permission_sends_nothing(hire: Hire) -> None:
    seller = hire("seller", scope=Scope.OWN, without=("exchange.import_file",))
    assert upload(seller).status_code == 403
    assert not Import.objects.exists()


def test_kinds_tell_what_columns_can_mean(boss: Program) -> None:
    kinds = {kind["kind"]: kind["fields"] for kind in body_of(boss.get("/import-kinds"))["items"]}
    assert kinds.keys() == {"customers", "orders"}
    assert "placed_at" in [field["code"] for field in kinds["orders"] if field["is_required"]]
