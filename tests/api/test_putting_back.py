"""Putting back over the API: a record's history, the plan before the deed, and what was done in one go."""

from dataclasses import replace
from typing import Any

from tests.api.conftest import NOON, Hire, Program, body_of, make_customer

from zhike.accounts import services as accounts
from zhike.audit.models import Entry
from zhike.core.acting import acting
from zhike.core.actor import SYSTEM, Scope, Sight
from zhike.customers.guarded import key
from zhike.customers.models import Customer
from zhike.customers.services import people


def history_of(program: Program, customer_id: int) -> list[Any]:
    items: list[Any] = body_of(program.get(f"/customers/{customer_id}/history"))["items"]
    return items


def city_of(customer: Customer) -> str:
    customer.refresh_from_db()
    return customer.city


def test_a_change_is_looked_at_and_put_back_once(boss: Program, customer: Customer) -> None:
    boss.send("PATCH", f"/customers/{customer.pk}", {"city": "上海"})
    boss.send("PATCH", f"/customers/{customer.pk}", {"city": "北京", "channel": "shop"})
    latest = history_of(boss, customer.pk)[0]
    assert latest["may_restore"]
    assert {(one["field"], one["before"], one["after"]) for one in latest["changes"]} == {
        ("city", "上海", "北京"),
        ("channel", "", "shop"),
    }
    address = f"/customers/{customer.pk}/history/{latest['id']}"
    plan = body_of(boss.get(f"{address}/plan"))
    assert {(step["now"], step["then"], step["is_conflict"]) for step in plan["steps"]} == {
        ("北京", "上海", False),
        ("shop", "", False),
    }
    assert boss.post(f"{address}/put-back", {"seen": "x"}).status_code == 409
    assert city_of(customer) == "北京"
    wanted = {"seen": plan["seen"], "reason": "wrong row"}
    first = boss.post(f"{address}/put-back", wanted, Idempotency_Key="once")
    again = boss.post(f"{address}/put-back", wanted, Idempotency_Key="once")
    assert body_of(first) == body_of(again) == {"value_count": 2}
    assert city_of(customer) == "上海"
    assert history_of(boss, customer.pk)[0]["reason"] == "wrong row"
    nothing = body_of(boss.get(f"{address}/plan"))
    assert nothing["steps"] == []
    assert boss.post(f"{address}/put-back", {"seen": nothing["seen"]}).status_code == 422


def test_history_shows_fields_as_the_role_sees_them(boss: Program, hire: Hire, customer: Customer) -> None:
    boss.send("PATCH", f"/customers/{customer.pk}", {"name": "张三丰", "city": "武当"})
    clerk = hire("clerk", scope=Scope.ALL)
    role = clerk.user.roles.get()
    accounts.put_field_access(actor=SYSTEM, role=role, levels={key("name"): Sight.MASKED, key("city"): Sight.HIDDEN})
    latest = history_of(clerk, customer.pk)[0]
    [name] = latest["changes"]
    assert name["field"] == "name"
    assert "三丰" not in name["after"]
    plan = body_of(clerk.get(f"/customers/{customer.pk}/history/{latest['id']}/plan"))
    assert plan["steps"] == [], "what one may not write is not put back"


def test_what_was_done_in_one_go_is_looked_at_and_taken_back(boss: Program) -> None:
    several = [make_customer(name=f"客户{number}", owner=boss.user) for number in range(3)]
    with acting(replace(boss.actor, request_id="one-go"), origin="web"):
        for one in several:
            people.edit_customer(actor=boss.actor, customer_id=one.pk, changes={"city": "北京"}, at=NOON)
    entry = Entry.objects.filter(table_name="customers_customer", action="update").latest("pk").pk
    people.edit_customer(actor=SYSTEM, customer_id=several[0].pk, changes={"city": "广州"}, at=NOON)
    people.edit_customer(actor=SYSTEM, customer_id=several[1].pk, changes={"city": "深圳"}, at=NOON)

    plan = body_of(boss.get(f"/changes/{entry}"))
    assert (plan["record_count"], plan["value_count"], plan["conflict_count"]) == (3, 1, 2)
    assert [city_of(one) for one in several] == ["广州", "深圳", "北京"]
    agreed = next(one["agreed"] for one in plan["records"] if one["record_id"] == several[0].pk)
    answer = boss.post(f"/changes/{entry}/revert", {"reason": "wrong list", "agreed": [agreed]}, Idempotency_Key="k")
    made = body_of(answer)
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/v1/reversals/{made['id']}"
    assert (made["states"], made["value_count"]) == ({"done": 2, "edited": 1}, 2)
    assert [city_of(one) for one in several] == ["", "深圳", ""]
    assert body_of(
        boss.post(f"/changes/{entry}/revert", {"reason": "wrong list", "agreed": [agreed]}, Idempotency_Key="k")
    )
    [left] = body_of(boss.get(f"/reversals/{made['id']}/records?state=edited"))["items"]
    assert (left["record_id"], left["label"]) == (several[1].pk, "客户1")
    assert boss.post(f"/reversals/{made['id']}/cancel", None).status_code == 409
