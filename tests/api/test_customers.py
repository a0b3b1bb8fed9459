"""Customers, identifiers, tags and the time line over the API."""

from typing import Any

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries
from tests.api.conftest import Hire, Program, body_of

from zhike.core.actor import Scope
from zhike.customers.models import Activity, Customer, Identifier

PHONE = {"kind": "phone", "value": "138 0013 8000"}
EXTERNAL = {"kind": "external", "system": "shop", "value": "C-1"}


def make(program: Program, **fields: Any) -> dict[str, Any]:
    response = program.post("/customers", {"name": "欧阳晓雯", **fields})
    assert response.status_code == 201, response.content
    created: dict[str, Any] = body_of(response)
    return created


def test_a_customer_comes_back_as_it_was_created(boss: Program) -> None:
    made = make(boss, city="上海", birthday_on="1990-05-17", identifiers=[PHONE, EXTERNAL], tags=["老客", "VIP"])

    assert made["owner_id"] == boss.user.pk
    assert [(one["kind"], one["value"], one["is_primary"]) for one in made["identifiers"]] == [
        ("phone", "138 0013 8000", True),
        ("external", "C-1", True),
    ]
    assert {one["source"] for one in made["identifiers"]} == {"api"}
    assert sorted(made["tags"]) == ["VIP", "老客"]
    assert (made["facts"], made["version"], made["birthday_on"]) == (None, 1, "1990-05-17")
    assert body_of(boss.get(f"/customers/{made['id']}")) == made
    for search in ("q=欧阳", "q=ouyang", "q=8000", "f=city:is:上海", "identifier=%2B86-138-0013-8000"):
        assert body_of(boss.get(f"/customers?{search}"))["items"] == [made], search
    by_id = "identifier=C-1&identifier_kind=external&identifier_system=shop"
    assert body_of(boss.get(f"/customers?{by_id}"))["items"] == [made]
    assert body_of(boss.get("/customers?q=nobody"))["items"] == []


def test_a_known_unique_identifier_is_refused_with_its_customer(boss: Program) -> None:
    first = make(boss, identifiers=[EXTERNAL])
    response = boss.post("/customers", {"name": "另一位", "identifiers": [EXTERNAL], "tags": ["x"]})

    assert (response.status_code, body_of(response)["code"]) == (409, "identifier_taken")
    assert body_of(response)["customer_id"] == first["id"]
    assert Customer.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": " "}, "/name"),
        ({"kind": "robot"}, "/kind"),
        ({"owner_id": 4711}, "/owner_id"),
        ({"birthday_on": "2999-01-01"}, "/birthday_on"),
        ({"colour": "red"}, "/colour"),
        ({"city": None}, "/city"),
        ({"identifiers": [{"kind": "phone"}]}, "/identifiers/0/value"),
    ],
)
def test_a_wrong_customer_is_refused_with_a_pointer(boss: Program, changes: dict[str, Any], pointer: str) -> None:
    response = boss.post("/customers", {"name": "张三", **changes})

    assert response.status_code == 422
    assert [error["pointer"] for error in body_of(response)["errors"]] == [pointer]
    assert not Customer.objects.exists()


def test_only_what_is_sent_changes_and_the_time_line_tells(boss: Program) -> None:
    made = make(boss, city="上海", note="等电话")
    changed = body_of(boss.send("PATCH", f"/customers/{made['id']}", {"city": "杭州", "version": 1}))

    assert (changed["city"], changed["note"], changed["version"]) == ("杭州", "等电话", 2)
    late = boss.send("PATCH", f"/customers/{made['id']}", {"city": "苏州", "version": 1})
    assert (late.status_code, body_of(late)["code"]) == (409, "customer_edited_meanwhile")
    (activity,) = body_of(boss.get(f"/customers/{made['id']}/activities"))["items"]
    assert activity["changes"] == [{"field": "city", "before": "上海", "after": "杭州"}]


def test_identifiers_come_change_and_go(boss: Program) -> None:
    made = make(boss)
    address = f"/customers/{made['id']}/identifiers"
    first = body_of(boss.post(address, PHONE))
    second = body_of(boss.post(address, {"kind": "phone", "value": "139 0013 9000"}))
    assert boss.post(address, PHONE).status_code == 409

    assert body_of(boss.send("PATCH", f"{address}/{second['id']}", {"is_primary": True}))["is_primary"]
    assert body_of(boss.send("PATCH", f"{address}/{first['id']}", {"value": "13800138001"}))["value"] == "13800138001"
    assert [one["is_primary"] for one in body_of(boss.get(address))["items"]] == [False, True]
    assert boss.send("DELETE", f"{address}/{first['id']}").status_code == 204
    assert boss.send("DELETE", f"{address}/{first['id']}").status_code == 404
    assert Identifier.objects.get().pk == second["id"]

    other = make(boss, name="别人")
    assert boss.send("DELETE", f"/customers/{other['id']}/identifiers/{second['id']}").status_code == 404
    assert Identifier.objects.count() == 1


def test_tags_are_set_as_a_whole(boss: Program) -> None:
    made = make(boss, tags=["旧"])
    assert body_of(boss.send("PUT", f"/customers/{made['id']}/tags", {"tags": ["新", "新", "贵宾"]})) == {
        "tags": sorted(["新", "贵宾"])
    }


def test_an_activity_is_written_and_read(boss: Program) -> None:
    made = make(boss)
    address = f"/customers/{made['id']}/activities"
    written = boss.post(address, {"kind": "call", "text": "约了周三", "happened_at": "2026-11-01T10:00:00+08:00"})
    assert written.status_code == 201
    assert body_of(boss.get(address))["items"] == [body_of(written)]
    assert body_of(written)["author_id"] == boss.user.pk
    future = boss.post(address, {"kind": "call", "text": "x", "happened_at": "2999-01-01T00:00:00Z"})
    assert [error["pointer"] for error in body_of(future)["errors"]] == ["/happened_at"]
    assert Activity.objects.count() == 1


def test_pages_hold_every_customer_once_in_every_order(boss: Program) -> None:
    keys = [make(boss, name=name)["id"] for name in ("丙", "甲", "乙", "丁", "戊")]
    for sort in ("", "newest", "name", "-name", "created", "-amount", "grade"):
        seen, after = [], ""
        while after is not None:
            page = body_of(boss.get(f"/customers?limit=2&sort={sort}&after={after}"))
            seen += [one["id"] for one in page["items"]]
            after = page["next_cursor"]
        assert sorted(seen) == keys, sort
    assert boss.get("/customers?sort=size").status_code == 400
    assert boss.get("/customers?f=grade:is").status_code == 400


def test_a_page_costs_the_same_few_queries_however_long(
    boss: Program, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(6):
        make(boss, name=f"客户{number}", identifiers=[PHONE], tags=["x"])
    for limit in (1, 6):
        with django_assert_max_num_queries(6):
            assert len(body_of(boss.get(f"/customers?limit={limit}"))["items"]) == limit


def test_whoever_creates_for_others_is_told_what_was_created(hire: Hire, boss: Program) -> None:
    seller = hire("seller", scope=Scope.OWN)
    refused = seller.post("/customers", {"name": "张三", "owner_id": boss.user.pk})
    assert refused.status_code == 403
    assert not Customer.objects.exists()
    assert make(seller)["owner_id"] == seller.user.pk
