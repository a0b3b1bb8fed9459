"""Many customers changed over the API: looked at before, followed, taken back, and only within reach."""

from typing import Any

import pytest
from tests.api.conftest import Hire, Program, body_of, make_customer

from zhike.bulk import tasks
from zhike.bulk.models import Act, Selection
from zhike.bulk.services import carrying, undoing
from zhike.core.actor import Scope
from zhike.customers.models import Customer


def cities() -> list[str]:
    return list(Customer.objects.order_by("pk").values_list("city", flat=True))


def test_a_change_is_looked_at_done_followed_and_taken_back(boss: Program, monkeypatch: Any) -> None:
    one, other, third = (make_customer(name=f"客户{number}", owner=boss.user) for number in range(3))
    Customer.objects.filter(pk__in=[one.pk, other.pk]).update(city="武汉")
    Customer.objects.filter(pk=third.pk).update(city="西安")
    wanted = {"action": "edit", "list": "f=city:is:武汉", "fields": {"city": "西安", "channel": "展会"}}
    seen = body_of(boss.post("/bulk-changes/preview", wanted))
    assert seen == {"total": 2, "changed": 2, "unchanged": 0, "refused": [], "is_given_away": False}
    assert (cities(), Selection.objects.count(), Act.objects.count()) == (["武汉", "武汉", "西安"], 0, 0)

    for service in (carrying, undoing):
        monkeypatch.setattr(service, "AT_ONCE", 0)
    made = boss.post("/bulk-changes", wanted, Idempotency_Key="again")
    again = boss.post("/bulk-changes", wanted, Idempotency_Key="again")
    begun = body_of(made)
    address = f"/bulk-changes/{begun['id']}"
    assert (made.status_code, made["Location"], body_of(again)) == (201, f"/api/v1{address}", begun)
    assert (begun["status"], begun["total"], begun["may_undo"]) == ("running", None, False)
    tasks.carry_out(act_id=begun["id"], user_id=boss.user.pk)
    done = body_of(boss.get(address))
    assert [done[name] for name in ("status", "total", "done", "changed", "may_undo")] == ["done", 2, 2, 2, True]
    assert {"field": "City", "after": "西安", "before": ""} in done["change"]
    assert cities() == ["西安", "西安", "西安"]
    told = body_of(boss.get(f"{address}/customers?limit=1"))
    assert told["items"] == [{"customer_id": one.pk, "name": "客户0", "outcome": "changed"}]
    assert len(body_of(boss.get(f"{address}/customers?after={told['next_cursor']}"))["items"]) == 1
    assert boss.post(f"{address}/cancel", None).status_code == 409

    boss.send("PATCH", f"/customers/{other.pk}", {"city": "拉萨"})
    assert body_of(boss.post(f"{address}/undo", None))["status"] == "undoing"
    tasks.take_back(act_id=begun["id"], user_id=boss.user.pk)
    back = body_of(boss.get(address))
    assert (back["status"], back["undone"], back["kept"], back["may_undo"]) == ("undone", 1, 1, False)
    assert cities() == ["武汉", "拉萨", "西安"]
    assert boss.post(f"{address}/undo", None).status_code == 409
    assert [one["id"] for one in body_of(boss.get("/bulk-changes"))["items"]] == [begun["id"]]


def test_tags_come_and_customers_go_into_the_bin_and_back(boss: Program) -> None:
    ids = [make_customer(name=f"客户{number}", owner=boss.user).pk for number in range(2)]
    tagged = body_of(boss.post("/bulk-changes", {"action": "tag", "customer_ids": ids, "add_tags": ["展会"]}))
    assert (tagged["status"], tagged["changed"]) == ("done", 2)
    assert body_of(boss.get(f"/customers/{ids[0]}"))["tags"] == ["展会"]
    gone = body_of(boss.post("/bulk-changes", {"action": "delete", "customer_ids": ids}))
    assert boss.get(f"/customers/{ids[0]}").status_code == 404
    assert body_of(boss.post(f"/bulk-changes/{gone['id']}/undo", None))["undone"] == 2
    assert boss.get(f"/customers/{ids[0]}").status_code == 200


@pytest.mark.parametrize(
    ("wanted", "pointer"),
    [
        ({"action": "edit", "fields": {"city": "x"}}, "/list"),
        ({"action": "edit", "list": "", "customer_ids": [1], "fields": {"city": "x"}}, "/list"),
        ({"action": "delete", "list": "", "fields": {"city": "x"}}, "/fields"),
        ({"action": "edit", "list": "", "fields": {"city": "x"}, "add_tags": ["x"]}, "/add_tags"),
        ({"action": "edit", "list": "", "fields": {"owner_id": 10**9}}, "/fields/owner_id"),
        ({"action": "edit", "list": "", "fields": {"name": "x"}}, "/fields/name"),
        ({"action": "tag", "list": ""}, "/add_tags"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_pointer(boss: Program, wanted: dict[str, Any], pointer: str) -> None:
    make_customer(name="客户", owner=boss.user)
    for path in ("/bulk-changes", "/bulk-changes/preview"):
        refused = boss.post(path, wanted)
        assert (refused.status_code, body_of(refused)["errors"][0]["pointer"]) == (422, pointer)
    assert not Act.objects.exists()
    assert not Selection.objects.exists()


def test_only_what_may_be_edited_changes_and_the_rest_is_listed(hire: Hire, boss: Program) -> None:
    seller = hire("seller", scope=Scope.OWN, keep=("customers.view_customer",))
    mine, theirs = make_customer(name="我的", owner=seller.user), make_customer(name="别人的", owner=boss.user)
    wanted = {"action": "edit", "list": "", "fields": {"city": "西安"}}
    seen = body_of(seller.post("/bulk-changes/preview", wanted))
    assert (seen["total"], seen["changed"], [one["count"] for one in seen["refused"]]) == (2, 1, [1])
    begun = body_of(seller.post("/bulk-changes", wanted))
    tasks.carry_out(act_id=begun["id"], user_id=seller.user.pk)
    done = body_of(seller.get(f"/bulk-changes/{begun['id']}"))
    assert (done["changed"], done["refused"]) == (1, 1)
    [closed] = body_of(seller.get(f"/bulk-changes/{done['id']}/customers?outcome=closed"))["items"]
    assert closed == {"customer_id": theirs.pk, "name": "别人的", "outcome": "closed"}
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.city, theirs.city) == ("西安", "")
